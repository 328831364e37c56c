using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>How a sampler has the network read its sequences.</summary>
internal interface IForwardPasses : IDisposable
{
    /// <summary>
    /// Hidden states that hold those of a block's places, and the sequence's place that they begin with; the caller's.
    /// </summary>
    /// <param name="round">The block.</param>
    (Tensor Hidden, int First) Hidden(int round);

    /// <summary>A block is filled and will not change.</summary>
    /// <param name="round">The block.</param>
    void Finish(int round);
}

/// <summary>Every pass reads the whole sequences: with full attention no place is final before the end.</summary>
internal sealed class WholePasses(Transformer model, SampleBatch batch) : IForwardPasses
{
    private readonly AttentionPlan _plan = AttentionPlan.Of(model.Config, batch.Pads, batch.Width, model.Device);

    /// <inheritdoc/>
    public (Tensor Hidden, int First) Hidden(int round) => (model.Hidden(batch.Tokens(model.Device), _plan), 0);

    /// <inheritdoc/>
    public void Finish(int round)
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _plan.Dispose();
}

/// <summary>
/// A pass reads one block; keys and values of the blocks before it are kept. Exact where attention is causal between blocks: what
/// a finished block's places are does not depend on what follows.
/// </summary>
internal sealed class CachedPasses : IForwardPasses
{
    private readonly Transformer _model;
    private readonly SampleBatch _batch;
    private readonly int _block;
    private readonly KeyValueCache _cache;

    /// <summary>Reads the blocks that the prompts fill.</summary>
    /// <param name="model">The network.</param>
    /// <param name="batch">Sequences of one length.</param>
    public CachedPasses(Transformer model, SampleBatch batch)
    {
        _model = model;
        _batch = batch;
        _block = model.Config.AttentionBlock;
        _cache = new KeyValueCache(model.Config.Layers);
        int filled = StartOf(0);
        if (filled > 0)
        {
            using var plan = AttentionPlan.Of(model.Config, new int[batch.Count], filled, model.Device);
            Read(0, filled, plan, keeps: true);
        }
    }

    /// <summary>Whether sequences can be read so: of one length, in the blocks of the model's attention.</summary>
    public static bool Fits(ModelConfig config, SampleBatch batch, SamplerOptions options) =>
        config.AttentionBlock > 0 && !options.ReadsWhole && batch.Pads.All(pad => pad == 0);

    /// <inheritdoc/>
    public (Tensor Hidden, int First) Hidden(int round)
    {
        using AttentionPlan plan = PlanOf(round);
        using IDisposable scope = NewDisposeScope();
        Tensor hidden = _model.Hidden(_batch.Tokens(_model.Device, StartOf(round), LengthOf(round)), plan, _cache, keeps: false);
        return (hidden.MoveToOuterDisposeScope(), StartOf(round));
    }

    /// <inheritdoc/>
    public void Finish(int round)
    {
        if (round + 1 < _batch.Rounds)
        {
            using AttentionPlan plan = PlanOf(round);
            Read(StartOf(round), LengthOf(round), plan, keeps: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private void Read(int from, int length, AttentionPlan plan, bool keeps)
    {
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        _ = _model.Hidden(_batch.Tokens(_model.Device, from, length), plan, _cache, keeps);
    }

    private AttentionPlan PlanOf(int round)
    {
        long[] positions = [.. Enumerable.Range(StartOf(round), LengthOf(round)).Select(place => (long)place)];
        using Tensor one = tensor(positions, [1, positions.Length]);
        return new AttentionPlan(one.to(_model.Device, copy: true).DetachFromDisposeScope(), null);
    }

    private int StartOf(int round) => ((_batch.Longest / _block) + round) * _block;

    private int LengthOf(int round) => Math.Min(_block, _batch.Width - StartOf(round));
}
