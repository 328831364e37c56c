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

    private readonly SafeFileHandle _file;
    private long _beats;
    private long _poolRan = Environment.TickCount64;
    private int _poolAsked;

    public Heartbeat(ClusterDirectory directory, SiloAddress silo)
    {
        _file = File.OpenHandle(directory.HeartbeatOf(silo), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        Beat();
    }

    /// <summary>The beats of <paramref name="silo"/> so far; 0 if it has no heart.</summary>
    public static long Read(ClusterDirectory directory, SiloAddress silo)
    {
        Span<byte> beats = stackalloc byte[sizeof(long)];
        try
        {
            using SafeFileHandle file =
                File.OpenHandle(directory.HeartbeatOf(silo), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return RandomAccess.Read(file, beats, 0) == beats.Length ? BitConverter.ToInt64(beats) : 0;
        }
        catch (FileNotFoundException)
        {
            return 0;
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
            RandomAccess.Write(_file, BitConverter.GetBytes(++_beats), 0);
        }
    }

    public void Dispose() => _file.Dispose();
}
