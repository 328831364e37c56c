using Microsoft.Win32.SafeHandles;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>
/// A number in a file that a living process raises. It stands still when the process is stopped, or when nothing has run on its thread
/// pool for so long that no grain can have answered anybody.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    private static readonly TimeSpan PoolPatience = TimeSpan.FromSeconds(15);

    private const int Bytes = sizeof(long) + sizeof(int);

    private readonly SafeFileHandle _file;
    private long _beats;
    private long _poolRan = Environment.TickCount64;
    private int _poolAsked;

    public Heartbeat(ClusterDirectory directory, SiloAddress silo)
    {
        _file = File.OpenHandle(directory.HeartbeatOf(silo), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        Beat();
    }

    /// <summary>The beats of <paramref name="silo"/> so far, 0 if it has no heart, and its process.</summary>
    public static (long Beats, int Process) Read(ClusterDirectory directory, SiloAddress silo)
    {
        Span<byte> content = stackalloc byte[Bytes];
        try
        {
            using SafeFileHandle file =
                File.OpenHandle(directory.HeartbeatOf(silo), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return RandomAccess.Read(file, content, 0) == Bytes
                ? (BitConverter.ToInt64(content), BitConverter.ToInt32(content[sizeof(long)..]))
                : default;
        }
        catch (FileNotFoundException)
        {
            return default;
        }
    }

    /// <summary>
    /// Whether a process was stopped (by SIGSTOP, a debugger, or a full terminal). One that is only short of processor time is not: its
    /// heart may be slow for seconds while others start beside it.
    /// </summary>
    /// <param name="process">The process.</param>
    public static bool IsStopped(int process)
    {
        try
        {
            // After the command's name, which may hold anything but ends with the last parenthesis, comes the state.
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..] is ['T' or 't', ..];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, which its lock tells
        }
    }

    public void Beat()
    {
        if (Interlocked.Exchange(ref _poolAsked, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static heart =>
                {
                    Volatile.Write(ref heart._poolRan, Environment.TickCount64);
                    Volatile.Write(ref heart._poolAsked, 0);
                },
                this,
                preferLocal: false);
        }

        if (Environment.TickCount64 - Volatile.Read(ref _poolRan) < PoolPatience.TotalMilliseconds)
        {
            RandomAccess.Write(_file, (byte[])[.. BitConverter.GetBytes(++_beats), .. BitConverter.GetBytes(Environment.ProcessId)], 0);
        }
    }

    public void Dispose() => _file.Dispose();
}
