using System.Runtime.CompilerServices;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <summary>The runs of a store.</summary>
/// <param name="blobs">The store.</param>
/// <param name="time">The clock for the runs that are opened here.</param>
public sealed class RunCatalog(IBlobStore blobs, TimeProvider? time = null)
{
    /// <summary>Records that are read at the same time: over a network each takes tens of milliseconds.</summary>
    private const int ReadsAtOnce = 32;

    /// <summary>Opens a run, which need not exist yet.</summary>
    /// <param name="runId">The run's id.</param>
    /// <exception cref="ArgumentException">The id is not allowed.</exception>
    public RunStore Run(string runId) => new(blobs, runId, time);

    /// <summary>Lists all runs in ordinal order of their ids. Folders that no run can have are none.</summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<CatalogEntry> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = new Queue<Task<CatalogEntry?>>();
        try
        {
            await foreach (string runId in blobs.ListFoldersAsync(cancellationToken).ConfigureAwait(false))
            {
                if (!BlobName.IsSegment(runId))
                {
                    continue;
                }

                reading.Enqueue(ReadAsync(runId, over.Token));
                if (reading.Count == ReadsAtOnce && await reading.Dequeue().ConfigureAwait(false) is { } entry)
                {
                    yield return entry;
                }
            }
            while (reading.TryDequeue(out Task<CatalogEntry?>? next))
            {
                if (await next.ConfigureAwait(false) is { } entry)
                {
                    yield return entry;
                }
            }
        }
        finally
        {
            // Those that nobody waits for any more: the listing failed, or whoever listed has left.
            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll((IEnumerable<Task>)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<CatalogEntry?> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        try
        {
            StoredRun? run = await Run(runId).ReadAsync(cancellationToken).ConfigureAwait(false);
            return run is null ? null : new CatalogEntry(runId, run.Record, null);
        }
        catch (StorageException exception) when (exception is not (StoreUnavailableException or StoreRefusedException))
        {
            // One bad run must not hide the others.
            return new CatalogEntry(runId, null, exception.Message) { IsNewer = exception is NewerFormatException };
        }
    }
}

/// <summary>What a run's blobs say, beyond its record.</summary>
/// <param name="Version">Newest version that has metrics or a checkpoint; 0 before the first.</param>
/// <param name="Checkpoints">Versions that have a manifest, ascending.</param>
/// <param name="Bytes">Size of all blobs.</param>
/// <param name="Newest">Newest readable metrics; null before the first.</param>
public sealed record RunOverview(int Version, IReadOnlyList<int> Checkpoints, long Bytes, StoredMetrics? Newest);

/// <summary>A run in the catalogue.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="Record">Its record, or null when that is bad.</param>
/// <param name="Fault">What is bad, or null.</param>
public sealed record CatalogEntry(string RunId, RunRecord? Record, string? Fault)
{
    /// <summary>Whether the record is not bad but of a format that only a newer version of this program reads.</summary>
    public bool IsNewer { get; init; }
}
