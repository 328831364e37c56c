using Bgpo.Spec;

namespace Bgpo.Objectives;

/// <summary>
/// Draws the Monte Carlo samples of the ELBO: for each (completion, j) a timestep and a mask, from the generator's address
/// alone. The same sample serves the old and the new policy.
/// </summary>
public static class MonteCarlo
{
    /// <summary>Draws one sample.</summary>
    /// <param name="objective">Estimator settings.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="batchStep">The step at which the batch was sampled.</param>
    /// <param name="item">The completion's item index, see <see cref="Philox.Item"/>.</param>
    /// <param name="draw">j.</param>
    /// <param name="mask">Receives which response tokens are masked; its length is the counted length L of the response.</param>
    /// <returns>The weight of each masked token's log-probability: 1/t with Bernoulli masks, L/k with exact counts.</returns>
    public static double Draw(ObjectiveSection objective, ulong seed, int batchStep, uint item, int draw, Span<bool> mask)
    {
        double t = Timestep(objective, seed, batchStep, item, draw);
        var stream = new Philox(seed, Purpose.Mask, (uint)batchStep, item, (uint)draw);
        return objective.Masking == Masking.Bernoulli
            ? Bernoulli(stream, objective.MinTimestep + ((1 - objective.MinTimestep) * t), mask)
            : Exact(stream, 1 + Math.Min(mask.Length - 1, (int)(t * mask.Length)), mask);
    }

    /// <summary>t in (0, 1): drawn alone, or the j-th of n_t evenly spread points from a random start.</summary>
    private static double Timestep(ObjectiveSection objective, ulong seed, int batchStep, uint item, int draw)
    {
        if (objective.Timesteps == Timesteps.Uniform)
        {
            return new Philox(seed, Purpose.Timestep, (uint)batchStep, item, (uint)draw).Double(0);
        }
        double start = new Philox(seed, Purpose.Timestep, (uint)batchStep, item).Double(0);
        double t = start + ((double)draw / objective.Samples);
        return t - Math.Floor(t);
    }

    /// <summary>Masks each token with probability t; weight 1/t.</summary>
    private static double Bernoulli(Philox stream, double t, Span<bool> mask)
    {
        for (int i = 0; i < mask.Length; i++)
        {
            mask[i] = stream.Double((uint)i) < t;
        }
        return 1 / t;
    }

    /// <summary>Masks exactly k tokens, every set of k equally likely; weight L/k.</summary>
    internal static double Exact(Philox stream, int k, Span<bool> mask)
    {
        // Selection sampling: token i is taken with probability (still needed) / (still left).
        int needed = k;
        for (int i = 0; i < mask.Length; i++)
        {
            mask[i] = stream.Double((uint)i) * (mask.Length - i) < needed;
            needed -= mask[i] ? 1 : 0;
        }
        return (double)mask.Length / k;
    }
}
