using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Bgpo.Silo.Machines;

/// <summary>A process of this machine.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Start">When it started, in the kernel's clock ticks since boot: with the id it names the process for
/// good.</param>
/// <param name="Parent">The process that started it, or took it over.</param>
/// <param name="IsStopped">Whether SIGSTOP holds it; not: a debugger, or whoever takes a dump of it.</param>
/// <param name="Command">Its command line, argument by argument; empty where it cannot be read.</param>
/// <param name="ResidentMiB">Its resident memory.</param>
public sealed record MachineProcess(
    int Id, long Start, int Parent, bool IsStopped, IReadOnlyList<string> Command, double ResidentMiB)
{
    /// <summary>Its name for good: id:start.</summary>
    public string Identity => IdentityOf(Id, Start);

    /// <summary>A process's name for good.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="start">When it started.</param>
    internal static string IdentityOf(int id, long start) => $"{id}:{start}";

    /// <summary>Whether it is a silo's process, started by this console's command.</summary>
    public bool IsSilo
    {
        get
        {
            for (int i = 0; i + 1 < Command.Count && i < 3; i++)
            {
                if (Path.GetFileName(Command[i]).StartsWith("Bgpo.Client", StringComparison.Ordinal))
                {
                    return Command[i + 1] == "silo";
                }
            }
            return false;
        }
    }

    /// <summary>The value of an option of its command line; null where it has none.</summary>
    /// <param name="option">The option.</param>
    public string? Option(string option)
    {
        for (int i = 0; i < Command.Count; i++)
        {
            if (Command[i] == option)
            {
                return i + 1 < Command.Count ? Command[i + 1] : null;
            }
            if (Command[i].StartsWith(option, StringComparison.Ordinal) && Command[i].Length > option.Length
                && Command[i][option.Length] is '=' or ':')
            {
                return Command[i][(option.Length + 1)..];
            }
        }
        return null;
    }
}

/// <summary>
/// The processes of this user, as the kernel lists them in /proc. Those that have ended and wait for their parent are not in it.
/// </summary>
public static partial class ProcessTable
{
    /// <summary>Kills at once.</summary>
    public const int Kill = 9;

    /// <summary>Asks to leave.</summary>
    public const int Terminate = 15;

    /// <summary>Lets go on after <see cref="Stop"/>.</summary>
    public const int Continue = 18;

    /// <summary>Stops without a word: a process that hangs.</summary>
    public const int Stop = 19;

    /// <summary>What a crash in native code is.</summary>
    public const int Abort = 6;

    private static readonly long s_pageSize = Environment.SystemPageSize;

    /// <summary>This process.</summary>
    public static MachineProcess Own =>
        Find(Environment.ProcessId) ?? new MachineProcess(Environment.ProcessId, 0, 0, false, [], 0);

    /// <summary>A process of this user; null where there is none of that id.</summary>
    /// <param name="id">Its id.</param>
    public static MachineProcess? Find(int id)
    {
        try
        {
            string folder = $"/proc/{id}";
            if (ReadStat(id) is not { } fields || !IsOwn(folder))
            {
                return null;
            }
            string[] command = Encoding.UTF8.GetString(File.ReadAllBytes($"{folder}/cmdline")).TrimEnd('\0').Split('\0');
            return new MachineProcess(
                id, StartOf(fields), int.Parse(fields[1], CultureInfo.InvariantCulture),
                fields[0] is "T", command, long.Parse(fields[21], CultureInfo.InvariantCulture) * s_pageSize / 1048576.0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended, or is not ours to look at
        }
    }

    /// <summary>Whether the process of an identity lives.</summary>
    /// <param name="identity">As <see cref="MachineProcess.Identity"/> says it.</param>
    public static bool Lives(string identity) =>
        int.TryParse(identity.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
        && ReadStat(id) is { } stat && MachineProcess.IdentityOf(id, StartOf(stat)) == identity;

    /// <summary>The silos' processes of this user that a question is answered with yes for.</summary>
    /// <param name="wanted">The question.</param>
    public static IReadOnlyList<MachineProcess> Silos(Func<MachineProcess, bool> wanted) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path))
            .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? Find(id) : null)
            .OfType<MachineProcess>().Where(process => process.IsSilo && wanted(process)),
    ];

    /// <summary>Sends a signal, if the process still is the one that was looked at.</summary>
    /// <param name="process">The process.</param>
    /// <param name="signal">The signal's number.</param>
    /// <returns>Whether it was sent.</returns>
    public static bool Send(MachineProcess process, int signal) =>
        Find(process.Id)?.Start == process.Start && SendSignal(process.Id, signal) == 0;

    /// <summary>
    /// Leaves the session of whoever started this process: Ctrl-C in its terminal and the terminal's end are no longer told here.
    /// </summary>
    public static void LeaveSession() => _ = SetSession();

    /// <summary>No core file is written when the process crashes.</summary>
    /// <param name="process">The process.</param>
    public static void ForbidCore(MachineProcess process)
    {
        const int core = 4;
        long[] none = [0, 0];
        _ = SetLimit(process.Id, core, none, 0);
    }

    /// <summary>
    /// Lets every thread of this process, and those that they start, give way to whoever works on the same cores.
    /// </summary>
    public static void GiveWay()
    {
        const int oneThread = 0, niceness = 10;
        foreach (var thread in Directory.GetDirectories("/proc/self/task"))
        {
            _ = SetPriority(oneThread, int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), niceness);
        }
    }

    /// <summary>The fields of /proc/ID/stat from the state on; null where the process has ended.</summary>
    private static string[]? ReadStat(int id)
    {
        try
        {
            // After the command's name, which may hold anything but ends with the last parenthesis: state, parent, ...
            string stat = File.ReadAllText($"/proc/{id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long StartOf(string[] stat) => long.Parse(stat[19], CultureInfo.InvariantCulture);

    private static bool IsOwn(string folder) => File.ReadLines($"{folder}/status")
        .FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t')[2] == $"{GetEffectiveUserId()}";

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, int who, int niceness);

    [LibraryImport("libc", EntryPoint = "setsid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetSession();

    [LibraryImport("libc", EntryPoint = "prlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int process, int resource, long[] limits, nint former);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint GetEffectiveUserId();
}
