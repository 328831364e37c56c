namespace Bgpo.Silo.Clustering;

/// <summary>
/// Tells a process that stands still (SIGSTOP) from one that is only short of processor time: the kernel says which. Not for
/// several threads.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class StoppedProcesses(TimeProvider time)
{
    /// <summary>
    /// Looks that are further apart say nothing of the time between: whoever looks may have stood still itself.
    /// </summary>
    internal static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(700);

    /// <summary>How long a process may stand still before its silo is taken for dead.</summary>
    internal static readonly TimeSpan Long = TimeSpan.FromMilliseconds(1200);

    private readonly Dictionary<SiloAddress, (long Since, long Last)> _seen = [];

    /// <summary>Takes a look into account.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="isStopped">Whether its process stands still now.</param>
    /// <returns>Whether it has at every look for as long as <see cref="Long"/>.</returns>
    internal bool IsLong(SiloAddress silo, bool isStopped)
    {
        if (!isStopped)
        {
            _ = _seen.Remove(silo);
            return false;
        }
        long now = time.GetTimestamp();
        bool goesOn = _seen.TryGetValue(silo, out (long Since, long Last) seen) && time.GetElapsedTime(seen.Last, now) <= Gap;
        long since = goesOn ? seen.Since : now;
        _seen[silo] = (since, now);
        return time.GetElapsedTime(since, now) >= Long;
    }
}
