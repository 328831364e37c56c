namespace Bgpo.Grains;

/// <summary>A number that every committed step has, under the names that it is published by.</summary>
/// <param name="Instrument">Name of the gauge in the meter <c>Bgpo.Run</c>.</param>
/// <param name="Unit">Its unit, in UCUM as OpenTelemetry has it.</param>
/// <param name="Tag">Name of the scalar in TensorBoard's event files.</param>
/// <param name="Description">What it is.</param>
/// <param name="Of">Its value; NaN where a step has none.</param>
public sealed record StepSeries(string Instrument, string Unit, string Tag, string Description, Func<StepMetrics, double> Of)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepSeries> All { get; } =
    [
        new("bgpo.run.version", "{version}", "run/version", "Versions committed.", step => step.Version),
        new("bgpo.run.reward", "1", "reward/mean", "Mean reward of the batch's completions.", step => step.MeanReward),
        new("bgpo.run.solve_rate", "1", "reward/solve_rate", "Share of the completions that solve their problem outright.",
            step => step.SolveRate),
        new("bgpo.run.reward.malformed", "1", "reward/malformed", "Share of the completions that are not of the form asked for.",
            step => step.MalformedShare),
        new("bgpo.run.reward.failed", "{completion}", "reward/failed", "Completions that could not be scored.",
            step => step.RewardsFailed),
        new("bgpo.run.reward.retries", "{completion}", "reward/retries",
            "Completions that were scored again since the grader had failed.", step => step.RewardRetries),
        new("bgpo.run.eval.greedy", "1", "eval/greedy", "Held-out problems solved at temperature 0; where an evaluation was due.",
            step => step.Evaluation?.GreedyExact ?? double.NaN),
        new("bgpo.run.eval.sampled", "1", "eval/sampled", "Held-out problems solved at the evaluation's temperature.",
            step => step.Evaluation?.SampledExact ?? double.NaN),
        new("bgpo.run.eval.reward", "1", "eval/reward", "Mean reward of the held-out problems at temperature 0.",
            step => step.Evaluation?.MeanReward ?? double.NaN),
        new("bgpo.run.gradient_norm", "1", "optimizer/gradient_norm", "Norm of the gradient before clipping.",
            step => step.GradientNorm),
        new("bgpo.run.learning_rate", "1", "optimizer/learning_rate", "Learning rate of the step.", step => step.LearningRate),
        new("bgpo.run.elbo", "nat", "objective/elbo", "Mean ELBO estimate of the active completions.", step => step.Elbo),
        new("bgpo.run.objective", "1", "objective/lower_bound", "The lower bound, averaged over the update's completions.",
            step => step.Objective),
        new("bgpo.run.bound_hits", "{hit}", "objective/bound_hits", "Times that the bound on exp(d) acted.",
            step => step.BoundHits),
        new("bgpo.run.units.halved", "{unit}", "objective/halved_units", "Units that were halved to fit the exact sum.", step =>
            step.HalvedUnits),
        new("bgpo.run.groups.teaching", "{group}", "groups/teaching", "Groups with spread in their rewards.",
            step => step.ActiveGroups),
        new("bgpo.run.groups.left_out", "{group}", "groups/left_out", "Groups left out since completions could not be scored.",
            step => step.LeftOutGroups),
        new("bgpo.run.completions.distinct", "1", "completions/distinct", "Different completions of a group, as a share of them.",
            step => step.DistinctShare),
        new("bgpo.run.completions.unended", "1", "completions/unended",
            "Share of the completions without an end-of-sequence token.", step => step.UnendedShare),
        new("bgpo.run.step.duration", "s", "seconds/step", "Wall-clock time of the step.", step => step.Seconds),
        new("bgpo.run.rollout.duration", "s", "seconds/rollout", "Device time of rollouts, summed over devices.",
            step => step.RolloutSeconds),
        new("bgpo.run.reward.duration", "s", "seconds/reward", "Time spent scoring, summed.", step => step.RewardSeconds),
        new("bgpo.run.reward.queue", "s", "seconds/reward_queue", "Time that completions waited to be scored, summed.",
            step => step.RewardQueueSeconds),
        new("bgpo.run.gradient.duration", "s", "seconds/gradient", "Device time of gradient units, summed over devices.",
            step => step.GradientSeconds),
        new("bgpo.run.commit.duration", "s", "seconds/commit", "Time from the last unit to the commit's end.",
            step => step.CommitSeconds),
        new("bgpo.run.unit.duration", "s", "seconds/unit", "Mean device time of a gradient unit.",
            step => step.Units > 0 ? step.GradientSeconds / step.Units : double.NaN),
        new("bgpo.run.samples.rate", "{sample}/s", "rate/samples", "Monte Carlo samples a second.",
            step => Rate(step.Samples, step.Seconds)),
        new("bgpo.run.tokens.rate", "{token}/s", "rate/tokens", "Tokens sampled a second.",
            step => Rate(step.Tokens, step.Seconds)),
        new("bgpo.run.silos", "{silo}", "cluster/silos", "Live silos.", step => step.Silos),
        new("bgpo.run.devices", "{device}", "cluster/devices", "Their devices.", step => step.Devices),
        new("bgpo.run.redispatched", "{unit}", "cluster/redispatched", "Units that had to be dispatched again in the step.",
            step => step.Redispatched),
        new("bgpo.run.lost.duration", "s", "cluster/lost_seconds", "Time of former attempts at the step that came to nothing.",
            step => step.LostSeconds),
        new("bgpo.run.store.behind", "{version}", "store/behind", "Committed versions that the store had not taken in full.",
            step => step.StoreBehind),
        new("bgpo.run.store.retries", "{attempt}", "store/retries", "Attempts at the store that were made again during the step.",
            step => step.StoreRetries),
        new("bgpo.run.memory", "MiBy", "memory/controller_mib", "Resident memory of the controller's process.",
            step => step.RssMiB),
    ];

    private static double Rate(double amount, double seconds) => seconds > 0 ? amount / seconds : double.NaN;
}
