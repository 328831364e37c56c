using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <content>
/// Who drives the run: the controller that run.json names, as long as its process lives. Where that cannot be seen, as from another
/// machine, it counts as alive for a while after its last word. Whoever takes a run writes his name there under If-Match, and with
/// that the one before is fenced.
/// </content>
public sealed partial class RunGrain
{
    /// <summary>How long a controller that cannot be seen counts as alive after its last word in run.json.</summary>
    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(30);

    private const int MostTries = 3;

    /// <summary>How often a controller that has nothing else to write there gives its word.</summary>
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>Whether somebody else drives the run of a record, as far as can be told.</summary>
    private bool IsDriven(RunRecord record) =>
        record.State is RunState.Running or RunState.Paused && !owners.IsThis(record)
        && (owners.Lives(record) ?? time.GetUtcNow() - record.Updated < Lease);

    /// <summary>Leaves a run alone that somebody else drives.</summary>
    private void RefuseIfDriven(RunRecord record, Resumption how)
    {
        if (how.TakesOver && how.Version is { } version && owners.Lives(record) == true)
        {
            throw new RunException(
                $"run '{Id}' is driven by {owners.NameOf(record)}, which lives: what it writes until it hears of it would mix with what the run takes "
                + $"anew from version {version}. Stop it first (run stop {Id}, or end that process), then go back.");
        }
        if (how.TakesOver || !IsDriven(record))
        {
            return;
        }
        throw new RunException(owners.Lives(record) == true
            ? $"run '{Id}' is driven by {owners.NameOf(record)}, which lives on this machine; watch or stop it there, "
                + "or take the run over with --take-over if that hangs for good."
            : $"run '{Id}' is driven by {owners.NameOf(record)}, which gave word "
                + $"{Math.Max(0, (time.GetUtcNow() - record.Updated).TotalSeconds):0} s ago; after {Lease.TotalSeconds:0} s of silence it counts as dead, "
                + "and if you know that it is, take the run over with --take-over.");
    }

    /// <summary>Makes this activation the run's controller: whatever spoke before is fenced.</summary>
    /// <param name="how">From where.</param>
    /// <param name="isSuccessor">Whether it goes on for a controller that died, and nobody has told the run to go on.</param>
    private async Task TakeOver(Resumption how, bool isSuccessor)
    {
        string me = $"{silo.SiloAddress.ToParsableString()} {Guid.NewGuid():N}";
        for (int attempt = 1; ; attempt++)
        {
            RunRecord record = _stored!.Record;
            record = how.Version is not { } version
                ? record
                : record with { GoingBackTo = version, LatestCheckpoint = version, Result = OfItsBeginning(record.Result) };
            record = record with
            {
                State = _paused ? RunState.Paused : RunState.Running,
                Reason = _paused ? record.Reason : null,
                Epoch = record.Epoch + 1,
                Cluster = silo.ClusterId,
                Host = owners.Host,
                Controller = me,
                Since = record.Since == default ? time.GetUtcNow()
                    : isSuccessor ? record.Since : time.GetUtcNow() - (record.Updated - record.Since), // the time until it stopped counts on
                ResumedBy = how.Key.Length > 0 ? how.Key : record.ResumedBy,
            };
            if (await Store.UpdateAsync(record, _stored.ETag) is { } taken)
            {
                _stored = taken;
                return;
            }
            _stored = await Store.ReadAsync() ?? throw new RunException($"run '{Id}' is gone from {Store.Blobs.Location}.");
            // A last write of the one before may have changed or paused the run.
            (_settings, _paused) = (new RunSettings(_stored.Record), _stored.Record.State == RunState.Paused);
            if (attempt > MostTries || (!how.TakesOver && IsDriven(_stored.Record)))
            {
                throw new RunException($"run '{Id}' was taken over by another process at the same moment, which goes on with it.");
            }
        }
    }

    /// <summary>Drops what is newer than the version that the run goes back to. A controller that was killed amid it has left that to the next.</summary>
    /// <returns>What was dropped, for people; null when the run does not go back.</returns>
    private async Task<string?> GoBack()
    {
        if (_stored!.Record.GoingBackTo is not { } version)
        {
            return null;
        }
        (IReadOnlyList<int> checkpoints, IReadOnlyList<int> metrics) = await Store.DropAfterAsync(version);
        await WriteNow(record => record with { GoingBackTo = null });
        return $"the run goes back to version {version}: "
            + (checkpoints.Count == 0 ? "there is no later checkpoint" : $"its later checkpoints ({string.Join(", ", checkpoints)}) are dropped")
            + (metrics.Count == 0 ? "" : $", with the metrics of versions {metrics[0]} to {metrics[^1]}")
            + "; the steps after it are taken again, from the journal as far as it goes";
    }

    /// <summary>Gives word now and then, so that a controller on another machine can tell that this one lives.</summary>
    private async Task GiveWord(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(s_heartbeat, time, cancellationToken)
                .ConfigureAwait(AnyEnd);
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            if (time.GetUtcNow() - _stored!.Record.Updated >= s_heartbeat)
            {
                // A controller that turns out to be fenced hears of it from its outbox.
                await Write(static record => record).ConfigureAwait(AnyEnd);
            }
        }
    }
}
