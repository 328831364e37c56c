namespace Bgpo.Spec;

/// <summary>What a valid spec says that keeps a run from learning.</summary>
public static class SpecWarnings
{
    /// <summary>Why no group can have spread; null where one can.</summary>
    /// <param name="spec">The spec.</param>
    public static string? OfSampling(RunSpec spec) => spec.Rollout.Temperature > 0 ? null
        : "rollout.temperature is 0: the completions of a prompt are all the same, so no group has spread in its rewards and "
            + "nothing is learned; "
            + "0.6 to 1 is usual";

    /// <summary>Why the weights do not move, or less than they are to; null where they do.</summary>
    /// <param name="spec">The spec.</param>
    public static string? OfLearningRate(RunSpec spec) => spec.Optimizer.LearningRate == 0
        ? "optimizer.learningRate is 0: the weights never move"
        : spec.Optimizer.WarmupSteps >= spec.Run.Steps && spec.Optimizer.WarmupSteps > 1
            ? $"optimizer.warmupSteps {spec.Optimizer.WarmupSteps} is not over within run.steps {spec.Run.Steps}: the rate "
                + "never reaches "
                + "optimizer.learningRate"
            : null;

    /// <summary>Why units may have to be halved; null where <c>maxLogRatio</c> acts before.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="limit">Largest magnitude of one unit's values in the exact sum.</param>
    public static string? OfRatios(RunSpec spec, double limit)
    {
        // The largest |A| of a group: one completion of G differs from all others.
        double advantage = spec.Objective.NormalizeByStd ? (spec.Rollout.Completions - 1) / Math.Sqrt(spec.Rollout.Completions)
            : 1;
        double fits = Math.Log(limit * spec.Objective.Samples / advantage);
        bool isOffPolicy = spec.Objective.Minibatches * spec.Objective.Epochs > 1;
        return !isOffPolicy || spec.Objective.MaxLogRatio <= fits ? null
            : $"objective.maxLogRatio {spec.Objective.MaxLogRatio:0.##} lets one sample's coefficient be beyond the {limit:0} "
                + "that the exact sum "
                + "has for a value of a unit: units with such samples are halved until they fit, and counted (halvedUnits); at "
                    + $"{fits:0.#} or less "
                + "the bound on the ratio acts first";
    }
}
