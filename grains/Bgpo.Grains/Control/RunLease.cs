using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>
/// Who controls a run: the controller that run.json names, as long as its process lives. Where that cannot be seen, as from
/// another machine, it counts as alive for a while after its last heartbeat. Whoever takes a run writes its name there under
/// If-Match, and with that the controller before is fenced.
/// </summary>
/// <param name="id">Run id.</param>
/// <param name="store">The run's store.</param>
/// <param name="owners">Tells whether a record's owner lives.</param>
/// <param name="silo">This silo.</param>
/// <param name="time">The clock.</param>
internal sealed class RunLease(string id, RunStore store, IRunOwners owners, ILocalSiloDetails silo, TimeProvider time)
{
    private const int MostTries = 3;

    /// <summary>How often a controller that has nothing else to write gives a heartbeat.</summary>
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>How long a record may be missing in a store that is there before the run counts as deleted.</summary>
    private static readonly TimeSpan s_missingPatience = TimeSpan.FromSeconds(5);

    private StoredRun? _stored;

    /// <summary>Since when the record is missing; null: it is there.</summary>
    private long? _missingSince;

    /// <summary>Run.json as it was last read or written here; null before.</summary>
    internal RunRecord? Known => _stored?.Record;

    /// <summary>Run.json, which has been read.</summary>
    internal RunRecord Record => _stored!.Record;

    /// <summary>Whether a call was made before, and its controller went with its silo: it is not done twice.</summary>
    /// <param name="how">The call.</param>
    /// <param name="record">The run's record.</param>
    internal static bool IsDone(Resumption how, RunRecord record) => how.Key.Length > 0 && record.ResumedBy == how.Key;

    /// <summary>Reads run.json.</summary>
    /// <exception cref="RunException">There is no such run.</exception>
    internal async Task<RunRecord> ReadAsync()
    {
        _stored = await store.ReadAsync()
            ?? throw new RunException($"there is no run '{id}' in {store.Blobs.Location}; `bgpo train` starts one.");
        return _stored.Record;
    }

    /// <summary>Whether another controller holds the run, as far as can be told.</summary>
    /// <param name="record">The run's record.</param>
    internal bool IsHeldByAnother(RunRecord record) =>
        record.State is RunState.Running or RunState.Paused && !owners.IsThis(record)
        && (owners.Lives(record) ?? time.GetUtcNow() - record.Updated < RunRecord.LeaseDuration);

    /// <summary>Leaves a run alone that another controller holds.</summary>
    /// <param name="how">How it is to go on.</param>
    /// <exception cref="RunException">Another holds it.</exception>
    internal void CheckFree(Resumption how)
    {
        RunRecord record = Record;
        if (TakesOver(how, record) && how.Version is { } version && owners.Lives(record) == true)
        {
            throw new RunException(
                $"run '{id}' is driven by {owners.NameOf(record)}, which lives: what it writes until it hears of it would mix " +
                    "with what the run takes "
                + $"anew from version {version}. Stop it first (run stop {id}, or end that process), then go back.");
        }
        if (TakesOver(how, record) || !IsHeldByAnother(record))
        {
            return;
        }
        throw new RunException(owners.Lives(record) == true
            ? $"run '{id}' is driven by {owners.NameOf(record)}, which lives on this machine; watch or stop it there, "
                + "or take the run over with --take-over if that hangs for good."
            : record.Updated - time.GetUtcNow() > RunRecord.LeaseDuration
            ? $"run '{id}' is driven by {owners.NameOf(record)}, whose clock is " +
                $"{(record.Updated - time.GetUtcNow()).TotalSeconds:0} s ahead of this one: "
                + "nobody can tell when it last gave word. Set both clocks by NTP; if you know that it is dead, take the run " +
                    "over with --take-over."
            : $"run '{id}' is driven by {owners.NameOf(record)}, which gave word "
                + $"{Math.Max(0, (time.GetUtcNow() - record.Updated).TotalSeconds):0} s ago; after " +
                    $"{RunRecord.LeaseDuration.TotalSeconds:0} s of silence it "
                + "counts as dead, and if you know that it is, take the run over with --take-over.");
    }

    /// <summary>Makes this activation the run's controller: whatever spoke before is fenced.</summary>
    /// <param name="how">From where.</param>
    /// <param name="isSuccessor">Whether it goes on for a controller that died, and nobody has told the run to go on.</param>
    /// <param name="beginsHistory">Whether the shards go back to a checkpoint: what they hold now does not count any
    /// more.</param>
    /// <returns>The spec, step by step, that the run goes on by.</returns>
    /// <exception cref="RunException">Another took it at the same moment.</exception>
    /// <exception cref="SpecException">Its changes are bad; the record is left as it is.</exception>
    internal async Task<RunSettings> TakeAsync(Resumption how, bool isSuccessor, bool beginsHistory)
    {
        string me = $"{silo.SiloAddress.ToParsableString()} {Guid.NewGuid():N}";
        for (int attempt = 1; ; attempt++)
        {
            var settings = new RunSettings(Record);
            if (await store.UpdateAsync(Taken(Record, how, isSuccessor, me, beginsHistory), _stored!.ETag) is { } taken)
            {
                _stored = taken;
                return settings;
            }
            // The last write of the controller before may have changed or paused the run.
            _stored = await store.ReadAsync() ?? throw new RunException($"run '{id}' is gone from {store.Blobs.Location}.");
            if (attempt > MostTries || (!TakesOver(how, Record) && IsHeldByAnother(Record)))
            {
                throw new RunException(
                    $"run '{id}' was taken over by another process at the same moment, which goes on with it.");
            }
        }
    }

    /// <summary>
    /// Drops what is newer than the version that the run goes back to. A controller that was killed before it had done so leaves
    /// it to the next.
    /// </summary>
    /// <returns>What was dropped, for people; null when the run does not go back.</returns>
    internal async Task<string?> GoBackAsync()
    {
        if (Record.GoingBackTo is not { } version)
        {
            return null;
        }
        (IReadOnlyList<int> checkpoints, IReadOnlyList<int> metrics) = await store.DropAfterAsync(version);
        await WriteAsync(record => record with { GoingBackTo = null });
        return $"the run goes back to version {version}: "
            + (checkpoints.Count == 0 ? "there is no later checkpoint"
                : $"its later checkpoints ({string.Join(", ", checkpoints)}) are dropped")
            + (metrics.Count == 0 ? "" : $", with the metrics of versions {metrics[0]} to {metrics[^1]}")
            + "; the steps after it are taken again, from the journal as far as it goes";
    }

    /// <summary>
    /// Begins a history: the shards go back to a checkpoint, and what they or other silos hold from before does not count any
    /// more.
    /// </summary>
    internal Task BeginHistoryAsync() => WriteAsync(static record => record with { History = record.History + 1 });

    /// <summary>
    /// Whether a controller of this cluster drives the run, or is to: it goes on from what the silos hold in memory. So where the
    /// store does not say.
    /// </summary>
    /// <param name="patience">How long the store may take to say.</param>
    internal async Task<bool> IsDrivenHereAsync(TimeSpan patience)
    {
        try
        {
            return await store.ReadAsync()
                .WaitAsync(patience, time) is { Record: { State: RunState.Running or RunState.Paused } record }
                && record.Identity == Record.Identity && owners.IsThis(record);
        }
        catch (Exception e) when (e is StorageException or TimeoutException)
        {
            return true;
        }
    }

    /// <summary>Changes run.json, unless another controller has.</summary>
    /// <param name="change">The change.</param>
    /// <exception cref="RunException">Another controller holds the run.</exception>
    /// <exception cref="Storage.Blobs.StoreUnavailableException">There is no run.json at the moment.</exception>
    internal async Task WriteAsync(Func<RunRecord, RunRecord> change)
    {
        while (true)
        {
            StoredRun before = _stored!;
            if (await store.UpdateAsync(change(before.Record), before.ETag) is { } written)
            {
                _missingSince = null;
                Replace(before, written);
                return;
            }
            if (IsStill(before))
            {
                // Else another write of this controller came between, and left what is newer.
                Replace(before, await ReadOwnAsync());
            }
        }
    }

    private bool IsStill(StoredRun before) => _stored!.ETag == before.ETag;

    /// <summary>Takes what follows a record, unless another write of this controller has left a newer one.</summary>
    private void Replace(StoredRun before, StoredRun after) => _stored = IsStill(before) ? after : _stored;

    /// <summary>Reads run.json, which must name this controller still.</summary>
    /// <exception cref="RunException">It names another.</exception>
    /// <exception cref="Storage.Blobs.StoreUnavailableException">It is not there at the moment.</exception>
    internal Task CheckAsync() => ReadOwnAsync();

    private static bool TakesOver(Resumption how, RunRecord record) =>
        how.TakesOver && (how.SilentSince.Length == 0 || record.Nonce == how.SilentSince);

    private async Task<StoredRun> ReadOwnAsync()
    {
        StoredRun found = await store.ReadAsync() ?? throw await MissingAsync();
        _missingSince = null;
        return found.Record.Controller == Record.Controller
            ? found
            : throw new RunException(
                $"run '{id}' was resumed by another process (epoch {Record.Epoch} is over), which goes on with it; this one " +
                    "stops.");
    }

    /// <summary>
    /// Missing is not fenced: the store, or the record, may come back. Only where the store is the one that it was, and the
    /// record stays away for a while, the run was deleted.
    /// </summary>
    private async Task<Exception> MissingAsync()
    {
        if (!await store.Blobs.IsSameAsync())
        {
            _missingSince = null;
            return store.RecordMissing();
        }
        _missingSince ??= time.GetTimestamp();
        return time.GetElapsedTime(_missingSince.Value) < s_missingPatience
            ? store.RecordMissing()
            : new RunException(
                $"run '{id}' was deleted: {store.Blobs.Location} is there, and the run's record is not, for "
                + $"{s_missingPatience.TotalSeconds:0} s now; this controller ends.");
    }

    /// <summary>Gives heartbeats, so that a controller on another machine can tell that this one lives.</summary>
    /// <param name="write">Writes run.json in order with everything else.</param>
    /// <param name="cancellationToken">Ends them.</param>
    internal async Task HeartbeatAsync(Func<Func<RunRecord, RunRecord>, Task> write, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(s_heartbeat, time, cancellationToken).AnyEnd();
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            if (time.GetUtcNow() - Record.Updated >= s_heartbeat)
            {
                // A controller that turns out to be fenced hears of it from its write queue.
                await write(static record => record).AnyEnd();
            }
        }
    }

    private RunRecord Taken(RunRecord record, Resumption how, bool isSuccessor, string controller, bool beginsHistory)
    {
        bool isPaused = record.IsPausedByRequest;
        DateTimeOffset now = time.GetUtcNow();
        if (how.Version is { } version)
        {
            record = record with
            {
                GoingBackTo = version,
                LatestCheckpoint = version,
                Result = RunResult.OfTheBase(record.Result)
            };
        }
        return record with
        {
            State = isPaused ? RunState.Paused : RunState.Running,
            Reason = isPaused ? record.Reason : null,
            HeldBy = null, // tried again
            Epoch = record.Epoch + 1,
            History = record.History + (beginsHistory ? 1 : 0),
            Cluster = silo.ClusterId,
            Host = owners.Host,
            Controller = controller,
            // The time until it stopped counts on.
            Since = record.Since == default ? now : isSuccessor ? record.Since : now - (record.Updated - record.Since),
            ResumedBy = how.Key.Length > 0 ? how.Key : record.ResumedBy,
        };
    }
}
