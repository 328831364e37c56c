using System.Globalization;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Pruning: what no manifest names may go, and the manifests that nobody wants to keep.</content>
public sealed partial class RunStore
{
    /// <summary>Age below which an unnamed blob may belong to an upload whose manifest comes yet.</summary>
    public static TimeSpan UploadTime { get; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Deletes checkpoints beyond those to keep, then blobs that no manifest names. The newest whole checkpoint is always kept.
    /// Safe beside a controller that saves: blobs younger than <see cref="UploadTime"/> stay, each is looked at again just before
    /// it goes, and a checkpoint that is published checks its blobs afterwards. While a manifest cannot be read, no blob is
    /// deleted: it may name any. Cut short at any moment, it leaves whole what it meant to keep; the next prune does the rest.
    /// </summary>
    /// <param name="keepLast">Newest checkpoints to keep, at least 1.</param>
    /// <param name="keepEvery">Keep versions that this divides, too; null for none.</param>
    /// <param name="dryRun">Only say what would go.</param>
    /// <param name="cancellationToken">Ends the work between two deletions.</param>
    /// <exception cref="StorageException">The run is going back to an older version, or begins to meanwhile.</exception>
    public async Task<PruneOutcome> PruneAsync(
        int keepLast, int? keepEvery, bool dryRun = false, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keepLast, 1);
        if (keepEvery is { } every)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(every, 1, nameof(keepEvery));
        }

        List<string> notes = [];
        long? epoch = await SettledEpochAsync(null, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<int> versions = await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        if (await LatestWholeCheckpointAsync(notes.Add,
            cancellationToken: cancellationToken).ConfigureAwait(false) is not { } whole)
        {
            notes.AddRange(versions.Count > 0 ? [$"Run '{RunId}' has no whole checkpoint: nothing is deleted."] : []);
            return new PruneOutcome([.. versions], [], 0, 0, notes);
        }
        return await PruneAsync(versions, [whole.Version], (keepLast, keepEvery), epoch, dryRun, notes,
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same, for the run's controller, which has just published a checkpoint: that one and the run's first stay, and none is
    /// read through again to see whether it is whole.
    /// </summary>
    /// <param name="published">Version of the checkpoint that was published.</param>
    /// <param name="first">The run's first version.</param>
    /// <param name="keepLast">Newest checkpoints to keep, at least 1.</param>
    /// <param name="keepEvery">Keep versions that this divides, too; null for none.</param>
    /// <param name="cancellationToken">Ends the work between two deletions.</param>
    /// <exception cref="StorageException">Another controller has taken the run, or it is going back to an older
    /// version.</exception>
    public async Task<PruneOutcome> PruneBehindAsync(
        int published, int first, int keepLast, int? keepEvery, CancellationToken cancellationToken = default)
    {
        long? epoch = await SettledEpochAsync(null, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<int> versions = await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        return await PruneAsync(versions, [published, first], (keepLast, keepEvery), epoch, dryRun: false, [],
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<PruneOutcome> PruneAsync(
        IReadOnlyList<int> versions, int[] needed, (int Last, int? Every) keep, long? epoch, bool dryRun, List<string> notes,
        CancellationToken cancellationToken)
    {
        HashSet<int> kept = [.. needed, .. versions.TakeLast(keep.Last),
            .. versions.Where(version => keep.Every is { } n && version % n == 0)];
        int[] deleted = [.. versions.Where(version => !kept.Contains(version))];
        foreach (int version in deleted.Where(_ => !dryRun))
        {
            await SettledEpochAsync(epoch, cancellationToken).ConfigureAwait(false);
            FaultPoint.Hit(StorageFaults.PruneDelete);
            _ = await Blobs.DeleteAsync(ManifestName(version), cancellationToken).ConfigureAwait(false);
        }
        (int blobs, long bytes) = await PruneBlobsAsync([.. deleted], dryRun, notes, cancellationToken).ConfigureAwait(false);
        return new PruneOutcome([.. versions.Except(deleted)], deleted, blobs, bytes, notes);
    }

    /// <summary>The epoch of a run that does not go back. One that goes back needs older checkpoints than it has now.</summary>
    /// <param name="before">The epoch when the prune began; null: it begins.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<long?> SettledEpochAsync(long? before, CancellationToken cancellationToken)
    {
        RunRecord? record = (await ReadAsync(cancellationToken).ConfigureAwait(false))?.Record;
        if (record?.GoingBackTo is { } version)
        {
            throw new StorageException(
                $"Run '{RunId}' is going back to version {version}; resume it, and prune when it has gone on.");
        }

        return before is null || record?.Epoch == before
            ? record?.Epoch
            : throw new StorageException($"Run '{RunId}' was resumed while it was pruned; prune again.");
    }

    private async Task<(int Count, long Bytes)> PruneBlobsAsync(
        HashSet<int> deleted, bool dryRun, List<string> notes, CancellationToken cancellationToken)
    {
        string folder = $"{RunId}/blobs/";
        List<BlobEntry> blobs = [];
        await foreach (BlobEntry blob in Blobs.ListAsync(folder, cancellationToken).ConfigureAwait(false))
        {
            blobs.Add(blob);
        }
        // After the blobs: a manifest that came in between names its blobs here.
        if (await NamedBlobsAsync(deleted, notes, cancellationToken).ConfigureAwait(false) is not { } named)
        {
            return (0, 0);
        }

        DateTimeOffset before = _time.GetUtcNow() - UploadTime;
        int count = 0;
        long bytes = 0;
        foreach (BlobEntry blob in blobs.Where(blob => !named.Contains(blob.Name) && blob.Modified <= before))
        {
            if (!dryRun)
            {
                if (await Blobs.FindAsync(blob.Name, cancellationToken)
                    .ConfigureAwait(false) is not { } now || now.Modified > before)
                {
                    continue;
                }

                FaultPoint.Hit(StorageFaults.PruneDelete);
                _ = await Blobs.DeleteAsync(blob.Name, cancellationToken).ConfigureAwait(false);
            }
            count++;
            bytes += blob.Size;
        }
        return (count, bytes);
    }

    /// <summary>Names of the blobs of all manifests but some; null when one cannot be read.</summary>
    private async Task<HashSet<string>?> NamedBlobsAsync(
        HashSet<int> but, List<string> notes, CancellationToken cancellationToken)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (int version in await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (but.Contains(version))
            {
                continue;
            }

            try
            {
                if (await ReadManifestAsync(version, cancellationToken).ConfigureAwait(false) is { } manifest)
                {
                    named.UnionWith(BlobsOf(manifest).Select(blob => BlobNameOf(blob.Hash)));
                }
            }
            catch (CorruptBlobException exception)
            {
                notes.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{exception.Message} It may name any blob, so none is deleted; take steps to version {version} again, or delete it."));
                return null;
            }
        }
        return named;
    }
}

/// <summary>What a prune did, or would do.</summary>
/// <param name="Kept">Versions whose checkpoints stay.</param>
/// <param name="Deleted">Versions whose checkpoints go.</param>
/// <param name="Blobs">Blobs that go.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Notes">What was found damaged, one line each.</param>
public sealed record PruneOutcome(
    IReadOnlyList<int> Kept, IReadOnlyList<int> Deleted, int Blobs, long Bytes, IReadOnlyList<string> Notes);
