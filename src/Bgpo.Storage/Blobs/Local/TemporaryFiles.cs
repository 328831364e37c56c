using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Storage.Blobs.Local;

/// <summary>The files that become blobs once they are whole. One whose writer was killed is a leftover.</summary>
/// <param name="time">The clock that tells how old leftovers are.</param>
internal sealed class TemporaryFiles(TimeProvider time)
{
    /// <summary>How their names begin.</summary>
    internal const string Prefix = ".tmp-";

    private static readonly TimeSpan s_leftoverAge = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, bool> _swept = new(StringComparer.Ordinal);

    /// <summary>Writes one, synced; the first in a folder first removes what others left there.</summary>
    /// <param name="folder">The folder, which is made when missing.</param>
    /// <param name="content">Its content.</param>
    /// <param name="root">A folder above it that must be there; null: any is made.</param>
    /// <returns>Its path.</returns>
    internal string Write(string folder, ReadOnlySpan<byte> content, string? root)
    {
        MakeFolder(folder, root);
        if (_swept.TryAdd(folder, true))
        {
            Sweep(folder);
        }

        string path = Path.Combine(folder, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
        try
        {
            // FileShare.None locks the file, by which a sweeper knows that its writer lives.
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            int half = content.Length / 2;
            RandomAccess.Write(file, content[..half], 0);
            FaultPoint.Hit(StorageFaults.BlobHalfWritten);
            RandomAccess.Write(file, content[half..], half);
            RandomAccess.FlushToDisk(file);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        FaultPoint.Hit(StorageFaults.BlobWritten);
        return path;
    }

    /// <summary>Removes those of a folder that nobody writes any more.</summary>
    /// <param name="folder">The folder.</param>
    internal void Sweep(string folder)
    {
        DateTime before = time.GetUtcNow().UtcDateTime - s_leftoverAge;
        foreach (string path in Directory.EnumerateFiles(folder, Prefix + "*"))
        {
            // The age covers the moments in which a live writer holds no lock: just after creation, just before the rename. A
            // writer that is gone has none.
            if (File.GetLastWriteTimeUtc(path) > before && IsAlive(Path.GetFileName(path)))
            {
                continue;
            }

            try
            {
                using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.None);
                File.Delete(path);
            }
            catch (IOException)
            {
                // Its writer lives, or another sweeper was faster: not ours to delete.
            }
        }
    }

    private static void MakeFolder(string folder, string? root)
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        if (folder == root)
        {
            throw new DirectoryNotFoundException($"'{folder}' is gone");
        }

        string parent = Path.GetDirectoryName(folder)!;
        MakeFolder(parent, root);
        Directory.CreateDirectory(folder);
        Libc.SyncFolder(parent);
    }

    /// <summary>Whether the process that a temporary file is named after runs on this machine.</summary>
    private static bool IsAlive(string name)
    {
        string process = name[Prefix.Length..].Split('-')[0];
        return !int.TryParse(process, out _) || Directory.Exists($"/proc/{process}");
    }
}
