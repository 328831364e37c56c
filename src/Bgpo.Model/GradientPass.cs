using Bgpo.Objectives;
using Bgpo.Spec;
using Bgpo.Units;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>What gradient work needs of a group: a pure record of the journal.</summary>
/// <param name="BatchStep">The step at which the batch was sampled.</param>
/// <param name="Group">The group's place in the batch.</param>
/// <param name="Prompt">Prompt tokens.</param>
/// <param name="Completions">G responses of L tokens.</param>
/// <param name="Advantages">A of each.</param>
public sealed record GroupRecord(int BatchStep, int Group, int[] Prompt, int[][] Completions, double[] Advantages);

/// <summary>What a unit's computation tells besides its gradient.</summary>
/// <param name="LogLikelihoods">l_j(theta) of the unit's samples, in order.</param>
/// <param name="Objective">Sum of the unit's terms of the lower bound.</param>
/// <param name="BoundHits">Times that the bound on exp(d) acted.</param>
public sealed record UnitOutcome(double[] LogLikelihoods, double Objective, int BoundHits);

/// <summary>
/// Computes units: a microbatch of samples at a time is run, turned into coefficients, and gone back through, so memory does
/// not depend on n_t. What it leaves in <see cref="Transformer.Gradients"/> is a pure function of weights, record and unit.
/// </summary>
/// <param name="model">The policy, with gradients bound.</param>
/// <param name="spec">The run's spec.</param>
/// <param name="endTokens">Tokens that end a response; null: the model's end of sequence alone.</param>
public sealed class GradientPass(Transformer model, RunSpec spec, IReadOnlyList<int>? endTokens = null)
{
    private readonly UnitPlan _plan = new(spec);
    private readonly int[] _endTokens = [.. endTokens ?? [model.Config.EndToken]];

    /// <summary>Sets the gradients to the unit's contribution: the gradient of - sum of its terms g_j.</summary>
    /// <param name="group">The unit's group.</param>
    /// <param name="unit">Which unit.</param>
    /// <param name="oldLogLikelihoods">l_j(theta_old) of the unit's samples, in order; null on-policy, where d = 0.</param>
    /// <param name="maxLogRatio">Bound on d; null: the spec's, which may have been changed in mid-run.</param>
    public UnitOutcome Compute(GroupRecord group, UnitId unit, IReadOnlyList<double>? oldLogLikelihoods,
        double? maxLogRatio = null)
    {
        model.BindGradients();
        SampleId[] samples = [.. _plan.SamplesOf(unit.Block)];
        var likelihoods = new double[samples.Length];
        double objective = 0;
        int hits = 0;
        foreach (Range range in Microbatches(samples.Length))
        {
            (int start, int count) = range.GetOffsetAndLength(samples.Length);
            using ILikelihood pass = Likelihoods.Of(model, Masked(group, samples.AsSpan(start, count)), spec.Units.Recompute);
            var coefficients = new double[count];
            for (int i = 0; i < count; i++)
            {
                double likelihood = likelihoods[start + i] = pass.Values[i];
                double ratio = oldLogLikelihoods is null ? 0 : likelihood - oldLogLikelihoods[start + i];
                ObjectiveTerm term = Objectives.Objective.Term(
                    group.Advantages[samples[start + i].Completion], ratio, spec.Objective.Samples,
                        maxLogRatio ?? spec.Objective.MaxLogRatio);
                // One that is no number stays none, and is refused as such.
                coefficients[i] = Math.Min(-term.Derivative, Objectives.Objective.MostDerivative);
                objective += term.Value;
                hits += term.Bounded || -term.Derivative > Objectives.Objective.MostDerivative ? 1 : 0;
            }
            pass.Backward(coefficients);
        }
        return new UnitOutcome(likelihoods, objective, hits);
    }

    /// <summary>l_j of a unit's samples without a graph: the old policy's values for later updates of the batch.</summary>
    /// <param name="group">The unit's group.</param>
    /// <param name="block">Which block of it.</param>
    public double[] LogLikelihoods(GroupRecord group, int block)
    {
        SampleId[] samples = [.. _plan.SamplesOf(block)];
        var likelihoods = new double[samples.Length];
        using IDisposable noGradient = no_grad();
        foreach (Range range in Microbatches(samples.Length))
        {
            (int start, int count) = range.GetOffsetAndLength(samples.Length);
            using ILikelihood pass = Likelihoods.Of(model, Masked(group, samples.AsSpan(start, count)), spec.Units.Recompute);
            for (int i = 0; i < count; i++)
            {
                likelihoods[start + i] = pass.Values[i];
            }
        }
        return likelihoods;
    }

    /// <summary>The masked sequences of some samples, drawn from their addresses.</summary>
    /// <param name="group">Their group.</param>
    /// <param name="samples">Which.</param>
    public MaskedSample[] Masked(GroupRecord group, ReadOnlySpan<SampleId> samples)
    {
        var masked = new MaskedSample[samples.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            (int completion, int draw) = samples[i];
            int[] response = group.Completions[completion];
            var mask = new bool[CountedLength(response)];
            double weight = MonteCarlo.Draw(
                spec.Objective, (ulong)spec.Run.Seed, group.BatchStep, Philox.Item(group.Group, completion), draw, mask);
            masked[i] = new MaskedSample(group.Prompt, response, mask, weight);
        }
        return masked;
    }

    /// <summary>Tokens of a response that the likelihood covers: all, or up to and including the first end of sequence.</summary>
    private int CountedLength(int[] response)
    {
        int end = spec.Objective.CountPadding ? -1 : response.AsSpan().IndexOfAny(_endTokens);
        return end < 0 ? response.Length : end + 1;
    }

    private IEnumerable<Range> Microbatches(int samples)
    {
        for (int start = 0; start < samples; start += spec.Units.Microbatch)
        {
            yield return start..Math.Min(samples, start + spec.Units.Microbatch);
        }
    }
}
