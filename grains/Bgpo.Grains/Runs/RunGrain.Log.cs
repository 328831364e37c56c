using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Runs;

/// <content>What the controller writes into its silo's log: what it tells watchers, and what it had to try again.</content>
public sealed partial class RunGrain
{
    /// <summary>An event as a line of a log; null when it is not worth one.</summary>
    private static string? Line(RunEvent happened) => happened switch
    {
        RunStarted started => $"controller of epoch {started.Epoch} begins at version {started.Version} of {started.Steps}",
        StepCommitted { Metrics: var step } =>
            $"version {step.Version} committed in {step.Seconds:0.00} s, reward {step.MeanReward:0.000}, {step.Redispatched} dispatched again",
        Evaluated evaluated => $"version {evaluated.Version} evaluated, greedy {evaluated.Result.GreedyExact:0.000}",
        CheckpointSaved saved => $"checkpoint of version {saved.Version} saved in {saved.Seconds:0.00} s",
        WorkMoved moved => $"work goes on on {moved.ToName} that {moved.FromName} failed: {moved.Reason}",
        RosterChanged roster =>
            $"{Many(roster.Silos, "silo")} with {Many(roster.Devices, "device")}"
            + $"{(roster.Joined.Length > 0 ? $", came: {string.Join(", ", roster.Joined)}" : "")}{(roster.Lost.Length > 0 ? $", gone: {string.Join(", ", roster.Lost)}" : "")}",
        StoreStanding store => store.Message,
        Noticed noticed => noticed.Message,
        RunPaused paused => $"paused at version {paused.Version} ({paused.Reason})",
        RunWentOn goes => $"goes on at version {goes.Version}",
        SpecChanged changed => $"from step {changed.FromStep} on: {string.Join(", ", changed.Fields)}",
        RunStopped stopped => $"stopped at version {stopped.Version} ({stopped.Reason})",
        RunCompleted done => $"completed at version {done.Version}",
        _ => null,
    };

    private static string Many(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";

    private void Log(RunEvent happened)
    {
        if (Line(happened) is { } line)
        {
            Told(Id, line);
        }
    }

    private void UnitRetried(string what, string reason) => TriedAgain(Id, what, reason);

    [LoggerMessage(LogLevel.Information, "Run {Run}: {What}")]
    private partial void Told(string run, string what);

    [LoggerMessage(LogLevel.Error, "Run {Run} failed at version {Version}.")]
    private partial void LoopFailed(string run, int version, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run}: {What} failed and is tried again: {Reason}")]
    private partial void TriedAgain(string run, string what, string reason);
}
