namespace Bgpo.Model;

/// <summary>l(theta; y_t, t, y | x) of a batch of samples, and the way back to the gradients.</summary>
public interface ILikelihood : IDisposable
{
    /// <summary>l_j of each sample, in nats.</summary>
    IReadOnlyList<double> Values { get; }

    /// <summary>Adds sum_j coefficient_j * grad l_j to the gradients that the model's leaves are bound to.</summary>
    /// <param name="coefficients">One for each sample.</param>
    void Backward(ReadOnlySpan<double> coefficients);
}

/// <summary>Makes likelihoods.</summary>
public static class Likelihoods
{
    /// <summary>Runs the network on samples.</summary>
    /// <param name="model">The policy.</param>
    /// <param name="samples">Samples of one length.</param>
    /// <param name="recompute">Whether a block's graph is made anew on the way back: memory of one block instead of all.</param>
    public static ILikelihood Of(Transformer model, IReadOnlyList<MaskedSample> samples, bool recompute) =>
        recompute ? new RecomputedLikelihood(model, samples) : new MaskedLikelihood(model, samples);
}
