using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>
/// Has every shard of a run stand at one version: the newest that they hold, or can step back to, or have from a replica, and of
/// which the store has every record before it; else the newest whole checkpoint's, from where the journal is replayed.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="store">Its store.</param>
/// <param name="lease">Its record.</param>
/// <param name="roster">The silos.</param>
/// <param name="grains">Where accumulators are found.</param>
/// <param name="reporter">Told what is noticed and tried again.</param>
/// <param name="time">Clock and timers.</param>
internal sealed class ShardRestorer(
    RunContext run, RunStore store, RunLease lease, SiloRoster roster, IGrainFactory grains, RunReporter reporter,
    TimeProvider time)
{
    /// <summary>Times that shards are asked where they stand before a run that nobody controls is left to itself.</summary>
    private const int MostSurveys = 25;

    /// <summary>Tries to place the shards anew before the run gives up: two minutes' worth at five a second.</summary>
    private const int MostRecoveries = 600;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Told of a store that does not answer, and with null that it did.</summary>
    internal Action<StorageException?> OnTrouble { get; set; } = static _ => { };

    /// <summary>The newest whole checkpoint; where the run goes back, of those that it keeps.</summary>
    /// <exception cref="RunException">There is none.</exception>
    internal async Task<CheckpointManifest> NewestCheckpointAsync() =>
        await store.LatestWholeCheckpointAsync(reporter.Notice, lease.Record.GoingBackTo ?? int.MaxValue)
            ?? throw new RunException($"run '{run.Id}' has no whole checkpoint in {store.Blobs.Location}; it cannot be resumed.");

    /// <summary>Whether the shards can stand at some version without a checkpoint; tried again while silos come and go.</summary>
    internal async Task<bool> CanStandAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await FindAsync(committed: null) is not null;
            }
            catch (Exception e) when (attempt < MostSurveys && e is (TimeoutException or OrleansException))
            {
                reporter.Retried("shards", e.Message);
                await Task.Delay(s_pause, time);
            }
        }
    }

    /// <summary>Restores every shard.</summary>
    /// <param name="checkpoint">The checkpoint to load where one is known to be needed; null: only if nothing better is
    /// found.</param>
    /// <param name="committed">The version that this controller has committed; null: the shards' versions are another
    /// controller's work.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The version they stand at, and the checkpoint that was loaded; null when the store was not needed.</returns>
    internal async Task<(int Version, CheckpointManifest? Loaded)> RestoreAsync(
        CheckpointManifest? checkpoint, int? committed, CancellationToken cancellationToken)
    {
        // A run that is known to go back has its new history already. One that takes the step in work again keeps its own.
        bool beginsHistory = checkpoint is null;
        int recoveries = 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (checkpoint is null && await FindAsync(committed) is { } held)
                {
                    await Shards().Load(held);
                    OnTrouble(null);
                    return (held.Version, null);
                }
                checkpoint ??= await NewestCheckpointAsync();
                if (beginsHistory && (committed is not { } version || checkpoint.Version < version))
                {
                    await lease.BeginHistoryAsync();
                    beginsHistory = false;
                }
                await Shards().Load(checkpoint, await roster.All());
                OnTrouble(null);
                return (checkpoint.Version, checkpoint);
            }
            catch (Exception e) when (
                recoveries < MostRecoveries && e is (StaleVersionException or TimeoutException or OrleansException))
            {
                recoveries++;
                reporter.Retried("shards", e.Message);
                await Task.Delay(s_pause, time, cancellationToken);
            }
            catch (StorageException e) when (WriteQueue.IsTransient(e) || e is StoreRefusedException)
            {
                OnTrouble(e);
                await Task.Delay(WriteQueue.Pause(attempt), time, cancellationToken);
            }
        }
    }

    private ShardSet Shards() => new(grains, run, lease.Record.Epoch) { History = lease.Record.History };

    /// <summary>
    /// The newest version that the shards can stand at without a checkpoint; null when there is none, when a checkpoint is newer,
    /// or when the store lacks records of the steps before it, which only a replay can make again.
    /// </summary>
    private async Task<HeldVersion?> FindAsync(int? committed)
    {
        IReadOnlyList<HeldVersion> versions = await Shards().FindHeldVersions(await roster.StateHolders());
        if (committed is { } version)
        {
            // A commit that was cut short may have reached every shard; its step is taken again, for its record, which this
            // controller still has.
            return versions.FirstOrDefault(one => one.Version <= version && one.Version >= (lease.Record.LatestCheckpoint ?? 0));
        }
        if (versions.Count == 0)
        {
            return null;
        }
        int newest = (await store.ListCheckpointsAsync()).DefaultIfEmpty(-1).Max();
        var journal = (await store.ListJournalAsync()).ToHashSet();
        var metrics = (await store.ListMetricsAsync()).ToHashSet();
        bool Recorded(int version) => Enumerable.Range(newest, version - newest)
            .All(step => journal.Contains(run.Plan.BatchStep(step)) && metrics.Contains(step + 1));
        return versions.FirstOrDefault(one => one.Version >= newest && Recorded(one.Version));
    }
}
