using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Deletion of a whole run.</content>
public sealed partial class RunStore
{
    /// <summary>What the record of a run says that is being deleted: one that was cut short amid that.</summary>
    public const string BeingDeleted = "being deleted";

    /// <summary>
    /// Deletes the run. Its record is marked first, which fences whoever still holds it; then go the manifests, so that nothing
    /// of it can be resumed, then all else, and the record last: a deletion that is cut short can be done again.
    /// </summary>
    /// <param name="run">The run as read; the caller has seen that nobody drives it.</param>
    /// <param name="cancellationToken">Ends the work between two deletions.</param>
    /// <returns>False where somebody took the run meanwhile.</returns>
    public async Task<bool> DeleteAsync(StoredRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        RunRecord marked = run.Record with
        {
            State = RunState.Stopped,
            Reason = BeingDeleted,
            Epoch = run.Record.Epoch + 1,
            Controller = "",
            LatestCheckpoint = null,
        };
        if (await UpdateAsync(marked, run.ETag, cancellationToken).ConfigureAwait(false) is not { } ours)
        {
            return false;
        }
        foreach (string folder in new[] { $"{RunId}/checkpoints/", $"{RunId}/" })
        {
            List<string> names = [];
            await foreach (BlobEntry blob in Blobs.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                names.Add(blob.Name);
            }
            if ((await ReadAsync(cancellationToken).ConfigureAwait(false))?.ETag != ours.ETag)
            {
                return false;
            }
            foreach (string name in names.Where(name => name != RecordName).Reverse())
            {
                FaultPoint.Hit(StorageFaults.RunDelete);
                _ = await Blobs.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
            }
        }
        if ((await ReadAsync(cancellationToken).ConfigureAwait(false))?.ETag != ours.ETag)
        {
            return false;
        }
        _ = await Blobs.DeleteAsync(RecordName, cancellationToken).ConfigureAwait(false);
        await Blobs.RemoveFolderAsync($"{RunId}/", cancellationToken).ConfigureAwait(false);
        return true;
    }
}
