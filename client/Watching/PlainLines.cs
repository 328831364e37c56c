using System.Diagnostics.CodeAnalysis;
using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>A run's events as plain lines, for logs and pipes: one line a step.</summary>
internal sealed class PlainLines
{
    private int _steps;
    private bool _hasRoster;

    /// <summary>The line for an event; null when it is not worth one.</summary>
    [SuppressMessage("Maintainability", "CA1502", Justification = "A case an event.")]
    internal string? Of(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted started:
                _steps = started.Steps;
                return $"run {started.Run}: {(started.Version >= started.Steps ? "completed," : started.Version > 0 ? $"goes on at version {started.Version} of" : "starts,")} "
                    + $"{Format.Many(started.Steps, "step")}, {started.Task}, {Format.Many(started.Parameters, "parameter")} "
                    + $"in {Format.Many(started.Shards, "shard")}, store {started.Store}";
            case StepCommitted { Metrics: var step }:
                return $"version {Counted(step.Version)}  reward {Format.Share(step.MeanReward)}  solved " +
                    $"{Format.Share(step.SolveRate)}"
                    + $"  groups {step.ActiveGroups.ToString().PadLeft(step.Groups.ToString().Length)}/{step.Groups}  norm " +
                        $"{Format.Short(step.GradientNorm)}  lr {Format.Tiny(step.LearningRate)}"
                    + $"  {Format.Short(step.Seconds)} s  {Format.Count(Format.Rate(step.Samples, step.Seconds)),5} samples/s  " +
                        $"{Format.Count(step.RssMiB)} MiB"
                    + (step.LeftOutGroups > 0 ? $"  left out {step.LeftOutGroups}" : "")
                    + string.Concat((step.Tasks ?? []).Select(task =>
                        $"  {task.Task}: reward {Format.Share(task.MeanReward)} solved {Format.Share(task.SolveRate)}"));
            case Evaluated { Result: var result } evaluated:
                return $"held out at version {evaluated.Version}: greedy {Format.Share(result.GreedyExact)}  sampled " +
                    $"{Format.Share(result.SampledExact)}"
                    + $"  reward {Format.Share(result.MeanReward)}  ({Format.Many(result.Count, "problem")}{NotJudged(result)})"
                    + string.Concat((result.Tasks ?? []).Select(task =>
                        $"  {task.Task}: greedy {Format.Share(task.GreedyExact)} sampled {Format.Share(task.SampledExact)}"));
            case CheckpointSaved saved:
                return $"checkpoint of version {saved.Version}: {saved.Location} ({Format.Short(saved.Seconds)} s)";
            case Noticed noticed:
                return $"notice: {Format.OneLine(noticed.Message)}";
            case LearningWarned warned:
                return $"{(warned.IsOver ? "no longer" : "warning")}: {Format.OneLine(warned.Message)}";
            case RunPaused paused:
                return $"paused at version {paused.Version}{(paused.Reason.Length > 0 ? $": {Format.OneLine(paused.Reason)}" : "")}";
            case RunWentOn goes:
                return $"goes on at version {goes.Version}";
            case SpecChanged changed:
                _steps = changed.Steps;
                return $"changed from step {changed.FromStep} on: {string.Join(", ", changed.Fields)}";
            case RosterChanged roster:
                // The first one names all.
                (var isFirst, _hasRoster) = (!_hasRoster, true);
                string[] changes =
                [
                    .. roster.Lost.Length > 0 ? [$"lost {string.Join(", ", roster.Lost)}"] : Array.Empty<string>(),
                    .. roster.Joined.Length > 0 && !isFirst ? [$"{string.Join(", ", roster.Joined)} joined"]
                        : Array.Empty<string>(),
                ];
                return changes.Length == 0 ? null
                    : $"silos: {string.Join(", ", changes)}; {Format.Many(roster.Silos, "silo")} with " +
                        $"{Format.Many(roster.Devices, "device")}";
            case GroupLeftOut left:
                return $"left out: {Format.OneLine(left.Describe())}";
            case StoreStatus store:
                return $"store: {Format.OneLine(store.Message)}";
            default:
                // How the run ends is the summary's to say.
                return null;
        }
    }

    /// <summary>What the grader could not judge; empty where there is nothing to say.</summary>
    internal static string NotJudged(EvaluationSummary result) => result.Failed + result.FailedSampled == 0 ? ""
        : $"; not judged: greedy {result.Failed}, sampled {result.FailedSampled}";

    private string Counted(int version) =>
        _steps == 0 ? $"{version}" : $"{version.ToString().PadLeft(_steps.ToString().Length)}/{_steps}";
}
