using System.Buffers;
using System.Collections.Concurrent;
using Bgpo.Safetensors;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>Shard blobs, each named by its content. Their bytes are in buffers that are used again and again.</content>
public sealed partial class RunStore
{
    /// <summary>More than the header of a shard's blob takes.</summary>
    private const int HeaderBound = 512;

    /// <summary>Looks for blobs at the same time: each is a short question, and a large checkpoint has thousands.</summary>
    private const int LooksAtOnce = 32;

    private string BlobNameOf(string hash) => $"{RunId}/blobs/{hash}.safetensors";

    /// <summary>A manifest's blobs, each once, and a size that none reaches.</summary>
    private static IEnumerable<(string Hash, int Bound)> BlobsOf(CheckpointManifest manifest) => manifest.Shards
        .SelectMany(shard => new (
            string? Hash, int Bound)[] { (shard.Weights, BoundOf(shard, 1)), (shard.Moments, BoundOf(shard, 2)) })
        .Where(blob => blob.Hash is not null)
        .DistinctBy(blob => blob.Hash)
        .Select(blob => (blob.Hash!, blob.Bound));

    // No manifest has a shard so large that this overflows.
    private static int BoundOf(ShardEntry shard, int tensors) =>
        checked((shard.Elements * sizeof(float) * tensors) + HeaderBound);

    private static Task ForEachBlobAsync(
        CheckpointManifest manifest, Func<(string Hash, int Bound), CancellationToken, ValueTask> visit,
        CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(BlobsOf(manifest), Few(BlobsAtOnce, cancellationToken), visit);

    /// <summary>Writes tensors of a shard as a blob.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="known">A blob that this process has found or made whole before; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The blob's hash.</returns>
    private async Task<string> SaveTensorsAsync(SafetensorsTensor[] tensors, string? known, CancellationToken cancellationToken)
    {
        int bound = checked((int)tensors.Sum(tensor => tensor.ByteLength) + HeaderBound);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(bound);
        using var stream = new MemoryStream(buffer, 0, bound);
        SafetensorsWriter.Write(stream, tensors);
        string hash = await SaveBlobAsync(buffer.AsMemory(0, (int)stream.Position), known, cancellationToken)
            .ConfigureAwait(false);
        // Not where it failed: an attempt that was given up may still read it.
        ArrayPool<byte>.Shared.Return(buffer);
        return hash;
    }

    private async Task<string> SaveBlobAsync(ReadOnlyMemory<byte> content, string? known, CancellationToken cancellationToken)
    {
        string hash = Sha256Text.Of(content.Span);
        string name = BlobNameOf(hash);
        // A look spares sending what has not changed since this process last saved it.
        if (hash == known && await Blobs.FindAsync(name, cancellationToken)
            .ConfigureAwait(false) is { } found && found.Size == content.Length)
        {
            return hash;
        }
        // A bad blob of that name is replaced: a run that went back past it heals here.
        if (await Blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false) is null
            && !await HoldsAsync(name, content, cancellationToken).ConfigureAwait(false))
        {
            _ = await Blobs.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        return hash;
    }

    private async Task<bool> HoldsAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(content.Length + 1);
        int? read = await Blobs.ReadRangeAsync(name, 0, buffer.AsMemory(0, content.Length + 1), cancellationToken)
            .ConfigureAwait(false);
        bool same = read == content.Length && content.Span.SequenceEqual(buffer.AsSpan(0, content.Length));
        ArrayPool<byte>.Shared.Return(buffer);
        return same;
    }

    /// <summary>Reads a blob and checks its hash. Its bytes are good as long as <paramref name="use"/> runs.</summary>
    /// <exception cref="CorruptBlobException">It is missing, cut or altered.</exception>
    private async Task UseBlobAsync(
        string hash, int bound, Func<ArraySegment<byte>, ValueTask> use, CancellationToken cancellationToken)
    {
        string name = BlobNameOf(hash);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(bound);
        int read = await Blobs.ReadRangeAsync(name, 0, buffer.AsMemory(0, bound), cancellationToken).ConfigureAwait(false)
            ?? throw new CorruptBlobException(name, "is missing");
        if (read == bound || Sha256Text.Of(buffer.AsSpan(0, read)) != hash)
        {
            throw new CorruptBlobException(
                name, $"is truncated or altered: its {(read == bound ? "more than " : "")}{read} bytes do not make its name");
        }
        if (read < bound - HeaderBound)
        {
            throw new CorruptBlobException(name, $"has {read} bytes; its manifest says {bound - HeaderBound} of numbers alone");
        }
        await use(new ArraySegment<byte>(buffer, 0, read)).ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Looks for a manifest's blobs, and for no others: a run that goes on for long has many more.</summary>
    /// <returns>The names of those that are so old that a prune may have its eye on them.</returns>
    /// <exception cref="CorruptBlobException">One is missing.</exception>
    private async Task<IReadOnlyList<string>> CheckPresentAsync(
        CheckpointManifest manifest, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        DateTimeOffset recent = _time.GetUtcNow() - (UploadTime / 2);
        var old = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(names, Few(LooksAtOnce, cancellationToken), async (name, token) =>
        {
            if (await Blobs.FindAsync(name, token).ConfigureAwait(false) is not { } found)
            {
                throw new CorruptBlobException(name, $"is missing; save all shards of version {manifest.Version} first");
            }
            if (found.Modified < recent)
            {
                old.Add(name);
            }
        }).ConfigureAwait(false);
        return [.. old];
    }
}
