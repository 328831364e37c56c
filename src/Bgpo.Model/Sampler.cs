using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// LLaDA's block-wise sampler with remasking: in every denoising step each masked token of the block gets the argmax of its
/// logits with Gumbel noise, and the most confident of them stay.
/// </summary>
/// <remarks>
/// The blocks of block-causal families are those of their attention, which begin with the sequence and not with the response: a
/// response's first and last block may be shorter.
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
        var batch = new SampleBatch(model.Config, prompts, options);
        using IForwardPasses passes = CachedPasses.Fits(model.Config, batch, options) ? new CachedPasses(model, batch)
            : new WholePasses(model, batch);
        var pick = new TokenPicker(model.Config.EmbeddingRows, model.Config.Vocabulary, model.Config.MaskToken, options);
        int[] ends = [.. endTokens ?? [model.Config.EndToken]];
        for (int round = 0; round < batch.Rounds; round++)
        {
            for (int s = 0; s < options.StepsPerBlock; s++)
            {
                int step = (round * options.StepsPerBlock) + s;
                Score(model, batch, round, passes, (i, scores) => pick.Commit(
                    batch.BlockOf(i, round), scores, batch.Places(i, round).Start.Value, options.StepsPerBlock - s,
                    noise(i, step),
                    trace is null ? null : (place, token, confidence) =>
                        trace(new SampledToken(i, step, place, token, confidence))));
            }
            if (options.StopsAtEnd && batch.EndWith(ends, round))
            {
                break;
            }
            passes.Finish(round);
        }
        return batch.Responses();
    }

    private static void Check(ModelConfig config, IReadOnlyList<int[]> prompts, SamplerOptions options)
    {
        if (config.AttentionBlock > 0 && options.BlockLength != config.AttentionBlock)
        {
            throw new ArgumentException(
                $"the block length is {options.BlockLength}; the model attends in blocks of {config.AttentionBlock}: decode by " +
                    "those.");
        }
        if (config.ShiftsLogits && prompts.Any(prompt => prompt.Length == 0))
        {
            throw new ArgumentException("a prompt is empty; the model predicts a token from the place before it.");
        }
    }

    /// <summary>
    /// Hands each sequence's logits of its block, (length, V), to whoever takes them; sequences whose block is empty are passed
    /// over.
    /// </summary>
    private static void Score(Transformer model, SampleBatch batch, int round, IForwardPasses passes, Taker take)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Tensor hidden, int first) = passes.Hidden(round);
        int[] sequences = [.. Enumerable.Range(0, batch.Count).Where(i => batch.BlockOf(i, round).Length > 0)];
        int rows = model.Config.EmbeddingRows;
        foreach (int[] together in Together(batch, round, sequences, rows))
        {
            using IDisposable part = NewDisposeScope();
            int length = batch.BlockOf(together[0], round).Length;
            int from = batch.RowOf(together[0], round) - first - (model.Config.ShiftsLogits ? 1 : 0);
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
    private static IEnumerable<int[]> Together(SampleBatch batch, int round, int[] sequences, int rows)
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
}
