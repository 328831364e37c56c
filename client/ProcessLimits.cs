using System.Globalization;
using System.Text.RegularExpressions;

namespace Bgpo.Client;

/// <summary>
/// Limits of this process (ulimit) under which a silo or a model cannot work: told before anything is loaded that would crash.
/// </summary>
internal static partial class ProcessLimits
{
    /// <summary>What .NET and libtorch reserve for a small model, bytes; with 4e9 they crash, with 6.1e9 they work.</summary>
    private const double LeastAddressSpace = 6e9;

    /// <summary>
    /// What a silo holds open: assemblies, mostly, and two sockets a peer. With 160 it fails, with 200 it works alone.
    /// </summary>
    private const double LeastFiles = 256;

    /// <summary>What any command holds open; with 70 it cannot load the assembly that explains failures.</summary>
    private const double LeastFilesToStart = 128;

    /// <summary>Refuses work that the limits do not allow.</summary>
    /// <exception cref="BadInputException">They do not.</exception>
    internal static void Check()
    {
        if (Refusal() is { } refusal)
        {
            throw new BadInputException(refusal);
        }
    }

    /// <summary>What is too low, and what to do; null when nothing is.</summary>
    internal static string? Refusal() => Table() is { } table ? Refusal(table) : null;

    /// <summary>Why not even a command can start; null when one can.</summary>
    internal static string? RefusalToStart() => Table() is { } table ? FewFiles(table, LeastFilesToStart, "a command") : null;

    /// <summary>The same, by the kernel's table.</summary>
    /// <param name="table">Limits by name: soft, hard, unit.</param>
    internal static string? Refusal(string table)
    {
        if (Soft(table, "Max address space") is var space && space < LeastAddressSpace)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the address space of a process is limited to {space / 1e9:0.0} GB (ulimit -v), and {LeastAddressSpace / 1e9:0} GB ")
                + "are reserved for .NET and libtorch, most of it never used: raise that limit (ulimit -v unlimited), and limit memory by a container or systemd's MemoryMax";
        }

        return FewFiles(table, LeastFiles, "a silo or model");
    }

    private static string? Table() => File.Exists("/proc/self/limits") ? File.ReadAllText("/proc/self/limits") : null;

    private static string? FewFiles(string table, double least, string who) =>
        Soft(table, "Max open files") is var files && files < least
        ? $"a process may have {files} files open (ulimit -n), and {who} needs {least}: raise that limit (ulimit -n 1024)"
        : null;

    private static double Soft(string table, string name) =>
        table.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        && double.TryParse(Columns().Split(line)[1], CultureInfo.InvariantCulture, out var limit)
            ? limit
            : double.PositiveInfinity;

    [GeneratedRegex(" {2,}")]
    private static partial Regex Columns();
}
