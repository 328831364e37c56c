using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// LLaDA's block-wise sampler with remasking: in every denoising step each masked token of the block gets the argmax of its logits with Gumbel
/// noise, and the most confident of them stay.
/// </summary>
/// <remarks>
/// The blocks of block-causal families are those of their attention, which begin with the sequence and not with the response: a response's
/// first and last block may be shorter.
/// </remarks>
public static class Sampler
{
    /// <summary>Logits that are in memory together, where a sequence's block has fewer.</summary>
    private const long LogitsAtOnce = 1 << 24;

    /// <summary>Samples one response for each noise stream. Prompts of different lengths are padded on the left.</summary>
    /// <param name="model">The policy.</param>
    /// <param name="prompts">B prompts.</param>
    /// <param name="options">How to decode.</param>
    /// <param name="noise">Opens sequence b's noise stream of a denoising step: (b, step) to stream. Place p * V + v of it
    /// belongs to position p of the response and token v; V counts the rows that pad the vocabulary.</param>
    /// <param name="endTokens">Tokens that end a response; null: the model's end of sequence alone.</param>
    /// <param name="trace">Told each token that is set; null: nobody is.</param>
    /// <returns>B responses of L tokens.</returns>
    /// <exception cref="ArgumentException">The options do not fit one another or the model, or a prompt is empty.</exception>
    public static int[][] Sample(
        Transformer model, IReadOnlyList<int[]> prompts, SamplerOptions options, Func<int, int, Philox> noise,
        IReadOnlyList<int>? endTokens = null, Action<SampledToken>? trace = null)
    {
        options.Validate();
        Check(model.Config, prompts, options);
        var batch = new Batch(model.Config, prompts, options);
        using var plan = AttentionPlan.Of(model.Config, batch.Pads, batch.Width, model.Device);
        var pick = new TokenPicker(model.Config.EmbeddingRows, model.Config.Vocabulary, model.Config.MaskToken, options);
        int[] ends = [.. endTokens ?? [model.Config.EndToken]];
        for (int round = 0; round < batch.Rounds; round++)
        {
            for (int s = 0; s < options.StepsPerBlock; s++)
            {
                int step = (round * options.StepsPerBlock) + s;
                Score(model, batch, round, plan, (i, scores) => pick.Commit(
                    batch.BlockOf(i, round), scores, batch.Places(i, round).Start.Value, options.StepsPerBlock - s, noise(i, step),
                    trace is null ? null : (place, token, confidence) => trace(new SampledToken(i, step, place, token, confidence))));
            }
            if (options.StopsAtEnd && batch.EndWith(ends, round))
            {
                break;
            }
        }
        return batch.Responses();
    }

    private static void Check(ModelConfig config, IReadOnlyList<int[]> prompts, SamplerOptions options)
    {
        if (config.AttentionBlock > 0 && options.BlockLength != config.AttentionBlock)
        {
            throw new ArgumentException(
                $"the block length is {options.BlockLength}; the model attends in blocks of {config.AttentionBlock}: decode by those.");
        }
        if (config.ShiftsLogits && prompts.Any(prompt => prompt.Length == 0))
        {
            throw new ArgumentException("a prompt is empty; the model predicts a token from the place before it.");
        }
    }

    /// <summary>Hands each sequence's logits of its block, (length, V), to whoever takes them; sequences whose block is empty are passed over.</summary>
    private static void Score(Transformer model, Batch batch, int round, AttentionPlan plan, Taker take)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor hidden = model.Hidden(batch.Tokens(model.Device), plan);
        int[] sequences = [.. Enumerable.Range(0, batch.Count).Where(i => batch.BlockOf(i, round).Length > 0)];
        int rows = model.Config.EmbeddingRows;
        foreach (int[] together in Together(batch, round, sequences, rows))
        {
            using IDisposable part = NewDisposeScope();
            int length = batch.BlockOf(together[0], round).Length;
            int from = batch.RowOf(together[0], round) - (model.Config.ShiftsLogits ? 1 : 0);
            Tensor own = together.Length == batch.Count ? hidden : hidden.narrow(0, together[0], together.Length);
            Tensor logits = model.Logits(own.narrow(1, from, length)).to(ScalarType.Float32).cpu().contiguous();
            ReadOnlySpan<float> scores = MemoryMarshal.Cast<byte, float>(logits.bytes);
            for (int k = 0; k < together.Length; k++)
            {
                take(together[k], scores.Slice(k * length * rows, length * rows));
            }
        }
    }

    /// <summary>Runs of neighbours whose blocks lie at the same rows, as many as have room for their logits.</summary>
    private static IEnumerable<int[]> Together(Batch batch, int round, int[] sequences, int rows)
    {
        List<int> run = [];
        foreach (int i in sequences)
        {
            bool fits = run.Count == 0 || (i == run[^1] + 1 && batch.RowOf(i, round) == batch.RowOf(run[0], round)
                && batch.BlockOf(i, round).Length == batch.BlockOf(run[0], round).Length
                && (run.Count + 1L) * batch.BlockOf(i, round).Length * rows <= LogitsAtOnce);
            if (!fits)
            {
                yield return [.. run];
                run.Clear();
            }
            run.Add(i);
        }
        if (run.Count > 0)
        {
            yield return [.. run];
        }
    }

    /// <summary>Takes a sequence's logits.</summary>
    private delegate void Taker(int sequence, ReadOnlySpan<float> logits);

    /// <summary>The sequences, padded on the left to one length, and the blocks of their responses.</summary>
    private sealed class Batch
    {
        private readonly long[] _tokens;
        private readonly ModelConfig _config;
        private readonly SamplerOptions _options;
        private readonly int _longest;

        public Batch(ModelConfig config, IReadOnlyList<int[]> prompts, SamplerOptions options)
        {
            _config = config;
            _options = options;
            _longest = prompts.Max(prompt => prompt.Length);
            Width = _longest + options.ResponseLength;
            Pads = [.. prompts.Select(prompt => _longest - prompt.Length)];
            _tokens = new long[prompts.Count * Width];
            for (int i = 0; i < prompts.Count; i++)
            {
                Span<long> own = _tokens.AsSpan(i * Width, Width);
                own[..Pads[i]].Fill(config.PadToken);
                for (int p = 0; p < prompts[i].Length; p++)
                {
                    own[Pads[i] + p] = prompts[i][p];
                }
                own[_longest..].Fill(config.MaskToken);
            }
            Rounds = Enumerable.Range(0, Count).Max(RoundsOf);
        }

        public int Count => Pads.Length;

        public int[] Pads { get; }

        public int Width { get; }

        /// <summary>Blocks of the response that has most.</summary>
        public int Rounds { get; }

        public Tensor Tokens(Device device) => tensor(_tokens, [Count, Width]).to(device);

        /// <summary>A block's places in the response; empty beyond the last.</summary>
        public Range Places(int i, int round)
        {
            int first = _config.AttentionBlock == 0 ? 0 : (_longest - Pads[i]) % _options.BlockLength;
            int from = Math.Clamp((round * _options.BlockLength) - first, 0, _options.ResponseLength);
            return from..Math.Clamp(((round + 1) * _options.BlockLength) - first, from, _options.ResponseLength);
        }

        /// <summary>A block's tokens.</summary>
        public Span<long> BlockOf(int i, int round)
        {
            (int start, int length) = Places(i, round).GetOffsetAndLength(_options.ResponseLength);
            return _tokens.AsSpan((i * Width) + _longest + start, length);
        }

        /// <summary>A block's first row of the padded sequence.</summary>
        public int RowOf(int i, int round) => _longest + Places(i, round).Start.Value;

        /// <summary>Fills up the responses that have an end token in a block up to this one; true when all have.</summary>
        public bool EndWith(int[] ends, int round)
        {
            bool all = true;
            for (int i = 0; i < Count; i++)
            {
                int done = Places(i, round).End.Value;
                Span<long> response = _tokens.AsSpan((i * Width) + _longest, _options.ResponseLength);
                bool ended = false;
                foreach (long token in response[..done])
                {
                    ended |= Array.IndexOf(ends, (int)token) >= 0;
                }
                if (ended)
                {
                    response[done..].Fill(_config.EndToken);
                }
                all &= ended;
            }
            return all;
        }

        public int[][] Responses()
        {
            var responses = new int[Count][];
            for (int i = 0; i < Count; i++)
            {
                responses[i] = new int[_options.ResponseLength];
                for (int p = 0; p < _options.ResponseLength; p++)
                {
                    responses[i][p] = (int)_tokens[(i * Width) + _longest + p];
                }
            }
            return responses;
        }

        private int RoundsOf(int i)
        {
            int first = _config.AttentionBlock == 0 ? 0 : (_longest - Pads[i]) % _options.BlockLength;
            return (first + _options.ResponseLength + _options.BlockLength - 1) / _options.BlockLength;
        }
    }
}
