using System.Runtime.InteropServices;
using Bgpo.Silo.Clustering.Transport;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// The folder in which the processes of a cluster of this machine find one another: a silo holds its lock file there while its
/// process lives, so a look at the locks tells which clusters are alive, without joining any.
/// </summary>
public static partial class ClusterFolder
{
    private static readonly string[] s_kinds = [".lock", ".sock", ".beat", ".tmp"];

    private static string Root =>
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Directory.Exists(runtime)
            ? Path.Combine(runtime, "orleans")
            : Path.Combine(Path.GetTempPath(), $"orleans-{GetEffectiveUserId()}");

    /// <summary>Where a cluster's folder is, whether it exists or not.</summary>
    /// <param name="cluster">The cluster.</param>
    public static string PathOf(string cluster) => Path.Combine(Root, cluster);

    /// <summary>Whether a process of the cluster's silos lives; it may be stopped (SIGSTOP) all the same.</summary>
    /// <param name="cluster">The cluster.</param>
    public static bool HasLiveSilo(string cluster) =>
        Directory.Exists(PathOf(cluster)) && Directory.EnumerateFiles(PathOf(cluster), "*.lock").Any(IsHeld);

    /// <summary>The clusters of this user that have a live silo, in order.</summary>
    public static IReadOnlyList<string> Live() => !Directory.Exists(Root)
        ? []
        : [.. Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)).Where(HasLiveSilo)
            .Order(StringComparer.Ordinal)];

    /// <summary>Locks, sockets, heartbeats and drafts in a cluster's folder: none once every silo has left.</summary>
    /// <param name="cluster">The cluster.</param>
    public static IReadOnlyList<string> Leftovers(string cluster) => !Directory.Exists(PathOf(cluster))
        ? []
        : [.. Directory.EnumerateFiles(PathOf(cluster)).Where(path => s_kinds.Contains(Path.GetExtension(path)))
            .Order(StringComparer.Ordinal)];

    /// <summary>Removes the folder of a cluster without a live silo; leaves it alone where one lives.</summary>
    /// <param name="cluster">The cluster.</param>
    public static void RemoveDead(string cluster)
    {
        string path = PathOf(cluster);
        if (!Directory.Exists(path) || HasLiveSilo(cluster))
        {
            return;
        }
        // Out of the way first, in one step: who founds the cluster anew meanwhile gets a folder of its own.
        string aside = $"{path}.{Environment.ProcessId}.gone";
        try
        {
            Directory.Move(path, aside);
            if (Directory.EnumerateFiles(aside, "*.lock").Any(IsHeld))
            {
                Directory.Move(aside, path);
                return;
            }
            Directory.Delete(aside, recursive: true);
        }
        catch (IOException)
        {
            // Somebody else is at it; what is left is a few small files.
        }
    }

    /// <summary>Makes a cluster's folder and that of all clusters, this user's alone whatever the umask says.</summary>
    /// <param name="path">The cluster's folder.</param>
    /// <exception cref="IOException">It is there and others than its user may enter it.</exception>
    internal static void Make(string path)
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        // A folder below one of a group's has its set-group-id bit, which lets nobody in.
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
#pragma warning disable CA1416 // Silos are processes of Linux.
        foreach (string folder in new[] { Path.GetDirectoryName(path)!, path })
        {
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder, own);
            }
        }
        if ((File.GetUnixFileMode(path) & others) != 0)
#pragma warning restore CA1416
        {
            throw new IOException($"the folder '{path}' of a cluster must be its user's alone (mode 700), and is not; remove it");
        }
    }

    /// <summary>
    /// A number that stands for a port in a cluster's folder, and that no other silo takes: its socket's file is made here.
    /// </summary>
    /// <param name="path">The cluster's folder.</param>
    internal static int ReservePort(string path)
    {
        Make(path);
        while (true)
        {
            int port = Random.Shared.Next(1024, 65536);
            try
            {
                string file = SocketTransport.FileOf(path, port);
                new FileStream(file, FileMode.CreateNew).Dispose();
                // Also of a silo that ends before it listens there.
                AppDomain.CurrentDomain.ProcessExit += (_, _) => Forget(file);
                return port;
            }
            catch (IOException) when (File.Exists(SocketTransport.FileOf(path, port)))
            {
                // Taken.
            }
        }
    }

    private static void Forget(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (IOException)
        {
            // The cluster's folder is gone.
        }
    }

    /// <summary>Whether a process holds a lock file.</summary>
    /// <param name="path">The file.</param>
    internal static bool IsHeld(string path)
    {
        try
        {
            using FileStream free = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint GetEffectiveUserId();
}
