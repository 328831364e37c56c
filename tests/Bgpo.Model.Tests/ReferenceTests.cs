using System.Text.Json;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using static TorchSharp.torch;

namespace Bgpo.Model.Tests;

/// <summary>
/// Each family's network and tokenizer, held to what others compute: bench/reference/make_vectors.py and Hugging Face's own
/// library.
/// </summary>
public sealed class ReferenceTests
{
    private static readonly string s_reference = Path.Combine(AppContext.BaseDirectory, "Reference");

    [Theory]
    [InlineData("llada")]
    [InlineData("illada")]
    [InlineData("dream")]
    [InlineData("sdar")]
    public void Logits_AreThoseOfPyTorch(string family)
    {
        string folder = Path.Combine(s_reference, family);
        var whole = ModelFolder.Load(folder);
        using var trained = new Transformer(whole.Config);
        FlatVector.Load(trained, whole.Parameters);
        using var files = ModelFiles.Open(folder);
        using var weights = FrozenWeights.Load(files);
        using var frozen = new Transformer(weights, null);
        using var narrow = new Transformer(weights, null, ScalarType.BFloat16);
        foreach (Vector vector in Vectors(folder))
        {
            Assert.InRange(TinyPolicy.RelativeError(Logits(trained, vector.Tokens), vector.Float32), 0, 1e-5);
            Assert.InRange(TinyPolicy.RelativeError(Logits(frozen, vector.Tokens), vector.Float32), 0, 1e-5);
            // bfloat16 has 8 bits: two implementations that round at other places differ by about what either is off.
            double rounding = TinyPolicy.RelativeError(vector.BFloat16, vector.Float32);
            Assert.InRange(TinyPolicy.RelativeError(Logits(narrow, vector.Tokens), vector.BFloat16), 0, 0.05);
            Assert.InRange(TinyPolicy.RelativeError(Logits(narrow, vector.Tokens), vector.Float32), 0, (2 * rounding) + 0.01);
        }
        Assert.Equal(files.Sha256(), weights.Sha256);
    }

    [Theory]
    [InlineData("llada")]
    [InlineData("dream")]
    [InlineData("sdar")]
    public void AnAdapterWithoutB_ChangesNothing_AndAWholeOneWhatItsMergeDoes(string family)
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, family));
        using var weights = FrozenWeights.Load(files, type: ScalarType.Float32);
        var lora = new LoraConfig(3, 6, LoraConfig.AllLinear);
        using var adapted = new Transformer(weights, lora);
        float[] vector = LoraConfig.Draw(adapted.Layout, 5);
        FlatVector.Load(adapted, vector);
        using var plain = new Transformer(weights, null);
        int[] tokens = [72, 3, 200, 17];
        Assert.Equal(Logits(plain, tokens), Logits(adapted, tokens));

        var noise = new Philox(3, Purpose.Other);
        vector = [.. vector.Select((value, i) => value + (float)(0.1 * noise.Normal((uint)i)))];
        FlatVector.Load(adapted, vector);
        var merged = ModelFolder.Load(files.Folder);
        LoraMerge.Into(merged.Parameters, new ParameterLayout(merged.Config), lora, adapted.Layout, vector);
        using var whole = new Transformer(merged.Config);
        FlatVector.Load(whole, merged.Parameters);
        double[] expected = Logits(whole, tokens);
        Assert.InRange(TinyPolicy.RelativeError(Logits(adapted, tokens), expected), 0, 1e-5);
        Assert.True(TinyPolicy.RelativeError(Logits(plain, tokens), expected) > 0.01, "the adapter is too small to be seen");
    }

    [Theory]
    [InlineData("llada")]
    [InlineData("illada")]
    [InlineData("dream")]
    [InlineData("sdar")]
    public void TheRecomputedGradient_IsThatOfTheWholeGraph(string family)
    {
        string folder = Path.Combine(s_reference, family);
        MaskedSample[] samples =
        [
            new([1, 2, 3], [4, 5, 6, 7, 8], [true, false, true, true], 4.0 / 3),
            new([9, 8, 7], [6, 5, 4, 3, 2], [false, false, false, false, true], 5),
        ];
        double[] Gradient(Transformer model, bool recompute, out double[] values)
        {
            model.BindGradients();
            using ILikelihood pass = Likelihoods.Of(model, samples, recompute);
            values = [.. pass.Values];
            pass.Backward([1.5, -0.5]);
            using Tensor copy = model.Gradients.detach().to(ScalarType.Float64);
            return copy.data<double>().ToArray();
        }
        void Agree(Transformer model)
        {
            double[] expected = Gradient(model, false, out double[] values);
            double[] actual = Gradient(model, true, out double[] again);
            Assert.Equal(values, again, (a, b) => Math.Abs(a - b) < 1e-4 * Math.Abs(a));
            Assert.InRange(TinyPolicy.RelativeError(actual, expected), 0, 1e-5);
            Assert.Contains(expected, g => g != 0);
        }
        var whole = ModelFolder.Load(folder);
        using var trained = new Transformer(whole.Config);
        FlatVector.Load(trained, whole.Parameters);
        Agree(trained);
        using var files = ModelFiles.Open(folder);
        using var weights = FrozenWeights.Load(files);
        using var adapted = new Transformer(weights, new LoraConfig(2, 4, "q_proj, v_proj"));
        var noise = new Philox(3, Purpose.Other);
        FlatVector.Load(adapted,
            [.. Enumerable.Range(0, (int)adapted.Layout.Length).Select(i => (float)(0.2 * noise.Normal((uint)i)))]);
        Agree(adapted);
    }

    [Fact]
    public void ABlockCausalLikelihood_SeesMasksInItsOwnBlockAlone()
    {
        var whole = ModelFolder.Load(Path.Combine(s_reference, "sdar"));
        using var model = new Transformer(whole.Config);
        FlatVector.Load(model, whole.Parameters);
        int mask = whole.Config.MaskToken;
        var sample = new MaskedSample([1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [true, true, false, true, false, true], 1);
        int[] clean = [.. sample.Prompt, .. sample.Response];
        double expected = 0;
        for (int p = 0; p < sample.Response.Length; p++)
        {
            if (sample.Mask[p])
            {
                int place = sample.Prompt.Length + p;
                int block = place / 4;
                int[] seen = [.. clean.Take((block + 1) * 4)
                    .Select((token, i) => i / 4 == block && i >= 5 && sample.Mask[i - 5] ? mask : token)];
                double[] logits = Logits(model, seen)[(place * 262)..((place + 1) * 262)];
                expected += logits[clean[place]] - Math.Log(logits.Sum(Math.Exp));
            }
        }
        using var pass = new MaskedLikelihood(model, [sample]);
        Assert.Equal(expected, pass.Values[0], 1e-4);
    }

    [Fact]
    public void AShiftedLikelihood_IsThatOfThePlaceBefore()
    {
        var whole = ModelFolder.Load(Path.Combine(s_reference, "dream"));
        using var model = new Transformer(whole.Config);
        FlatVector.Load(model, whole.Parameters);
        using var pass = new MaskedLikelihood(model, [new MaskedSample([1, 2], [3, 4], [true, false], 2)]);
        double[] logits = Logits(model, [1, 2, whole.Config.MaskToken, 4])[262..524];
        Assert.Equal(2 * (logits[3] - Math.Log(logits.Sum(Math.Exp))), pass.Values[0], 1e-4);
    }

    [Theory]
    [InlineData("llada", Remasking.LowConfidence)]
    [InlineData("dream", Remasking.Entropy)]
    [InlineData("dream", Remasking.Margin)]
    [InlineData("sdar", Remasking.LowConfidence)]
    public void ABatchOfPromptsOfManyLengths_GivesWhatEachGivesAlone(string family, Remasking remasking)
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, family));
        using var weights = FrozenWeights.Load(files);
        using var model = new Transformer(weights, null);
        int[][] prompts = [.. Enumerable.Range(0, 16)
            .Select(i => Enumerable.Range(0, 1 + (i % 7)).Select(p => (31 * (i + p)) % 250).ToArray())];
        foreach (double temperature in new[] { 0.0, 1.0 })
        {
            var options = new SamplerOptions(8, 4, 4, temperature) { Remasking = remasking };
            int[][] together = Sampler.Sample(
                model, prompts, options, (b, step) => new Philox(1, Purpose.Rollout, 0, (uint)b, (uint)step));
            for (int i = 0; i < prompts.Length; i++)
            {
                int item = i;
                int[][] alone = Sampler.Sample(
                    model, [prompts[i]], options, (_, step) => new Philox(1, Purpose.Rollout, 0, (uint)item, (uint)step));
                Assert.Equal(alone[0], together[i]);
            }
            Assert.DoesNotContain(together, response => response.Contains(model.Config.MaskToken));
        }
    }

    [Fact]
    public void AResponseStopsWithTheBlockThatEndsIt_AndTheTraceTellsEachToken()
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, "llada"));
        using var weights = FrozenWeights.Load(files);
        using var model = new Transformer(weights, null);
        Func<int, int, Philox> noise = (b, step) => new Philox(4, Purpose.Rollout, 0, (uint)b, (uint)step);
        var options = new SamplerOptions(12, 4, 12, 1);
        int[] free = Sampler.Sample(model, [[1, 2]], options, noise)[0];
        List<SampledToken> trace = [];
        // Any token will do as the end: what the first block has ends the response there.
        int[] stopped = Sampler.Sample(model, [[1, 2]], options with { StopsAtEnd = true }, noise, [free[2]], trace.Add)[0];
        Assert.Equal([.. free[..4], .. Enumerable.Repeat(model.Config.EndToken, 8)], stopped);
        Assert.Equal([0, 1, 2, 3], trace.Select(set => set.Step));
        Assert.Equal(free[..4], trace.OrderBy(set => set.Place).Select(set => set.Token));
        Assert.All(trace, set => Assert.InRange(set.Confidence, 0, 1));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 0)]
    [InlineData(6, 1)]
    [InlineData(11, 1)]
    public void KeptKeysAndValuesOfFinishedBlocks_ChangeNoToken(int promptLength, double temperature)
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, "sdar"));
        using var weights = FrozenWeights.Load(files);
        using var model = new Transformer(weights, null);
        int[][] prompts = [.. Enumerable.Range(0, 4)
            .Select(i => Enumerable.Range(0, promptLength).Select(p => (17 * (i + p)) % 250).ToArray())];
        var options = new SamplerOptions(20, 4, 10, temperature);
        int[][] Sample(SamplerOptions how, List<double> confidences) => Sampler.Sample(
            model, prompts, how, (b, step) => new Philox(9, Purpose.Rollout, 0, (uint)b, (uint)step), null, set =>
                confidences.Add(set.Confidence));
        List<double> kept = [];
        List<double> whole = [];
        Assert.Equal(Sample(options with { ReadsWhole = true }, whole), Sample(options, kept));
        Assert.Equal(whole, kept, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void TheBlockLengthOfABlockCausalModel_IsItsOwn()
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, "sdar"));
        using var weights = FrozenWeights.Load(files);
        using var model = new Transformer(weights, null);
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => Sampler.Sample(model, [[1]], new SamplerOptions(8, 8, 8, 0), (_, _) => new Philox(1, Purpose.Rollout)));
        Assert.Contains("the block length is 8; the model attends in blocks of 4", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_AreThoseOfHuggingFace()
    {
        string folder = Path.Combine(s_reference, "qwen-tokenizer");
        string path = Path.Combine(folder, "tokenizer.json");
        var config = new ModelConfig
        {
            Family = Families.ModelFamily.All[1],
            Width = 8,
            Layers = 1,
            Heads = 2,
            Hidden = 8,
            Vocabulary = 1460,
            MaxSequenceLength = 64,
            MaskToken = 1459,
            EndToken = 1456,
            PadToken = 1456,
        };
        var tokenizer = BpeTokenizer.Read(path, File.ReadAllText(path), null, config);
        Golden[] golden = JsonSerializer.Deserialize<Golden[]>(File.ReadAllText(Path.Combine(folder, "golden.json")), s_camel)!;
        Assert.True(golden.Length > 5);
        Parallel.ForEach(golden.SelectMany(one => Enumerable.Repeat(one, 20)),
            one => Assert.Equal(one.Tokens, tokenizer.Encode(one.Text)));
        foreach (Golden one in golden.Where(one => !one.Tokens.Any(token => token >= 1456)))
        {
            Assert.Equal(one.Decoded, tokenizer.Decode(one.Tokens));
        }
        Assert.Equal("a<|mask|>b", tokenizer.Decode([64, 1459, 65, 1456, 66]));
        Assert.Equal(tokenizer.Encode("a\ufffdb"), tokenizer.Encode("a\ud800b"));
    }

    [Fact]
    public void ATokenizersReference_IsTheTokenizer_UntilTheFileChanges()
    {
        string folder = Directory.CreateTempSubdirectory("bgpo-tokenizer-").FullName;
        try
        {
            foreach (string file in new[] { "config.json", "tokenizer.json", "model.safetensors" })
            {
                File.Copy(Path.Combine(s_reference, "llada", file), Path.Combine(folder, file));
            }
            using var files = ModelFiles.Open(folder);
            ITokenizer again = ModelFolder.ParseTokenizer(files.Tokenizer.ToJson(), "manifest");
            Assert.Equal(files.Tokenizer.EncodePrompt("17 * 23?"), again.EncodePrompt("17 * 23?"));
            Assert.Equal([257, 260], again.EndTokens);
            string path = Path.Combine(folder, "tokenizer.json");
            File.WriteAllText(path, File.ReadAllText(path) + " ");
            ModelException changed =
                Assert.Throws<ModelException>(() => ModelFolder.ParseTokenizer(files.Tokenizer.ToJson(), "manifest"));
            Assert.Contains($"its tokenizer {path} has changed", changed.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("llada", "<|startoftext|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("dream", "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n hi " +
        "<|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("sdar", "<|im_start|>user\n hi <|im_end|>\n<|im_start|>assistant\n")]
    public void APrompt_IsFramedByTheFamilysTemplate(string family, string expected)
    {
        using var files = ModelFiles.Open(Path.Combine(s_reference, family));
        var tokenizer = (BpeTokenizer)files.Tokenizer;
        Assert.Equal(tokenizer.Encode(expected), tokenizer.EncodePrompt(" hi "));
        Assert.Equal(expected, tokenizer.Template.Render([new ChatMessage("user", " hi ")]));
        string mask = family switch { "llada" => "<|mdm_mask|>", "dream" => "<|mask|>", _ => "<MASK>" };
        Assert.Contains("mask token", Assert.Throws<ModelException>(() => tokenizer.EncodePrompt($"a {mask}")).Message,
            StringComparison.Ordinal);
        Assert.Equal(tokenizer.Encode(" hi "), tokenizer.With(ChatTemplate.Plain).EncodePrompt(" hi "));
    }

    private static readonly JsonSerializerOptions s_camel = new(JsonSerializerDefaults.Web);

    private static Vector[] Vectors(string folder) =>
        JsonSerializer.Deserialize<Vector[]>(File.ReadAllText(Path.Combine(folder, "vectors.json")), s_camel)!;

    private static double[] Logits(Transformer model, int[] tokens)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor input = tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Length]);
        return model.Logits(model.Hidden(input)).to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }

    private sealed record Vector(int[] Tokens, double[] Float32, double[] BFloat16);

    private sealed record Golden(string Text, int[] Tokens, string Decoded);
}
