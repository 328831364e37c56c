namespace Bgpo.Storage.Blobs;

/// <summary>
/// A store of named blobs: a local folder, or a cloud's. Every write is atomic and durable when its task completes; a reader sees
/// an old content or a new one, never a mix. All members may be called at the same time, also by other processes.
/// </summary>
/// <remarks>
/// Names are checked by <see cref="BlobName"/>. A name is never another name's folder ("a" and "a/b" exclude each other).
/// Blobs are at most a few shards large, so contents are whole memory blocks; <see cref="ReadRangeAsync"/> lets a caller read
/// one blob in parallel pieces. All members throw <see cref="StoreUnavailableException"/> when the store cannot be used now and
/// may heal, <see cref="StoreRefusedException"/> when it will not heal by itself, and <see cref="ArgumentException"/> for a name
/// that is not allowed. A put that ends in <see cref="StoreUnavailableException"/> may have been done.
/// </remarks>
public interface IBlobStore
{
    /// <summary>Where the store is, in the words of the <c>--store</c> option.</summary>
    string Location { get; }

    /// <summary>How the store has been doing for this process.</summary>
    StoreHealth Health => StoreHealth.Good;

    /// <summary>Reads a whole blob.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its content and ETag, or null when there is none.</returns>
    Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Reads part of a blob.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="offset">First byte, at least 0.</param>
    /// <param name="destination">Filled as far as the blob goes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Bytes read, 0 at or beyond the end, or null when there is no such blob.</returns>
    Task<int?> ReadRangeAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>Looks for a blob without reading it. What is found is durable.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its size and time, or null when there is none.</returns>
    Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Writes a blob unless there is one. Of several writers at the same time exactly one wins.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="content">Its content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The new ETag, or null when the blob was there already; then it is durable too.</returns>
    Task<string?> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Replaces a blob unless it changed since it was read.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="content">Its new content.</param>
    /// <param name="etag">ETag of the content that was read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The new ETag, or null when the blob changed or is gone.</returns>
    Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default);

    /// <summary>Writes a blob whether or not there is one. The last write wins.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="content">Its content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The new ETag.</returns>
    Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Lists blobs whose name starts with a prefix, in ordinal order of their names.</summary>
    /// <param name="prefix">For example <c>my-run/checkpoints/</c>; empty for all.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<BlobEntry> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>Lists the first name segments that have blobs beneath, in ordinal order: the runs of a store.</summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<string> ListFoldersAsync(CancellationToken cancellationToken = default);

    /// <summary>Deletes a blob.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>
    /// The same store for those who know that a blob is there, as the record of a run is. While it is not the store counts as
    /// unavailable: nothing is written, and nothing counts as absent.
    /// </summary>
    /// <param name="name">The blob's name.</param>
    IBlobStore Requiring(string name) => new RecordGuard(this, name);

    /// <summary>
    /// Whether the store is the one that this process first met there. Where another folder stands in its place, as beneath a
    /// disk that is not mounted, what is missing may come back; else it was deleted.
    /// </summary>
    Task<bool> IsSameAsync() => Task.FromResult(true);

    /// <summary>Removes what writers that died left behind beside the blobs, where a store has such things.</summary>
    /// <param name="prefix">A run's folder, for example <c>my-run/</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task TidyAsync(string prefix, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <summary>Removes a folder that has no blobs any more, where a store has such things.</summary>
    /// <param name="prefix">A run's folder, for example <c>my-run/</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task RemoveFolderAsync(string prefix, CancellationToken cancellationToken = default) => Task.CompletedTask;
}

/// <summary>A blob's content as read.</summary>
/// <param name="Content">The bytes.</param>
/// <param name="ETag">Equal ETags mean equal content.</param>
public sealed record Blob(ReadOnlyMemory<byte> Content, string ETag);

/// <summary>A blob in a listing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">When it was last written.</param>
public sealed record BlobEntry(string Name, long Size, DateTimeOffset Modified);
