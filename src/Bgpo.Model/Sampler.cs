using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>How a response is decoded.</summary>
/// <param name="ResponseLength">L tokens.</param>
/// <param name="BlockLength">Tokens decoded together before the next block starts; divides L.</param>
/// <param name="DenoisingSteps">Forward passes for the whole response; a multiple of the number of blocks.</param>
/// <param name="Temperature">Gumbel temperature; 0 is greedy.</param>
public readonly record struct SamplerOptions(int ResponseLength, int BlockLength, int DenoisingSteps, double Temperature)
{
    /// <summary>Blocks of a response.</summary>
    public int Blocks => ResponseLength / BlockLength;

    /// <summary>Says what is wrong with these options, if anything.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or blocks do not divide.</exception>
    public void Validate()
    {
        if (ResponseLength < 1 || BlockLength < 1 || ResponseLength % BlockLength != 0)
        {
            throw new ArgumentException($"the block length {BlockLength} does not divide the response length {ResponseLength}.");
        }
        if (DenoisingSteps < 1 || DenoisingSteps % Blocks != 0)
        {
            throw new ArgumentException($"{DenoisingSteps} denoising steps cannot be shared equally by {Blocks} blocks.");
        }
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
        {
            throw new ArgumentException($"the temperature {Temperature} is not a finite number of 0 or above.");
        }
    }
}

/// <summary>
/// LLaDA's block-wise sampler with low-confidence remasking: in every denoising step each masked token of the block gets the
/// argmax of its logits with Gumbel noise, and the most confident of them stay.
/// </summary>
public static class Sampler
{
    /// <summary>Samples one response for each noise stream, all to prompts of one length.</summary>
    /// <param name="model">The policy.</param>
    /// <param name="prompts">B prompts, equally long.</param>
    /// <param name="options">How to decode.</param>
    /// <param name="noise">Opens sequence b's noise stream of a denoising step: (b, step) to stream. Place p * V + v of it
    /// belongs to position p of the response and token v; V counts the rows that pad the vocabulary.</param>
    /// <returns>B responses of L tokens.</returns>
    public static int[][] Sample(
        Transformer model, IReadOnlyList<int[]> prompts, SamplerOptions options, Func<int, int, Philox> noise)
    {
        options.Validate();
        int b = prompts.Count;
        int promptLength = prompts[0].Length;
        int total = promptLength + options.ResponseLength;
        int mask = model.Config.MaskToken;
        var tokens = new long[b * total];
        for (int i = 0; i < b; i++)
        {
            if (prompts[i].Length != promptLength)
            {
                throw new ArgumentException($"prompt {i} has {prompts[i].Length} tokens, the first has {promptLength}.");
            }
            for (int p = 0; p < total; p++)
            {
                tokens[(i * total) + p] = p < promptLength ? prompts[i][p] : mask;
            }
        }

        int stepsPerBlock = options.DenoisingSteps / options.Blocks;
        var pick = new Pick(model.Config.EmbeddingRows, model.Config.Vocabulary, mask, options);
        for (int step = 0; step < options.DenoisingSteps; step++)
        {
            int block = step / stepsPerBlock;
            int stepsLeft = stepsPerBlock - (step % stepsPerBlock);
            int from = block * options.BlockLength;
            float[] logits = Score(model, tokens, b, total, promptLength + from, options.BlockLength);
            for (int i = 0; i < b; i++)
            {
                Span<long> response = tokens.AsSpan((i * total) + promptLength + from, options.BlockLength);
                ReadOnlySpan<float> scores = logits.AsSpan(i * response.Length * pick.Rows, response.Length * pick.Rows);
                pick.Commit(response, scores, from, stepsLeft, noise(i, step));
            }
        }

        var responses = new int[b][];
        for (int i = 0; i < b; i++)
        {
            responses[i] = new int[options.ResponseLength];
            for (int p = 0; p < options.ResponseLength; p++)
            {
                responses[i][p] = (int)tokens[(i * total) + promptLength + p];
            }
        }
        return responses;
    }

    /// <summary>Logits of the places [from, from + length) of every sequence, as (B, length, V) floats.</summary>
    private static float[] Score(Transformer model, long[] tokens, int b, int total, int from, int length)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor input = tensor(tokens, [b, total]).to(model.Device);
        Tensor hidden = model.Hidden(input).narrow(1, from, length);
        Tensor logits = model.Logits(hidden).to(ScalarType.Float32).cpu().contiguous();
        return logits.data<float>().ToArray();
    }

    /// <summary>Chooses tokens for one block of one sequence. Working space is kept between calls.</summary>
    private sealed class Pick(int rows, int vocabulary, int mask, SamplerOptions options)
    {
        private readonly (double Confidence, int Place, int Token)[] _candidates =
            new (double, int, int)[options.BlockLength];

        /// <summary>Scores of a place: the vocabulary and the rows that pad it.</summary>
        public int Rows => rows;

        /// <summary>Fills the most confident of the block's masked places: masked / steps left of them, rounded up.</summary>
        public void Commit(Span<long> block, ReadOnlySpan<float> logits, int from, int stepsLeft, Philox noise)
        {
            int masked = 0;
            for (int p = 0; p < block.Length; p++)
            {
                if (block[p] == mask)
                {
                    ReadOnlySpan<float> row = logits.Slice(p * rows, rows);
                    int token = Choose(row, noise, (uint)((from + p) * rows));
                    _candidates[masked++] = (Confidence(row, token), p, token);
                }
            }
            // Rounding up puts the remainder of masked / steps on the earliest steps.
            int commit = (masked + stepsLeft - 1) / stepsLeft;
            Span<(double Confidence, int Place, int Token)> candidates = _candidates.AsSpan(0, masked);
            candidates.Sort(static (a, b) =>
                a.Confidence != b.Confidence ? b.Confidence.CompareTo(a.Confidence) : a.Place.CompareTo(b.Place));
            foreach ((_, int place, int token) in candidates[..commit])
            {
                block[place] = token;
            }
        }

        /// <summary>argmax of exp(logit) / (-log u)^T, taken in logarithms; plain argmax at T = 0. Never [MASK] itself, nor a padding row.</summary>
        private int Choose(ReadOnlySpan<float> logits, Philox noise, uint address)
        {
            int best = -1;
            double highest = double.NegativeInfinity;
            for (int v = 0; v < vocabulary; v++)
            {
                if (v == mask)
                {
                    continue;
                }
                double score = logits[v];
                if (options.Temperature > 0)
                {
                    // u is in the open interval (0, 1), so -log u is a positive finite number.
                    score -= options.Temperature * Math.Log(-Math.Log(noise.Double(address + (uint)v)));
                }
                if (score > highest || best < 0)
                {
                    (highest, best) = (score, v);
                }
            }
            return best;
        }

        /// <summary>Softmax probability of a token, from the logits without noise.</summary>
        private static double Confidence(ReadOnlySpan<float> logits, int token)
        {
            double highest = double.NegativeInfinity;
            foreach (float logit in logits)
            {
                highest = Math.Max(highest, logit);
            }
            double sum = 0;
            foreach (float logit in logits)
            {
                sum += Math.Exp(logit - highest);
            }
            return Math.Exp(logits[token] - highest) / sum;
        }
    }
}
