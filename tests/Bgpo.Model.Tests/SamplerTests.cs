using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>The block-wise sampler: which places it fills when, with what, and from which noise.</summary>
public sealed class SamplerTests
{
    private static readonly int[] s_prompt = TinyPolicy.Tokenizer.EncodePrompt("bad");

    /// <summary>Places filled in each step of a block: floor(masked / steps), with the remainder on the earliest steps.</summary>
    [Theory]
    [InlineData(10, 10, 4, new[] { 3, 3, 2, 2 })]
    [InlineData(8, 8, 8, new[] { 1, 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData(8, 8, 1, new[] { 8 })]
    [InlineData(7, 7, 5, new[] { 2, 2, 1, 1, 1 })]
    [InlineData(12, 6, 8, new[] { 2, 2, 1, 1, 2, 2, 1, 1 })]
    [InlineData(12, 4, 6, new[] { 2, 2, 2, 2, 2, 2 })]
    [InlineData(4, 2, 6, new[] { 1, 1, 0, 1, 1, 0 })]
    public void EachStep_FillsItsShare_AndBlocksGoInOrder(int length, int block, int steps, int[] expected)
    {
        using var uniform = new Transformer(TinyPolicy.Config); // all parameters zero: every token is as likely as any other
        var options = new SamplerOptions(length, block, steps, 1);
        int before = 0;
        for (int s = 1; s <= steps; s++)
        {
            bool[] filled = FilledAfter(uniform, options, s);
            int count = filled.Count(f => f);
            Assert.Equal(expected[s - 1], count - before);
            int full = s * options.Blocks / steps; // blocks done
            Assert.All(filled[..(full * block)], Assert.True);
            Assert.All(filled[Math.Min(length, ((s - 1) * options.Blocks / steps * block) + block)..], Assert.False);
            before = count;
        }
        Assert.Equal(length, before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    public void AResponse_NeverHoldsTheMask_NorATokenBeyondTheVocabulary(double temperature)
    {
        // A padded embedding, all scores equal: only a rule keeps those tokens out.
        ModelConfig config = TinyPolicy.Config with { EmbeddingRowsOrNull = TinyPolicy.Config.Vocabulary + 5 };
        using var model = new Transformer(config);
        int[][] responses = Sampler.Sample(
            model, [.. Enumerable.Repeat(s_prompt, 20)], new SamplerOptions(10, 5, 4, temperature), Noise(5));
        Assert.All(responses.SelectMany(row => row), token =>
        {
            Assert.NotEqual(config.MaskToken, token);
            Assert.InRange(token, 0, config.Vocabulary - 1);
        });
    }

    [Fact]
    public void Greedy_IgnoresTheNoise()
    {
        using var policy = new TinyPolicy(1);
        var options = new SamplerOptions(8, 4, 4, 0);
        Assert.Equal(
            Sampler.Sample(policy.Model, [s_prompt], options, Noise(1)),
            Sampler.Sample(policy.Model, [s_prompt], options, Noise(2)));
    }

    [Theory]
    [InlineData(8, 8, 1, 0.0)]
    [InlineData(8, 8, 8, 0.0)]
    [InlineData(12, 6, 8, 0.0)]
    [InlineData(8, 8, 5, 1.0)]
    [InlineData(12, 4, 6, 0.7)]
    public void Sampling_IsLLaDAsAlgorithm_StepByStep(int length, int block, int steps, double temperature)
    {
        using var policy = new TinyPolicy(8);
        var options = new SamplerOptions(length, block, steps, temperature);
        int[] expected = Plain(options, Noise(3), best: true);
        Assert.Equal(expected, Sampler.Sample(policy.Model, [s_prompt], options, Noise(3))[0]);
        // Where there is a choice of places, which ones are kept must matter here.
        Assert.True(steps == 1 || !expected.SequenceEqual(Plain(options, Noise(3), best: false)));
    }

    [Fact]
    public void TheNoisesAddress_DecidesTheCompletion_WhereverItLiesInTheBatch()
    {
        using var policy = new TinyPolicy(4, ScalarType.Float32);
        var options = new SamplerOptions(8, 4, 4, 1);
        uint[] items = [4, 5, 6, 7];
        Func<int, int, Philox> Of(uint[] order) => (b, step) => new Philox(9, Purpose.Rollout, 2, order[b], (uint)step);
        int[][] one = Sampler.Sample(policy.Model, [.. Enumerable.Repeat(s_prompt, 4)], options, Of(items));
        int[][] again = Sampler.Sample(policy.Model, [.. Enumerable.Repeat(s_prompt, 4)], options, Of(items));
        int[][] turned = Sampler.Sample(policy.Model, [.. Enumerable.Repeat(s_prompt, 4)], options, Of([7, 6, 5, 4]));

        Assert.Equal(one, again);
        Assert.Equal(one, turned.Reverse());
        Assert.Distinct(one.Select(row => string.Join(',', row)));
    }

    [Fact]
    public void AtTemperatureOne_TokensFollowTheSoftmax()
    {
        // Every hidden state of this network is the same, so the head alone makes the logits: ln of 1 to V.
        ModelConfig config = TinyPolicy.Config;
        using var model = new Transformer(config);
        int v = config.Vocabulary;
        double[] weight = [.. Enumerable.Range(0, v).Select(token => token == config.MaskToken ? 40.0 : token + 1)];
        Known(model, [.. weight.Select(w => Math.Log(w))]);

        int[] counts = Count(model, temperature: 1, draws: 400, v);

        double total = weight.Sum() - weight[config.MaskToken];
        double chi = Enumerable.Range(0, v).Where(token => token != config.MaskToken).Sum(token =>
        {
            double expected = 4000 * weight[token] / total;
            return (counts[token] - expected) * (counts[token] - expected) / expected;
        });
        Assert.Equal(0, counts[config.MaskToken]);
        Assert.InRange(chi, 0, 30); // 9 degrees of freedom
    }

    [Fact]
    public void TheTemperature_SharpensTheSoftmax()
    {
        ModelConfig config = TinyPolicy.Config;
        using var model = new Transformer(config);
        var logits = new double[config.Vocabulary];
        logits[2] = 1; // at temperature 1/2: e^2 against 1 for each of the nine others
        Known(model, logits);
        int[] counts = Count(model, temperature: 0.5, draws: 400, config.Vocabulary);
        double expected = Math.Exp(2) / (Math.Exp(2) + config.Vocabulary - 2);
        Assert.Equal(expected, counts[2] / 4000.0, 4 * Math.Sqrt(expected * (1 - expected) / 4000));
    }

    [Theory]
    [InlineData(10, 4, 4, 1.0, "block length 4 does not divide the response length 10")]
    [InlineData(0, 4, 4, 1.0, "response length 0")]
    [InlineData(8, 0, 4, 1.0, "block length 0")]
    [InlineData(8, 4, 3, 1.0, "3 denoising steps cannot be shared equally by 2 blocks")]
    [InlineData(8, 4, 0, 1.0, "0 denoising steps")]
    [InlineData(8, 4, 4, -0.5, "temperature -0.5")]
    [InlineData(8, 4, 4, double.NaN, "temperature NaN")]
    [InlineData(8, 4, 4, double.PositiveInfinity, "temperature ")]
    public void BadOptions_AreNamed(int length, int block, int steps, double temperature, string expected)
    {
        using var model = new Transformer(TinyPolicy.Config);
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => Sampler.Sample(model, [s_prompt], new SamplerOptions(length, block, steps, temperature), Noise(1)));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APromptOfAnotherLength_ChangesNothingForItsNeighbour()
    {
        using var policy = new TinyPolicy(6);
        var options = new SamplerOptions(4, 4, 2, 1);
        int[][] together = Sampler.Sample(policy.Model, [[1, 2], [1, 2, 3]], options, Noise(1));
        Assert.Equal(Sampler.Sample(policy.Model, [[1, 2]], options, Noise(1))[0], together[0]);
        Assert.Equal(Sampler.Sample(policy.Model, [[3], [1, 2, 3]], options, Noise(1))[1], together[1]);
    }

    private static Func<int, int, Philox> Noise(ulong seed) => (b, step) =>
        new Philox(seed, Purpose.Rollout, 0, (uint)b, (uint)step);

    /// <summary>Which places are filled after some steps: those that later noise cannot change.</summary>
    private static bool[] FilledAfter(Transformer model, SamplerOptions options, int steps)
    {
        // One sampling, forty times from there on: what is not yet filled comes out differently at least once.
        int[][] ends = Sampler.Sample(
            model, [.. Enumerable.Repeat(s_prompt, 40)], options,
            (b, step) => step < steps ? Noise(3)(0, step) : Noise(100 + (ulong)b)(0, step));
        return [.. Enumerable.Range(0, options.ResponseLength).Select(p => ends.All(end => end[p] == ends[0][p]))];
    }

    /// <summary>
    /// The sampler once more, over the plain network; with <paramref name="best"/> false it keeps the least confident places.
    /// </summary>
    private static int[] Plain(SamplerOptions options, Func<int, int, Philox> noise, bool best)
    {
        ModelConfig config = TinyPolicy.Config;
        var network = new PlainTransformer(config, [.. TinyPolicy.Weights(8).Select(w => (double)w)]);
        int[] tokens = [.. s_prompt, .. Enumerable.Repeat(config.MaskToken, options.ResponseLength)];
        int perBlock = options.DenoisingSteps / options.Blocks;
        for (int step = 0; step < options.DenoisingSteps; step++)
        {
            int first = step / perBlock * options.BlockLength;
            int share = (options.BlockLength / perBlock) + (step % perBlock < options.BlockLength % perBlock ? 1 : 0);
            double[][] logits = network.Logits(tokens)[s_prompt.Length..];
            Philox stream = noise(0, step);
            var candidates =
                from place in Enumerable.Range(first, options.BlockLength)
                where tokens[s_prompt.Length + place] == config.MaskToken
                let token = Enumerable.Range(0, config.Vocabulary).Where(v => v != config.MaskToken).MaxBy(v =>
                    logits[place][v] - (options.Temperature * Math.Log(
                        -Math.Log(stream.Double((uint)((place * config.Vocabulary) + v))))))
                let confidence = Math.Exp(logits[place][token]) / logits[place].Sum(Math.Exp)
                orderby confidence * (best ? -1 : 1)
                select (Place: place, Token: token);
            foreach ((int place, int token) in candidates.Take(share).ToArray())
            {
                tokens[s_prompt.Length + place] = token;
            }
        }
        return tokens[s_prompt.Length..];
    }

    /// <summary>Gives a network these logits at every place, whatever it reads.</summary>
    private static void Known(Transformer model, double[] logits)
    {
        // Embedding and last norm one, blocks zero: every hidden state is all ones, so a row of the head adds up to its logit.
        var flat = new float[model.Layout.Length];
        void Fill(string name, Func<int, float> value)
        {
            ParameterSlice slice = model.Layout[name];
            for (int i = 0; i < slice.Length; i++)
            {
                flat[slice.Offset + i] = value(i);
            }
        }
        Fill("model.transformer.wte.weight", _ => 1);
        Fill("model.transformer.ln_f.weight", _ => 1);
        Fill("model.transformer.ff_out.weight", i => i % model.Config.Width == 0 ? (float)logits[i / model.Config.Width] : 0);
        FlatVector.Load(model, flat);
    }

    /// <summary>How often each token comes in so many responses of ten tokens.</summary>
    private static int[] Count(Transformer model, double temperature, int draws, int vocabulary)
    {
        // One step a block: where places wait for their turn, the most confident draw of several is kept.
        int[][] responses = Sampler.Sample(
            model, [.. Enumerable.Repeat(s_prompt, draws)], new SamplerOptions(10, 5, 2, temperature), Noise(7));
        var counts = new int[vocabulary];
        foreach (int token in responses.SelectMany(response => response))
        {
            counts[token]++;
        }
        return counts;
    }
}
