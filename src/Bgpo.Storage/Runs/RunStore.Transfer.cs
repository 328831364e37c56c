using System.Buffers;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Whole checkpoints: saved, loaded and forked a few shards at a time.</content>
public sealed partial class RunStore
{
    /// <summary>
    /// Saves shards, a few at the same time: as many are drawn from the source as are being written, so memory stays bounded.
    /// </summary>
    /// <param name="shards">The shards, made when they are drawn.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the blobs are durable.</param>
    /// <returns>Their entries, by index.</returns>
    public async Task<IReadOnlyList<ShardEntry>> SaveShardsAsync(
        IEnumerable<ShardState> shards, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shards);
        var entries = new List<ShardEntry>();
        await Parallel.ForEachAsync(shards, Few(ShardsAtOnce, cancellationToken), async (shard, token) =>
        {
            ShardEntry entry = await SaveShardAsync(shard, cancellationToken: token).ConfigureAwait(false);
            lock (entries)
            {
                entries.Add(entry);
            }
        }).ConfigureAwait(false);
        return [.. entries.OrderBy(entry => entry.Index)];
    }

    /// <summary>Loads all shards of a checkpoint, a few at the same time, and checks every hash.</summary>
    /// <param name="manifest">The checkpoint.</param>
    /// <param name="take">
    /// Takes each shard, in any order and several at the same time. Its arrays are used again for another as soon as this
    /// returns.
    /// </param>
    /// <param name="withMoments">Whether the moments are wanted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlobException">A blob is missing, cut or altered.</exception>
    public Task LoadShardsAsync(
        CheckpointManifest manifest, Action<ShardState> take, bool withMoments = true,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(take);
        return Parallel.ForEachAsync(manifest.Shards, Few(ShardsAtOnce, cancellationToken), async (entry, token) =>
        {
            int moments = withMoments && entry.Moments is not null ? entry.Elements : 0;
            List<float[]> rented = [];
            var shard = new ShardState(entry.Index, Rent(entry.Elements, rented), Rent(moments, rented), Rent(moments, rented));
            await LoadShardAsync(entry, shard, token).ConfigureAwait(false);
            take(shard);
            rented.ForEach(array => ArrayPool<float>.Shared.Return(array));
        });
    }

    /// <summary>
    /// An array of exactly that length: of the pool where it keeps such ones, as of a full shard's length, else a new one.
    /// </summary>
    private static float[] Rent(int length, List<float[]> rented)
    {
        float[] array = ArrayPool<float>.Shared.Rent(length);
        if (array.Length == length)
        {
            rented.Add(array);
            return array;
        }
        ArrayPool<float>.Shared.Return(array);
        return GC.AllocateUninitializedArray<float>(length);
    }

    /// <summary>A checkpoint that was asked for by its version, of which every byte is checked.</summary>
    /// <param name="version">The version; null for the newest whole one.</param>
    /// <param name="report">Told what is bad in newer checkpoints when the newest whole one is taken.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageException">There is none, or it is not whole; the message names what is bad.</exception>
    public async Task<CheckpointManifest> RequireCheckpointAsync(
        int? version, Action<string>? report = null, CancellationToken cancellationToken = default)
    {
        if (version is not { } wanted)
        {
            return await LatestWholeCheckpointAsync(report, cancellationToken: cancellationToken).ConfigureAwait(false)
                ?? throw new StorageException($"Run '{RunId}' has no whole checkpoint in '{Blobs.Location}'.");
        }
        IReadOnlyList<int> versions = await ListCheckpointsAsync(cancellationToken).ConfigureAwait(false);
        if (!versions.Contains(wanted))
        {
            throw new StorageException(
                $"Run '{RunId}' has no checkpoint of version {wanted} in '{Blobs.Location}'; there are: " +
                    $"{string.Join(", ", versions)}.");
        }
        CheckpointVerification found = await VerifyCheckpointAsync(wanted, cancellationToken).ConfigureAwait(false);
        return found.Faults is []
            ? found.Manifest!
            : throw new StorageException($"Checkpoint {wanted} of run '{RunId}' is not whole: {string.Join(" ", found.Faults)}");
    }

    /// <summary>
    /// Makes a checkpoint of another run this run's own, under the same version: this run goes on from there. Blobs that this run
    /// has are not copied, the others are read, checked and written; so a run never depends on another one's blobs. A batch that
    /// the version is amid of comes along with its journal; one that only begins there does not, as this run may sample it
    /// otherwise. Write the run's record after this, so that a fork that is cut short leaves no run.
    /// </summary>
    /// <param name="source">The other run; of the same store or another.</param>
    /// <param name="from">Its checkpoint, see <see cref="RequireCheckpointAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The manifest in this run.</returns>
    /// <exception cref="CorruptBlobException">A blob of the source is missing, cut or altered.</exception>
    /// <exception cref="StorageException">The source lacks the journal of the batch.</exception>
    public async Task<CheckpointManifest> ForkAsync(
        RunStore source, CheckpointManifest from, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(from);
        await ForEachBlobAsync(
            from,
            async (blob, token) => await source.UseBlobAsync(
                blob.Hash, blob.Bound, async content => await SaveBlobAsync(content, null, token).ConfigureAwait(false), token)
                    .ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        if (from.JournalPosition < from.Version)
        {
            JournalStep journal = await source.ReadJournalAsync(from.JournalPosition, cancellationToken).ConfigureAwait(false)
                ?? throw new StorageException(
                    $"Run '{source.RunId}' lacks the journal of step {from.JournalPosition}, whose batch version " +
                        $"{from.Version} is amid of.");
            await WriteJournalAsync(journal, cancellationToken).ConfigureAwait(false);
        }
        return await PublishCheckpointAsync(from, cancellationToken).ConfigureAwait(false);
    }

    private static ParallelOptions Few(int atOnce, CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };
}
