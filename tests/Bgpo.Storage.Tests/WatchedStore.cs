using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Tests;

/// <summary>A store that tells of each call before it is made, and may have it wait.</summary>
/// <param name="store">The store.</param>
/// <param name="before">Told the method and the name or prefix.</param>
internal sealed class WatchedStore(IBlobStore store, Func<string, string, Task> before) : IBlobStore
{
    public string Location => store.Location;

    public async Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        await before(nameof(GetAsync), name).WaitAsync(cancellationToken);
        return await store.GetAsync(name, cancellationToken);
    }

    public async Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await before(nameof(ReadRangeAsync), name);
        return await store.ReadRangeAsync(name, offset, destination, cancellationToken);
    }

    public async Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        await before(nameof(FindAsync), name);
        return await store.FindAsync(name, cancellationToken);
    }

    public async Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await before(nameof(PutIfAbsentAsync), name);
        return await store.PutIfAbsentAsync(name, content, cancellationToken);
    }

    public async Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default)
    {
        await before(nameof(PutIfUnchangedAsync), name);
        return await store.PutIfUnchangedAsync(name, content, etag, cancellationToken);
    }

    public async Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await before(nameof(PutAsync), name);
        return await store.PutAsync(name, content, cancellationToken);
    }

    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await before(nameof(ListAsync), prefix);
        await foreach (BlobEntry entry in store.ListAsync(prefix, cancellationToken))
        {
            yield return entry;
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(CancellationToken cancellationToken = default) =>
        store.ListFoldersAsync(cancellationToken);

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        store.DeleteAsync(name, cancellationToken);
}
