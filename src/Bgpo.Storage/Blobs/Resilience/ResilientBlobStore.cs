using System.Runtime.CompilerServices;

namespace Bgpo.Storage.Blobs.Resilience;

/// <summary>
/// A blob store whose operations are retried while they may heal. A conditional put whose answer was lost may have been done, and
/// then its retry meets its own bytes: that is a success, found by reading them.
/// </summary>
internal sealed class ResilientBlobStore : IBlobStore
{
    private readonly IBlobStore _store;
    private readonly StorePipeline _pipeline;

    /// <param name="store">The store that is tried.</param>
    /// <param name="patience">How long.</param>
    /// <param name="time">Clock and timers.</param>
    public ResilientBlobStore(IBlobStore store, StorePatience patience, TimeProvider? time = null)
    {
        _store = store;
        _pipeline = new StorePipeline(store.Location, patience, time ?? TimeProvider.System);
    }

    private ResilientBlobStore(IBlobStore store, StorePipeline pipeline) => (_store, _pipeline) = (store, pipeline);

    /// <inheritdoc/>
    public string Location => _store.Location;

    /// <inheritdoc/>
    public StoreHealth Health => _pipeline.Watch.Health;

    /// <inheritdoc/>
    public Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default) =>
        // The size is not known before; a blob is a few shards at most.
        RunAsync($"read '{name}'", 8 << 20, token => _store.GetAsync(name, token), cancellationToken);

    /// <inheritdoc/>
    public Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        RunAsync($"read '{name}'", destination.Length, token => _store.ReadRangeAsync(name, offset, destination, token),
            cancellationToken);

    /// <inheritdoc/>
    public Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        RunAsync($"look for '{name}'", 0, token => _store.FindAsync(name, token), cancellationToken);

    /// <inheritdoc/>
    public Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        PutAsync(name, content, token => _store.PutIfAbsentAsync(name, content, token), cancellationToken);

    /// <inheritdoc/>
    public Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default) =>
        PutAsync(name, content, token => _store.PutIfUnchangedAsync(name, content, etag, token), cancellationToken);

    /// <inheritdoc/>
    public Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        RunAsync($"write '{name}'", content.Length, token => _store.PutAsync(name, content, token), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (BlobEntry entry in await GatherAsync(
            $"list '{prefix}'", token => _store.ListAsync(prefix, token), cancellationToken)
            .ConfigureAwait(false))
        {
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListFoldersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (string folder in await GatherAsync("list folders", _store.ListFoldersAsync, cancellationToken)
            .ConfigureAwait(false))
        {
            yield return folder;
        }
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        // Deleted by an attempt whose answer was lost is deleted by this call.
        _pipeline.RunAsync(
            $"delete '{name}'", 0, async (again, token) =>
                await _store.DeleteAsync(name, token).ConfigureAwait(false) || again, cancellationToken);

    /// <inheritdoc/>
    public IBlobStore Requiring(string name) => new ResilientBlobStore(_store.Requiring(name), _pipeline);

    /// <inheritdoc/>
    public Task<bool> IsSameAsync() => _store.IsSameAsync();

    /// <inheritdoc/>
    public Task TidyAsync(string prefix, CancellationToken cancellationToken = default) =>
        _store.TidyAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveFolderAsync(string prefix, CancellationToken cancellationToken = default) =>
        _store.RemoveFolderAsync(prefix, cancellationToken);

    /// <summary>A listing is gathered whole, so that a retry gives nothing twice.</summary>
    private Task<List<T>> GatherAsync<T>(
        string action, Func<CancellationToken, IAsyncEnumerable<T>> list, CancellationToken cancellationToken) =>
        RunAsync(action, 8 << 20, async token =>
        {
            var items = new List<T>();
            await foreach (T item in list(token).ConfigureAwait(false))
            {
                items.Add(item);
            }

            return items;
        }, cancellationToken);

    private Task<string?> PutAsync(
        string name, ReadOnlyMemory<byte> content, Func<CancellationToken, Task<string?>> put,
        CancellationToken cancellationToken) =>
        _pipeline.RunAsync($"write '{name}'", content.Length, async (again, token) =>
        {
            if (await put(token).ConfigureAwait(false) is { } etag)
            {
                return etag;
            }

            return again && await _store.GetAsync(name, token)
                .ConfigureAwait(false) is { } found && found.Content.Span.SequenceEqual(content.Span)
                ? found.ETag
                : null;
        }, cancellationToken);

    private Task<T> RunAsync<T>(
        string action, long bytes, Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken) =>
        _pipeline.RunAsync(action, bytes, (_, token) => operation(token), cancellationToken);
}
