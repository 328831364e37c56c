using System.Runtime.CompilerServices;
using Bgpo.Storage.Blobs;

namespace Bgpo.Grains.Tests;

/// <summary>
/// A store that takes and gives nothing while it is away, never takes some blobs, and may take its time over others.
/// </summary>
internal sealed class AbsentStore(
    IBlobStore store, Func<bool> away, Func<string, bool>? refuses = null, Func<string, Task>? before = null) : IBlobStore
{
    /// <summary>Done before a write under a condition, with its content.</summary>
    internal Func<string, ReadOnlyMemory<byte>, Task> BeforeWrite { get; init; } = static (_, _) => Task.CompletedTask;

    /// <summary>Done before the answer to a write under a condition is given.</summary>
    internal Func<ReadOnlyMemory<byte>, Task> BeforeAnswer { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Done before blobs are listed.</summary>
    internal Func<string, Task> BeforeList { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Whether it cannot be tidied up.</summary>
    internal bool TidyFails { get; init; }

    public string Location => store.Location;

    public StoreHealth Health => store.Health;

    public Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default) =>
        There().GetAsync(name, cancellationToken);

    public Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        There().ReadRangeAsync(name, offset, destination, cancellationToken);

    public Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        There().FindAsync(name, cancellationToken);

    public async Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await (before?.Invoke(name) ?? Task.CompletedTask);
        await BeforeWrite(name, content);
        return await There().PutIfAbsentAsync(name, content, cancellationToken);
    }

    public async Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default)
    {
        await (before?.Invoke(name) ?? Task.CompletedTask);
        await BeforeWrite(name, content);
        string? written = await There().PutIfUnchangedAsync(name, content, etag, cancellationToken);
        await BeforeAnswer(content);
        return written;
    }

    public async Task<string> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        await (before?.Invoke(name) ?? Task.CompletedTask);
        return refuses?.Invoke(name) == true
            ? throw new StorageException($"{name} is refused") : await There().PutAsync(name, content, cancellationToken);
    }

    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await BeforeList(prefix);
        await foreach (BlobEntry entry in There().ListAsync(prefix, cancellationToken))
        {
            yield return entry;
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(CancellationToken cancellationToken = default) =>
        There().ListFoldersAsync(cancellationToken);

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        There().DeleteAsync(name, cancellationToken);

    public Task TidyAsync(string prefix, CancellationToken cancellationToken = default) =>
        TidyFails ? throw new StorageException($"{prefix} cannot be tidied") : There().TidyAsync(prefix, cancellationToken);

    private IBlobStore There() => away() ? throw new StoreUnavailableException("the store is away") : store;
}
