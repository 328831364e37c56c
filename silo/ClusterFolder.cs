using System.Runtime.InteropServices;

namespace Bgpo.Silo;

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
        : [.. Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)).Where(HasLiveSilo).Order(StringComparer.Ordinal)];

    /// <summary>Locks, sockets, heartbeats and drafts in a cluster's folder: none once every silo has left.</summary>
    /// <param name="cluster">The cluster.</param>
    public static IReadOnlyList<string> Leftovers(string cluster) => !Directory.Exists(PathOf(cluster))
        ? []
        : [.. Directory.EnumerateFiles(PathOf(cluster)).Where(path => s_kinds.Contains(Path.GetExtension(path))).Order(StringComparer.Ordinal)];

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

    private static bool IsHeld(string path)
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
