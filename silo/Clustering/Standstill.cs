namespace Bgpo.Silo;

/// <summary>
/// Tells a process that stands still (SIGSTOP) from one that is only short of processor time: the kernel says which. Not for several threads.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class Standstill(TimeProvider time)
{
    /// <summary>How long a process may stand still before its silo is taken for dead.</summary>
    internal static readonly TimeSpan Long = TimeSpan.FromMilliseconds(1200);

    private readonly Dictionary<SiloAddress, long> _since = [];

    /// <summary>Takes a look into account.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="isStopped">Whether its process stands still now.</param>
    /// <returns>Whether it has at every look for as long as <see cref="Long"/>.</returns>
    internal bool IsLong(SiloAddress silo, bool isStopped)
    {
        if (!isStopped)
        {
            _ = _since.Remove(silo);
            return false;
        }
        if (!_since.TryGetValue(silo, out long since))
        {
            _since[silo] = since = time.GetTimestamp();
        }
        return time.GetElapsedTime(since) >= Long;
    }
}
