using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>
/// How Python is started by bubblewrap: in its own network, process, user, mount, IPC and UTS namespaces; a system of nothing but
/// the interpreter and libraries, read-only; /tmp in memory; no environment; killed when whoever started it dies.
/// </summary>
/// <remarks>
/// <para>RLIMIT_NPROC counts per user and user namespace since Linux 5.14, but never for the machine's root: bubblewrap is
/// started as user 65534 there. No new processes are let through anyway (<see cref="SeccompFilter"/>), so it bounds threads only; on an
/// older kernel it counts the user's other processes, too, and a busy user's programs get no second thread.</para>
/// <para>The kernel kills the sandbox when the thread that started it ends, not only when the process does: start it from one
/// that lasts.</para>
/// </remarks>
internal sealed class Bubblewrap
{
    private const string Unprivileged = "65534";

    /// <summary>Stands in the command where the folder of files comes, whose size follows from limits.</summary>
    private const string FilesPlace = "FILES";

    private readonly string[] _command;

    private Bubblewrap(string[] command)
    {
        _command = command;
    }

    /// <summary>Finds bubblewrap and Python. Whether they work is for <see cref="Sandbox"/> to see.</summary>
    /// <exception cref="SandboxUnavailableException">One is missing.</exception>
    public static Bubblewrap Find()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new SandboxUnavailableException("programs are run in sandboxes of Linux on x86-64 only; this machine is another");
        }
        string bubblewrap = Executable("bwrap")
            ?? throw new SandboxUnavailableException(
                "bubblewrap (bwrap) is not installed; install it: apt-get install bubblewrap, or the like");
        string python = Executable("python3") is { } found ? File.ResolveLinkTarget(found, true)?.FullName ?? found
            : throw new SandboxUnavailableException("python3 is not installed; install it: apt-get install python3, or the like");
        List<string> command = [];
        if (Environment.IsPrivilegedProcess)
        {
            string setpriv = Executable("setpriv")
                ?? throw new SandboxUnavailableException("setpriv is not installed; install util-linux");
            command.AddRange([setpriv, $"--reuid={Unprivileged}", $"--regid={Unprivileged}", "--clear-groups", "--"]);
        }
        command.AddRange(
        [
            bubblewrap, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
            "--unshare-cgroup-try", "--uid", Unprivileged, "--gid", Unprivileged, "--hostname", "sandbox", "--cap-drop", "ALL",
            "--die-with-parent", "--new-session", "--seccomp", "9", "--clearenv", "--setenv", "PYTHONHASHSEED", "0",
            .. Mounts(python),
        ]);
        return new Bubblewrap([.. command, FilesPlace, python]);
    }

    /// <summary>The process to start; its input and output are the sandbox's.</summary>
    /// <param name="limits">What the program may use.</param>
    public ProcessStartInfo StartInfo(SandboxLimits limits)
    {
        // The shell opens the filter as the descriptor 9, which bubblewrap inherits; and whatever goes wrong before Python runs
        // is said where the first line is read.
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$@\" 9<\"$0\" 2>&1");
        start.ArgumentList.Add(SeccompFilter.Path);
        string files = $"{(long)limits.FilesMiB << 20}";
        foreach (string part in _command)
        {
            foreach (string argument in part != FilesPlace ? [part]
                : new[] { "--size", files, "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--" })
            {
                start.ArgumentList.Add(argument);
            }
        }
        foreach (string argument in new[]
        {
            "-s", "-S", "-B", "-X", "utf8", "-c", PythonSource.Read("Bootstrap.py"), $"{limits.CpuSeconds}",
            $"{(long)limits.MemoryMiB << 20}", $"{limits.Threads}", files,
        })
        {
            start.ArgumentList.Add(argument);
        }
        return start;
    }

    /// <summary>Only what the interpreter needs: itself, libraries, and two devices.</summary>
    private static IEnumerable<string> Mounts(string python)
    {
        foreach (string folder in new[] { "/lib", "/lib64" })
        {
            if (new DirectoryInfo(folder).LinkTarget is { } target)
            {
                yield return "--symlink";
                yield return target;
                yield return folder;
            }
        }
        string[] folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", python, Path.GetFullPath(python + "/../../lib")];
        foreach (string path in folders.Distinct())
        {
            if (Path.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
            {
                yield return "--ro-bind";
                yield return path;
                yield return path;
            }
        }
        foreach (string device in new[] { "/dev/null", "/dev/urandom" })
        {
            yield return "--dev-bind";
            yield return device;
            yield return device;
        }
    }

    /// <summary>A program by its name: the system's own before those of PATH, which may be scripts of version managers.</summary>
    private static string? Executable(string name) =>
        new[] { "/usr/bin", "/bin", "/usr/local/bin" }
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
