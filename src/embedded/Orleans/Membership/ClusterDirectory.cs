using System.Runtime.InteropServices;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>
/// The private directory in which the silos of a cluster find one another: the table of members, and for each silo a socket and a file
/// that it keeps locked while it lives.
/// </summary>
internal sealed partial class ClusterDirectory
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // What sockaddr_un holds, less the zero at its end.
    private const int MaxSocketPath = 107;

    private ClusterDirectory(string path) => Path = path;

    public string Path { get; }

    /// <summary>The place of cluster <paramref name="clusterId"/> if no directory is named.</summary>
    public static string DefaultPath(string clusterId)
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string root = string.IsNullOrEmpty(runtime) || !Directory.Exists(runtime)
            ? System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"orleans-{GetEffectiveUserId()}")
            : System.IO.Path.Combine(runtime, "orleans");
        return System.IO.Path.Combine(root, clusterId);
    }

    /// <summary>Opens <paramref name="path"/>, which is made if it is not there.</summary>
    /// <exception cref="OrleansConfigurationException">It is not a directory of this user alone, or its name is too long.</exception>
    public static ClusterDirectory Open(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Clusters of several processes need Linux.");
        }

        path = System.IO.Path.GetFullPath(path);
        string longest = System.IO.Path.Combine(path, "silo-65535-2147483647.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(longest) > MaxSocketPath)
        {
            throw new OrleansConfigurationException($"Cluster directory \"{path}\" has too long a name for Unix sockets, which may have"
                + $" {MaxSocketPath} bytes in all; choose one of at most {MaxSocketPath - 27} bytes.");
        }

        Directory.CreateDirectory(path, Private);
        Check(path);
        return new ClusterDirectory(path);
    }

    public string SocketOf(SiloAddress silo) => FileOf(silo, "sock");

    public string LockOf(SiloAddress silo) => FileOf(silo, "lock");

    public string HeartbeatOf(SiloAddress silo) => FileOf(silo, "beat");

    /// <summary>Takes the lock of <paramref name="silo"/>, or null if somebody holds it.</summary>
    public FileStream? TryLock(SiloAddress silo)
    {
        try
        {
            return new FileStream(LockOf(silo), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException failure) when (failure is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }

    /// <summary>Whether the process of <paramref name="silo"/> is gone: the kernel has let go of its lock.</summary>
    public bool IsGone(SiloAddress silo)
    {
        try
        {
            using FileStream free = new(LockOf(silo), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Removes what a silo leaves behind.</summary>
    public void Clear(SiloAddress silo)
    {
        File.Delete(SocketOf(silo));
        File.Delete(HeartbeatOf(silo));
        File.Delete(FileOf(silo, "tmp"));
        File.Delete(LockOf(silo));
    }

    /// <summary>Removes what a silo that was declared dead leaves behind; one that only hangs keeps its lock until it wakes.</summary>
    public void ClearRemains(SiloAddress silo)
    {
        if (IsGone(silo))
        {
            Clear(silo);
        }
        else
        {
            File.Delete(SocketOf(silo));
        }
    }

    /// <summary>The name under which <paramref name="silo"/> drafts changes of the table.</summary>
    public static string NameOf(SiloAddress silo) => $"silo-{silo.Endpoint.Port}-{silo.Generation}";

    private string FileOf(SiloAddress silo, string extension) => System.IO.Path.Combine(Path, $"{NameOf(silo)}.{extension}");

    private static void Check(string path)
    {
        const int NoFollow = 0x100;
        (uint owner, int mode) = StatusOf(path, NoFollow);
        const int Kind = 0xf000;
        const int KindOfDirectory = 0x4000;
        if ((mode & Kind) != KindOfDirectory)
        {
            throw new OrleansConfigurationException($"Cluster directory \"{path}\" is not a directory (nor may it be a link to one).");
        }

        if (owner != GetEffectiveUserId())
        {
            throw new OrleansConfigurationException($"Cluster directory \"{path}\" belongs to user {owner}, not to user"
                + $" {GetEffectiveUserId()} who runs this; choose another directory.");
        }

        if ((mode & 0x3f) != 0)
        {
            throw new OrleansConfigurationException($"Cluster directory \"{path}\" is open to others (mode"
                + $" {Convert.ToString(mode & 0xfff, 8)}); it must have mode 700: chmod 700 \"{path}\".");
        }

        // Whoever may rename entries of the parent could put another directory in this one's place.
        string parent = System.IO.Path.GetDirectoryName(path)!;
        (uint above, int aboveMode) = StatusOf(parent, 0);
        const int WritableByOthers = 0x12;
        const int Sticky = 0x200;
        if ((above != 0 && above != owner) || ((aboveMode & WritableByOthers) != 0 && (aboveMode & Sticky) == 0))
        {
            throw new OrleansConfigurationException($"Cluster directory \"{path}\" lies in \"{parent}\" (owner {above}, mode"
                + $" {Convert.ToString(aboveMode & 0xfff, 8)}), in which others could replace it; choose a directory inside one of your own.");
        }
    }

    private static (uint Owner, int Mode) StatusOf(string path, int flags)
    {
        // The layout of statx is the kernel's and the same everywhere: owner at byte 20, mode at byte 28.
        Span<byte> status = stackalloc byte[256];
        const int CurrentDirectory = -100;
        const uint BasicStatistics = 0x7ff;
        return Statx(CurrentDirectory, path, flags, BasicStatistics, status) == 0
            ? (BitConverter.ToUInt32(status[20..]), BitConverter.ToUInt16(status[28..]))
            : throw new OrleansConfigurationException(
                $"Cluster directory \"{path}\" cannot be looked at: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> status);
}
