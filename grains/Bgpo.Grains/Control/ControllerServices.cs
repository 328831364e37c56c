using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>What a controller works with.</summary>
/// <param name="Run">The run.</param>
/// <param name="Settings">Its spec, step by step.</param>
/// <param name="Store">Its store.</param>
/// <param name="Lease">Its record.</param>
/// <param name="Requests">What people ask of it.</param>
/// <param name="Reporter">Told what becomes of it.</param>
/// <param name="Restorer">Places its shards.</param>
/// <param name="Numerics">Which silos may work for it.</param>
/// <param name="Roster">The silos.</param>
/// <param name="Grains">Where grains are found.</param>
/// <param name="Time">Clock and timers.</param>
internal sealed record ControllerServices(
    RunContext Run, RunSettings Settings, RunStore Store, RunLease Lease, RequestHandler Requests, RunReporter Reporter,
    ShardRestorer Restorer, Numerics Numerics,
    SiloRoster Roster, IGrainFactory Grains, TimeProvider Time)
{
    // Made when a controller first asks: by the settings that it was given.
    private UnsavedWork? _hold;
    private LearningMonitor? _learning;
    private CheckpointPruning? _pruning;

    /// <summary>Holds the run where something cannot be saved.</summary>
    internal UnsavedWork Hold => _hold ??= new(Run, Lease, Requests, Reporter);

    /// <summary>Sees whether the run learns.</summary>
    internal LearningMonitor Learning => _learning ??= new(Run, Settings, Reporter.Events);

    /// <summary>Deletes older checkpoints.</summary>
    internal CheckpointPruning Pruning => _pruning ??= new(Store, Settings, Lease, Reporter);

    /// <summary>Finds a silo for each piece of work of this run.</summary>
    internal Dispatcher NewDispatcher() => new(Roster.Get, Time)
    {
        OnRetry = (what, reason) => Reporter.Retried(what, reason.Message),
        OnUnsuitable = (silo, reason) => Reporter.Notice(
            $"silo {silo.Label} gets no work of this run until it is restarted or the run is resumed: {reason.Message}"),
        OnDone = silo => Reporter.Timeline.NoteDone(silo.Label),
        OnMoved = Reporter.WorkMoved,
        OnRoster = (silos, joined, lost) =>
        {
            Reporter.RosterChanged(silos, joined, lost);
            _ = lost.Length > 0 ? NoteLeavingAsync() : Task.CompletedTask;
        },
        MayWork = silo => Numerics.MayWork(Settings.Started, silo),
    };

    /// <summary>Samples and scores for this run.</summary>
    /// <param name="dispatcher">Who finds a silo for each piece of work.</param>
    internal Rollouts NewRollouts(Dispatcher dispatcher) => new(Run, Grains, dispatcher, new Grader(Run, Grains, dispatcher, Time)
    {
        OnRetry = (silo, reason) => Reporter.Retried($"scoring on {silo}", reason),
        OnUnsuitable = (silo, reason) => Reporter.Notice(
            $"silo {silo.Label} scores nothing of this run until it is restarted or the run is resumed: {reason.Message}"),
    });

    /// <summary>Notes which of the silos that are gone leave in peace: all others have died.</summary>
    private async Task NoteLeavingAsync()
    {
        try
        {
            Reporter.Timeline.NoteLeft(await Roster.Leaving());
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            // The membership cannot be read just now: they count as dead.
        }
    }
}
