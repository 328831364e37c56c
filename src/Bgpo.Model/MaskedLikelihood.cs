using System.Runtime.InteropServices;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model;

/// <summary>One Monte Carlo sample ready for the network: a sequence with some response tokens masked.</summary>
/// <param name="Prompt">Prompt tokens, never masked.</param>
/// <param name="Response">The completion's tokens.</param>
/// <param name="Mask">Which response tokens are masked; those beyond its length stay visible and do not count.</param>
/// <param name="Weight">What each masked token's log-probability is multiplied by (1/t or L/k).</param>
public sealed record MaskedSample(int[] Prompt, int[] Response, bool[] Mask, double Weight);

/// <summary>
/// l(theta; y_t, t, y | x): the weighted log-likelihood of a sample's masked tokens, for a batch of samples in one graph.
/// </summary>
/// <remarks>
/// Only masked places go through the head. Their log-probabilities are summed into l_j in double on the CPU, in order, so the
/// values do not depend on how a device reduces.
/// </remarks>
public sealed class MaskedLikelihood : ILikelihood
{
    private readonly Tensor? _logProbabilities; // (rows)
    private readonly MaskedBatch _batch;
    private readonly Transformer _model;

    /// <summary>Runs the network on the samples. With gradients enabled the graph lives until <see cref="Dispose"/>.</summary>
    /// <param name="model">The policy.</param>
    /// <param name="samples">Samples of one length.</param>
    public MaskedLikelihood(Transformer model, IReadOnlyList<MaskedSample> samples)
    {
        _model = model;
        _batch = new MaskedBatch(model.Config, samples);
        if (_batch.SampleOfRow.Count == 0)
        {
            Values = new double[samples.Count];
            return;
        }
        using IDisposable scope = NewDisposeScope();
        using AttentionPlan plan = _batch.Plan(model.Device);
        Tensor hidden = model.Hidden(_batch.Tokens(model.Device), plan)
            .view(samples.Count * _batch.SequenceLength, model.Config.Width);
        Tensor maskedOnly = hidden.index_select(0, _batch.MaskedPlaces(model.Device)); // (rows, D)
        Tensor logits = model.Logits(maskedOnly); // (rows, V)
        ScalarType wide = logits.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Tensor all = F.log_softmax(logits.to(wide), -1);
        Tensor target = _batch.Targets(model.Device).unsqueeze(1);
        _logProbabilities = all.gather(1, target).squeeze(1).DetachFromDisposeScope();
        Values = _batch.Likelihoods(ToDoubles(_logProbabilities));
    }

    /// <summary>l_j of each sample, in nats.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>
    /// Adds sum_j coefficient_j * grad l_j to the gradients that the model's leaves are bound to, and frees the graph.
    /// </summary>
    /// <param name="coefficients">One for each sample.</param>
    public void Backward(ReadOnlySpan<double> coefficients)
    {
        if (_logProbabilities is null)
        {
            return;
        }
        using IDisposable scope = NewDisposeScope();
        Weighted(coefficients).backward();
    }

    /// <summary>
    /// A differentiable sum_j coefficient_j * l_j, for objectives that need several graphs at once; the caller's to free.
    /// </summary>
    /// <param name="coefficients">One for each sample.</param>
    public Tensor Weighted(ReadOnlySpan<double> coefficients)
    {
        using IDisposable scope = NewDisposeScope();
        double[] perRow = _batch.RowWeights(coefficients);
        Tensor log = _logProbabilities ?? zeros(0, dtype: _model.Parameters.dtype, device: _model.Device);
        Tensor weights = tensor(perRow).to(log.dtype).to(_model.Device);
        return (log * weights).sum().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _logProbabilities?.Dispose();

    private static double[] ToDoubles(Tensor values)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor host = values.detach().to(ScalarType.Float64).cpu().contiguous();
        return MemoryMarshal.Cast<byte, double>(host.bytes).ToArray();
    }
}
