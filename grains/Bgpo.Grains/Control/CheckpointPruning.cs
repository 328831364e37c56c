using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>
/// Deletes a run's older checkpoints as newer ones are saved, as its spec says, beside the steps. A store that will not delete
/// costs the run nothing but room.
/// </summary>
/// <param name="store">The run's store.</param>
/// <param name="settings">Its spec, with the changes.</param>
/// <param name="lease">Its record.</param>
/// <param name="reporter">Told what is deleted, once, and what cannot be.</param>
internal sealed class CheckpointPruning(RunStore store, RunSettings settings, RunLease lease, RunReporter reporter)
{
    private bool _told;
    private string _trouble = "";
    private int _newest;

    /// <summary>Done when what was begun last has ended. Never fails.</summary>
    internal Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Takes note of a checkpoint that is in the store and in the run's record. One round at a time.</summary>
    /// <param name="version">Its version.</param>
    internal void Saved(int version)
    {
        _newest = version;
        if (Ended.IsCompleted)
        {
            Ended = PruneInTurnAsync();
        }
    }

    private async Task PruneInTurnAsync()
    {
        int done;
        do
        {
            done = _newest;
            if (settings.Newest.Checkpoint is { KeepLast: > 0 } spec)
            {
                await PruneAsync(done, spec);
            }
        }
        while (done != _newest);
    }

    private async Task PruneAsync(int version, CheckpointSection spec)
    {
        try
        {
            PruneOutcome outcome = await store.PruneBehindAsync(
                version, lease.Record.FirstVersion, spec.KeepLast, spec.KeepEvery > 0 ? spec.KeepEvery : null);
            if (outcome.Deleted.Count > 0 && !_told)
            {
                _told = true;
                reporter.Notice(
                    "older checkpoints go as newer ones are saved: of "
                        + $"{string.Join(", ", outcome.Kept.Concat(outcome.Deleted).Order())} there stay "
                    + $"{string.Join(", ", outcome.Kept)} (checkpoint.keepLast {spec.KeepLast}"
                    + $"{(spec.KeepEvery > 0 ? $", keepEvery {spec.KeepEvery}" : "")})");
            }
            _trouble = "";
        }
        catch (StorageException e)
        {
            if (_trouble != e.Message)
            {
                _trouble = e.Message;
                reporter.Notice($"older checkpoints stay, as they cannot be deleted: {e.Message}");
            }
        }
    }
}
