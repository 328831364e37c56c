using System.Runtime.CompilerServices;

namespace Bgpo.Storage.Blobs;

/// <summary>
/// The store of a run that is known to exist. While the run's record is not there the store counts as unavailable: nothing is
/// written, as it could be the bare folder beneath a disk that is not mounted, and nothing counts as absent.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="record">Name of the run's record.</param>
internal sealed class RecordGuard(IBlobStore blobs, string record) : IBlobStore
{
    /// <inheritdoc/>
    public string Location => blobs.Location;

    /// <inheritdoc/>
    public StoreHealth Health => blobs.Health;

    /// <summary>What is said of a store that is there without the record.</summary>
    /// <param name="location">The store.</param>
    /// <param name="record">Name of the record.</param>
    public static StoreUnavailableException Missing(string location, string record) => new(
        $"Store '{location}': it is there, but '{record}' is gone: emptied, or its disk is not mounted. Nothing is written " +
            "until it is "
        + "back.")
    {
        IsOfOneRun = true,
    };

    /// <inheritdoc/>
    public async Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default) =>
        await blobs.GetAsync(name, cancellationToken).ConfigureAwait(false)
            ?? await AbsentAsync<Blob?>(null, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        await blobs.ReadRangeAsync(name, offset, destination, cancellationToken).ConfigureAwait(false)
            ?? await AbsentAsync<int?>(null, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        await blobs.FindAsync(name, cancellationToken).ConfigureAwait(false)
            ?? await AbsentAsync<BlobEntry?>(null, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await RequireAsync(cancellationToken).ConfigureAwait(false);
        return await blobs.PutIfAbsentAsync(name, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default) =>
        await blobs.PutIfUnchangedAsync(name, content, etag, cancellationToken).ConfigureAwait(false)
            ?? await AbsentAsync<string?>(null, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await RequireAsync(cancellationToken).ConfigureAwait(false);
        return await blobs.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<BlobEntry> found = [];
        await foreach (BlobEntry entry in blobs.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            found.Add(entry);
        }
        // What is not listed counts as absent, too.
        await RequireAsync(cancellationToken).ConfigureAwait(false);
        foreach (BlobEntry entry in found)
        {
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListFoldersAsync(CancellationToken cancellationToken = default) =>
        blobs.ListFoldersAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        await blobs.DeleteAsync(name, cancellationToken).ConfigureAwait(false)
        || await AbsentAsync(false, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<bool> IsSameAsync() => blobs.IsSameAsync();

    /// <inheritdoc/>
    public Task TidyAsync(string prefix, CancellationToken cancellationToken = default) =>
        blobs.TidyAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveFolderAsync(string prefix, CancellationToken cancellationToken = default) =>
        blobs.RemoveFolderAsync(prefix, cancellationToken);

    private async Task<T> AbsentAsync<T>(T absent, CancellationToken cancellationToken)
    {
        await RequireAsync(cancellationToken).ConfigureAwait(false);
        return absent;
    }

    private async Task RequireAsync(CancellationToken cancellationToken)
    {
        if (await blobs.ReadRangeAsync(record, 0, Memory<byte>.Empty, cancellationToken).ConfigureAwait(false) is null)
        {
            throw Missing(Location, record);
        }
    }
}
