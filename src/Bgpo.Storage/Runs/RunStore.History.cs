using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Going back to an older version.</content>
public sealed partial class RunStore
{
    /// <summary>
    /// Deletes the checkpoints and the metrics of versions after one, newest first: what this run, gone back, has not done. Blobs
    /// stay until a prune, and the journal stays for good: both are what taking the steps again makes, or is spared by. Cut short
    /// at any moment it can be done again.
    /// </summary>
    /// <param name="version">The version to go back to.</param>
    /// <param name="cancellationToken">Ends the work between two deletions.</param>
    /// <returns>Versions whose checkpoints and metrics are gone, ascending.</returns>
    public async Task<(IReadOnlyList<int> Checkpoints, IReadOnlyList<int> Metrics)> DropAfterAsync(
        int version, CancellationToken cancellationToken = default)
    {
        int[] checkpoints = [
            .. (await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false)).Where(later => later > version)];
        int[] metrics = [.. (await ListMetricsAsync(cancellationToken).ConfigureAwait(false)).Where(later => later > version)];
        foreach (string name in checkpoints.Reverse().Select(ManifestName).Concat(metrics.Reverse().Select(MetricsName)))
        {
            FaultPoint.Hit(StorageFaults.GoBackDelete);
            _ = await Blobs.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
        return (checkpoints, metrics);
    }

    /// <summary>Deletes the journal of the steps after one, newest first. Cut short at any moment it can be done again.</summary>
    /// <param name="step">The last step whose journal stays; -1 for none.</param>
    /// <param name="cancellationToken">Ends the work between two deletions.</param>
    public async Task DropJournalAfterAsync(int step, CancellationToken cancellationToken = default)
    {
        foreach (int later in (await ListJournalAsync(cancellationToken).ConfigureAwait(false)).Where(later => later > step)
            .Reverse())
        {
            _ = await Blobs.DeleteAsync(JournalName(later), cancellationToken).ConfigureAwait(false);
        }
    }
}
