using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Storage.Blobs.Local;

/// <summary>Blobs as files of a local folder, with the guarantees of a cloud store, also among several processes.</summary>
/// <remarks>
/// A write goes to a temporary file beside its target, is synced, becomes visible by one link(2) or rename(2), and then the
/// folder is synced. ETags are content hashes. What a killed writer leaves are temporary files; they are never listed, and the
/// first write of a store to a folder removes those whose writer is gone, and those that are older than an hour and held by
/// nobody. The store's folder itself, once it was there, is not made again: without it the store is away.
/// </remarks>
public sealed class LocalBlobStore : IBlobStore
{
    /// <summary>Files beneath a folder, but for what others keep there for themselves.</summary>
    private static readonly EnumerationOptions s_readable = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = 0,
    };

    private readonly string _folder;
    private readonly TemporaryFiles _temporary;
    private readonly string? _required;
    private readonly FolderPresence _presence;

    /// <summary>A store in a folder. The folder is made by the first write.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="time">The clock that tells how old leftovers are.</param>
    /// <exception cref="StoreRefusedException">The path names a file.</exception>
    public LocalBlobStore(string folder, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _temporary = new TemporaryFiles(time ?? TimeProvider.System);
        Location = folder;
        _presence = new FolderPresence(_folder, folder);
        if (File.Exists(_folder))
        {
            throw new StoreRefusedException($"Store '{folder}' is a file; expected a folder. Name another with --store.");
        }
    }

    /// <summary>The same store, which writes only where a blob is: looked for at the last moment, since a disk may be unmounted
    /// at any.</summary>
    /// <param name="store">The store.</param>
    /// <param name="required">The blob's name.</param>
    internal LocalBlobStore(LocalBlobStore store, string required)
    {
        (_folder, _temporary, _presence, Location) = (store._folder, store._temporary, store._presence, store.Location);
        _required = required;
        _ = PathOf(required);
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IBlobStore Requiring(string name) => new RecordGuard(new LocalBlobStore(this, name), name);

    /// <inheritdoc/>
    public Task<bool> IsSameAsync() => Task.Run(_presence.IsSame);

    /// <inheritdoc/>
    public Task<Blob?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return OnPool($"read '{name}'", () => FileContent.Read(path) is { } content ? new Blob(content, ETagOf(content)) : null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<int?> ReadRangeAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        string path = PathOf(name);
        return OnPool($"read '{name}'", int? () => FileContent.ReadRange(path, offset, destination.Span), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<BlobEntry?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return OnPool($"look for '{name}'", () =>
        {
            BlobEntry? entry = EntryOf(new FileInfo(path), name);
            // Its writer may not have synced the folder yet; "it is there" must hold after a power cut, too.
            if (entry is not null)
            {
                Libc.SyncFolder(FolderOf(path));
            }

            return entry;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<string?> PutIfAbsentAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return await OnPoolAsync($"write '{name}'", async () =>
        {
            string folder = FolderOf(path);
            if (File.Exists(path))
            {
                Libc.SyncFolder(folder); // as in FindAsync
                return null;
            }
            string temporary = WriteTemporary(folder, content.Span);
            try
            {
                bool won = await LinkAsync(temporary, path, folder, cancellationToken).ConfigureAwait(false);
                FaultPoint.Hit(StorageFaults.BlobVisible);
                Libc.SyncFolder(folder);
                return won ? ETagOf(content.Span) : null;
            }
            finally
            {
                File.Delete(temporary);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<string?> PutIfUnchangedAsync(
        string name, ReadOnlyMemory<byte> content, string etag, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(etag);
        return ReplaceAsync(name, content, etag, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<string> PutAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        (await ReplaceAsync(name, content, null, cancellationToken).ConfigureAwait(false))!;

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        List<BlobEntry> entries =
            await OnPool($"list '{prefix}'", () => List(prefix), cancellationToken).ConfigureAwait(false);
        foreach (BlobEntry entry in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListFoldersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<string> folders = await OnPool("list folders", ListFolders, cancellationToken).ConfigureAwait(false);
        foreach (string folder in folders)
        {
            yield return folder;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        return await OnPoolAsync($"delete '{name}'", async () =>
        {
            if (!File.Exists(path))
            {
                return false;
            }

            string folder = FolderOf(path);
            using (await FolderLock.AcquireAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                if (!File.Exists(path))
                {
                    return false;
                }

                File.Delete(path);
            }
            Libc.SyncFolder(folder);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    private static string ETagOf(ReadOnlySpan<byte> content) => $"\"{Convert.ToHexStringLower(XxHash128.Hash(content))}\"";

    private static string FolderOf(string path) => Path.GetDirectoryName(path)!;

    /// <summary>Makes the temporary file visible under the blob's name unless that is taken.</summary>
    private static async Task<bool> LinkAsync(string temporary, string path, string folder, CancellationToken cancellationToken)
    {
        int error = Libc.Link(temporary, path);
        if (error == 0)
        {
            return true;
        }

        if (error == Libc.Exists)
        {
            return false;
        }

        if (error != Libc.NotPermitted && error != Libc.NotSupported)
        {
            throw Libc.Failure("link", path, error);
        }
        // No hard links here (FAT, some network mounts): all writers of this folder come this way and take the lock.
        using SafeFileHandle held = await FolderLock.AcquireAsync(folder, cancellationToken).ConfigureAwait(false);
        if (File.Exists(path))
        {
            return false;
        }

        File.Move(temporary, path, overwrite: true);
        return true;
    }

    private async Task<string?> ReplaceAsync(
        string name, ReadOnlyMemory<byte> content, string? etag, CancellationToken cancellationToken)
    {
        string path = PathOf(name);
        return await OnPoolAsync($"write '{name}'", async () =>
        {
            string folder = FolderOf(path);
            if (etag is not null && !File.Exists(path))
            {
                return null;
            }
            // Written and synced before the lock is taken, so the lock is short.
            string temporary = WriteTemporary(folder, content.Span);
            try
            {
                // Synced after the lock is free: a process that is stopped (SIGSTOP) while the disk works must not hold up the
                // others.
                using (await FolderLock.AcquireAsync(folder, cancellationToken).ConfigureAwait(false))
                {
                    if (etag is not null && (FileContent.Read(path) is not { } current || ETagOf(current) != etag))
                    {
                        return null;
                    }

                    File.Move(temporary, path, overwrite: true);
                }
                FaultPoint.Hit(StorageFaults.BlobVisible);
                Libc.SyncFolder(folder);
                return ETagOf(content.Span);
            }
            finally
            {
                File.Delete(temporary);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task TidyAsync(string prefix, CancellationToken cancellationToken = default) => Task.Run(() =>
    {
        string folder = Path.Combine(_folder, prefix);
        if (Directory.Exists(folder))
        {
            foreach (string each in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Prepend(folder))
            {
                _temporary.Sweep(each);
            }
        }
    }, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveFolderAsync(string prefix, CancellationToken cancellationToken = default) => Task.Run(() =>
    {
        string folder = Path.Combine(_folder, prefix.TrimEnd('/'));
        // Out of the way first, in one step: whoever makes a folder of that name meanwhile gets one of their own.
        string aside = Path.Combine(_folder, $".deleted-{Guid.NewGuid():N}");
        try
        {
            if (!Directory.Exists(folder) || HasBlobs(folder))
            {
                return;
            }
            Directory.Move(folder, aside);
            if (HasBlobs(aside))
            {
                Directory.Move(aside, folder);
                return;
            }
            Directory.Delete(aside, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Empty folders are no blobs.
        }

        static bool HasBlobs(string folder) =>
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Any(file => !Path.GetFileName(file).StartsWith('.'));
    }, cancellationToken);

    private string WriteTemporary(string folder, ReadOnlySpan<byte> content)
    {
        if (_required is null)
        {
            return _temporary.Write(folder, content, root: _presence.IsSeen ? _folder : null);
        }
        string required = PathOf(_required);
        return File.Exists(required)
            ? _temporary.Write(folder, content, root: FolderOf(required))
            : throw RecordGuard.Missing(Location, _required);
    }

    private static BlobEntry? EntryOf(FileInfo file, string name)
    {
        try
        {
            return file.Exists ? new BlobEntry(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero))
                : null;
        }
        catch (FileNotFoundException)
        {
            return null; // Deleted between the two looks.
        }
    }

    private List<BlobEntry> List(string prefix)
    {
        // Only the folder that the prefix ends in can hold matches.
        string start = Path.GetFullPath(Path.Combine(_folder, prefix[..(prefix.LastIndexOf('/') + 1)]));
        var entries = new List<BlobEntry>();
        if ((start + "/").StartsWith(_folder + "/", StringComparison.Ordinal) && Directory.Exists(start))
        {
            Collect(new DirectoryInfo(start), prefix, entries);
        }

        entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    private void Collect(DirectoryInfo folder, string prefix, List<BlobEntry> entries)
    {
        try
        {
            foreach (FileSystemInfo item in folder.EnumerateFileSystemInfos())
            {
                if (item.Name.StartsWith('.'))
                {
                    continue;
                }

                if (item is DirectoryInfo inner)
                {
                    Collect(inner, prefix, entries);
                    continue;
                }
                string name = Path.GetRelativePath(_folder, item.FullName).Replace(Path.DirectorySeparatorChar, '/');
                if (name.StartsWith(prefix, StringComparison.Ordinal) && EntryOf((FileInfo)item, name) is { } entry)
                {
                    entries.Add(entry);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Someone removed the folder while we listed: then it holds nothing.
        }
    }

    private List<string> ListFolders() =>
        !Directory.Exists(_folder)
            ? []
            : [.. Directory.EnumerateDirectories(_folder)
                .Where(path => Directory.EnumerateFiles(path, "*", s_readable)
                    .Any(file => !Path.GetFileName(file).StartsWith('.')))
                .Select(path => Path.GetFileName(path))
                .Where(name => !name.StartsWith('.'))
                .Order(StringComparer.Ordinal)];

    private string PathOf(string name)
    {
        BlobName.Validate(name);
        return Path.Combine(_folder, name);
    }

    /// <summary>File system calls block, so they run on the thread pool, never on a caller's turn.</summary>
    private Task<T> OnPool<T>(string action, Func<T> work, CancellationToken cancellationToken) =>
        OnPoolAsync(action, () => Task.FromResult(work()), cancellationToken);

    private async Task<T> OnPoolAsync<T>(string action, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(
                async () =>
                {
                    _presence.Check(action);
                    T result = await work().ConfigureAwait(false);
                    _presence.Check(action); // what was not found may only have gone with the folder
                    return result;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (FolderErrors.IsFileSystemError(exception))
        {
            _presence.Check(action, exception);
            throw FolderErrors.Translate(exception, Location, action);
        }
    }
}
