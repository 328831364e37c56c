namespace Bgpo.Objectives;

/// <summary>
/// The BGPO objective, one Monte Carlo sample at a time (arXiv 2510.11683): with d_j = l_j(theta) - l_j(theta_old),
/// g_j = A (1 + d_j) / n_t where A is at least 0, and g_j = A exp(d_j) / n_t where A is below 0. Their sum over j is a lower
/// bound of A exp(Bhat_theta - Bhat_old), equal to it in value and gradient where theta = theta_old.
/// </summary>
public static class Objective
{
    /// <summary>
    /// Largest magnitude of a derivative that is computed with: e^27 or so, which only <c>maxLogRatio</c> above 27 reaches.
    /// Beyond it float32 gradients would overflow.
    /// </summary>
    public const double MostDerivative = 1L << 40;

    /// <summary>A sample's term and its derivative.</summary>
    /// <param name="advantage">A of the sample's completion.</param>
    /// <param name="logRatio">d_j, in nats; exactly 0 on-policy.</param>
    /// <param name="samples">n_t.</param>
    /// <param name="maxLogRatio">Bound on d_j inside the exponential.</param>
    public static ObjectiveTerm Term(double advantage, double logRatio, int samples, double maxLogRatio)
    {
        if (advantage >= 0)
        {
            // Not exp(log(1 + d)): that is NaN for d <= -1, where the bound is simply negative.
            return new ObjectiveTerm(advantage * (1 + logRatio) / samples, advantage / samples, false);
        }
        bool bounded = logRatio > maxLogRatio;
        double value = advantage * Math.Exp(bounded ? maxLogRatio : logRatio) / samples;
        return new ObjectiveTerm(value, value, bounded);
    }

    /// <summary>The ELBO-based objective that BGPO bounds: A exp(mean_j d_j). Its gradient needs all graphs at once.</summary>
    /// <param name="advantage">A of the completion.</param>
    /// <param name="logRatios">d_j of its n_t samples.</param>
    public static double ElboBased(double advantage, ReadOnlySpan<double> logRatios)
    {
        double sum = 0;
        foreach (double d in logRatios)
        {
            sum += d;
        }
        return advantage * Math.Exp(sum / logRatios.Length);
    }
}

/// <summary>One term of the lower bound.</summary>
/// <param name="Value">g_j.</param>
/// <param name="Derivative">dg_j / dl_j: what multiplies the gradient of l_j.</param>
/// <param name="Bounded">Whether the bound on d acted.</param>
public readonly record struct ObjectiveTerm(double Value, double Derivative, bool Bounded);
