using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// The likelihood with a graph of one block at a time. The way there keeps each block's input; the way back runs a block again,
/// with its graph, and goes back through it. Logits are made in slices of rows, there and back, so that rows x V never stand
/// together.
/// </summary>
public sealed class RecomputedLikelihood : ILikelihood
{
    /// <summary>Logits that are in memory together.</summary>
    private const int LogitsAtOnce = 1 << 24;

    private readonly Transformer _model;
    private readonly MaskedBatch _batch;
    private readonly List<Tensor> _inputs = []; // (B, T, D) of each block, and of the final norm

    /// <summary>
    /// Runs the network on the samples. With gradients enabled each block's input lives until <see cref="Dispose"/>.
    /// </summary>
    /// <param name="model">The policy.</param>
    /// <param name="samples">Samples of one length.</param>
    public RecomputedLikelihood(Transformer model, IReadOnlyList<MaskedSample> samples)
    {
        _model = model;
        _batch = new MaskedBatch(model.Config, samples);
        bool goesBack = is_grad_enabled();
        if (_batch.SampleOfRow.Count == 0)
        {
            Values = new double[samples.Count];
            return;
        }
        using IDisposable noGradient = no_grad();
        using IDisposable scope = NewDisposeScope();
        using AttentionPlan plan = _batch.Plan(model.Device);
        Transformer.Attention attention = model.AttentionOf(_batch.SequenceLength, plan);
        Tensor x = Transformer.Through(model.Depth, model.Embed(_batch.Tokens(model.Device)), (n, input) =>
        {
            Keep(input, goesBack);
            return model.Apply(n, input, attention);
        });
        Keep(x, goesBack);
        Tensor hidden = Masked(model.Finish(x)); // (rows, D)
        Tensor targets = _batch.Targets(model.Device);
        List<double> logs = [];
        foreach ((long from, long count) in Slices())
        {
            using IDisposable slice = NewDisposeScope();
            Tensor log = LogProbabilities(hidden.narrow(0, from, count), targets.narrow(0, from, count));
            logs.AddRange(MemoryMarshal.Cast<byte, double>(log.to(ScalarType.Float64).cpu().contiguous().bytes));
        }
        Values = _batch.Likelihoods(CollectionsMarshal.AsSpan(logs));
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Values { get; }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<double> coefficients)
    {
        if (_inputs.Count == 0)
        {
            return;
        }
        using IDisposable scope = NewDisposeScope();
        Tensor gradient = BackThroughHead(_batch.RowWeights(coefficients));
        using AttentionPlan plan = _batch.Plan(_model.Device);
        Transformer.Attention attention = _model.AttentionOf(_batch.SequenceLength, plan);
        for (int n = _model.Depth - 1; n >= 0; n--)
        {
            int block = n;
            gradient = Back(_inputs[n], gradient, x => _model.Apply(block, x, attention));
        }
        if (_model.Frozen is null)
        {
            using IDisposable last = NewDisposeScope();
            (_model.Embed(_batch.Tokens(_model.Device)) * gradient).sum().backward();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor input in _inputs)
        {
            input.Dispose();
        }
    }

    private void Keep(Tensor x, bool goesBack)
    {
        if (goesBack)
        {
            _inputs.Add(x.alias().DetachFromDisposeScope());
        }
    }

    private Tensor BackThroughHead(double[] weights)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor last = _inputs[^1];
        Tensor rows = Masked(_model.Finish(last)).detach().requires_grad_(true);
        Tensor targets = _batch.Targets(_model.Device);
        Tensor perRow = tensor(weights);
        foreach ((long from, long count) in Slices())
        {
            using IDisposable slice = NewDisposeScope();
            Tensor log = LogProbabilities(rows.narrow(0, from, count), targets.narrow(0, from, count));
            (log * perRow.narrow(0, from, count).to(log.dtype).to(_model.Device)).sum().backward();
        }
        Tensor ofRows = rows.grad!;
        return Back(last, ofRows, x => Masked(_model.Finish(x))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The gradient by an input, from that by the output that it makes; adds to the gradients of leaves on the way.
    /// </summary>
    private static Tensor Back(Tensor input, Tensor gradient, Func<Tensor, Tensor> forward)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor x = input.detach().requires_grad_(true);
        (forward(x) * gradient).sum().backward();
        return x.grad!.MoveToOuterDisposeScope();
    }

    private Tensor LogProbabilities(Tensor hidden, Tensor targets)
    {
        Tensor logits = _model.Logits(hidden);
        Tensor wide = logits.dtype == ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
        return wide.gather(1, targets.unsqueeze(1)).squeeze(1) - wide.logsumexp(-1);
    }

    /// <summary>(rows, D) of (B, T, D): the outputs that score masked tokens.</summary>
    private Tensor Masked(Tensor hidden) =>
        hidden.reshape(-1, _model.Config.Width).index_select(0, _batch.MaskedPlaces(_model.Device));

    private IEnumerable<(long From, long Count)> Slices()
    {
        int rows = _batch.SampleOfRow.Count;
        int atOnce = Math.Max(1, LogitsAtOnce / _model.Config.EmbeddingRows);
        for (int from = 0; from < rows; from += atOnce)
        {
            yield return (from, Math.Min(atOnce, rows - from));
        }
    }
}
