using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Control;

/// <summary>Tells what becomes of a run: watchers by events, and the silo's log.</summary>
internal sealed partial class RunReporter
{
    private readonly string _run;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>A reporter that logs every event that is worth a line.</summary>
    /// <param name="run">Run id.</param>
    /// <param name="events">The run's events.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The silo's log.</param>
    internal RunReporter(string run, EventLog events, TimeProvider time, ILogger log)
    {
        (_run, Events, _time, _log) = (run, events, time, log);
        events.OnAppended = Log;
    }

    /// <summary>What watchers are told.</summary>
    internal EventLog Events { get; }

    /// <summary>What happened since the last committed step, for the store.</summary>
    internal Timeline Timeline { get; } = new();

    /// <summary>Tells a sentence.</summary>
    /// <param name="message">The sentence.</param>
    internal void Notice(string message) => Events.Append(n => new Noticed(n, message));

    /// <summary>Tells that a controller begins.</summary>
    /// <param name="run">The run.</param>
    /// <param name="record">Its record.</param>
    /// <param name="version">The version that it begins at.</param>
    /// <param name="steps">The run's last step.</param>
    /// <param name="location">Where the run is stored.</param>
    /// <param name="device">What the controller's silo computes on.</param>
    internal void Started(RunContext run, RunRecord record, int version, int steps, string location, string device) =>
        Events.Append(
        n => new RunStarted(n, run.Id, version, steps, run.Parameters, run.Shards, record.Epoch, run.Task.Name, location, device)
        {
            Checkpoint = record.LatestCheckpoint ?? 0,
            SinceUnixMilliseconds = record.Since.ToUnixTimeMilliseconds(),
        });

    /// <summary>Tells why the run goes on, where a reason was given.</summary>
    /// <param name="reason">The reason, or nothing.</param>
    internal void GoesOn(string reason)
    {
        if (reason.Length > 0)
        {
            Notice($"goes on: {reason}");
        }
    }

    /// <summary>Logs that something failed and is tried again.</summary>
    /// <param name="what">What failed.</param>
    /// <param name="reason">Why.</param>
    internal void Retried(string what, string reason) => TriedAgain(_run, what, reason);

    /// <summary>Logs that the controller failed.</summary>
    /// <param name="version">The version that it stood at.</param>
    /// <param name="exception">Why.</param>
    internal void Failed(int version, Exception exception) => LoopFailed(_run, version, exception);

    /// <summary>Tells that silos joined or went.</summary>
    /// <param name="silos">Those that are there.</param>
    /// <param name="joined">Names of those that joined.</param>
    /// <param name="lost">Names of those that went.</param>
    internal void RosterChanged(IReadOnlyList<SiloDevices> silos, string[] joined, string[] lost)
    {
        Timeline.Note(silos.Select(silo => new TimelineSilo(silo.Label, silo.Devices, silo.Numerics)));
        Events.Append(n => new RosterChanged(n, silos.Count, silos.Sum(silo => silo.Devices), joined, lost, Now));
    }

    /// <summary>Tells that work of one silo goes on on another.</summary>
    /// <param name="from">The silo that failed.</param>
    /// <param name="to">The one that takes the work.</param>
    /// <param name="reason">What failed.</param>
    internal void WorkMoved(SiloDevices from, SiloDevices to, Exception reason)
    {
        Retried($"work on {from.Silo}", reason.Message);
        Events.Append(n => new WorkMoved(n, from.Silo, to.Silo, Why(reason), Now)
        {
            FromName = from.Label,
            ToName = to.Label,
        });
    }

    /// <summary>Tells that the store stopped taking writes, or takes them again.</summary>
    /// <param name="trouble">What it said; null: it takes writes.</param>
    /// <param name="behind">Versions that it lacks.</param>
    internal void StoreChanged(StorageException? trouble, int behind) => Events.Append(n => new StoreStatus(
        n, trouble is null, behind, Waiting: trouble is StoreRefusedException, trouble switch
        {
            null => "the store takes writes again",
            StoreRefusedException => $"the store refuses, training waits and tries again: {trouble.Message}",
            _ => $"the store takes nothing, training goes on and tries again: {trouble.Message}",
        }));

    /// <summary>Tells that a silo's numerics are not the run's.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="works">Whether it gets work all the same.</param>
    /// <param name="numerics">The run's numerics.</param>
    internal void OtherNumerics(SiloDevices silo, bool works, string numerics) => Notice(works
        ? $"silo {silo.Silo} computes on [{silo.Numerics}], and the run began on [{numerics}]: its weights may "
            + "differ in their last bits from an undisturbed run's."
        : $"silo {silo.Silo} gets no work of this run: it computes on [{silo.Numerics}], and the run began on "
            + $"[{numerics}] (run.reproducible: strict).");

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What befell a silo, for people who watch; Orleans's own words are in the log.</summary>
    private static string Why(Exception reason) => reason switch
    {
        SiloUnavailableException => "it is gone",
        TimeoutException => "it did not answer in time",
        _ => reason.Message,
    };

    /// <summary>An event as a line of a log; null when it is not worth one.</summary>
    private static string? Line(RunEvent happened) => happened switch
    {
        RunStarted started => $"controller of epoch {started.Epoch} begins at version {started.Version} of {started.Steps}",
        StepCommitted { Metrics: var step } =>
            $"version {step.Version} committed in {step.Seconds:0.00} s, reward {step.MeanReward:0.000}, {step.Redispatched} " +
                "dispatched again",
        Evaluated evaluated => $"version {evaluated.Version} evaluated, greedy {evaluated.Result.GreedyExact:0.000}",
        CheckpointSaved saved => $"checkpoint of version {saved.Version} saved in {saved.Seconds:0.00} s",
        WorkMoved moved => $"work goes on on {moved.ToName} that {moved.FromName} failed: {moved.Reason}",
        RosterChanged roster =>
            $"{Many(roster.Silos, "silo")} with {Many(roster.Devices, "device")}"
            + $"{(roster.Joined.Length > 0 ? $", came: {string.Join(", ", roster.Joined)}" : "")}{(roster.Lost.Length > 0 ? $", gone: {string.Join(", ", roster.Lost)}" : "")}",
        GroupLeftOut left => left.Describe(),
        StoreStatus store => store.Message,
        Noticed noticed => noticed.Message,
        LearningWarned warned => warned.Message,
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
            Timeline.Note(happened, line, Now);
            Told(_run, line);
        }
    }

    [LoggerMessage(LogLevel.Information, "Run {Run}: {What}")]
    private partial void Told(string run, string what);

    [LoggerMessage(LogLevel.Error, "Run {Run} failed at version {Version}.")]
    private partial void LoopFailed(string run, int version, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run}: {What} failed and is tried again: {Reason}")]
    private partial void TriedAgain(string run, string what, string reason);
}
