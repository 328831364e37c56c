using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>Counts the probes in a row in which a silo's heart stood still, and says when to give it up.</summary>
/// <param name="limit">Probes that one whose process is stopped may miss.</param>
internal sealed class MissedProbes(int limit)
{
    /// <summary>
    /// How many times longer a silo is waited for whose process is not stopped: it is short of processor time, as all are while others
    /// start beside it.
    /// </summary>
    internal const int StarvedFactor = 10;

    private readonly Dictionary<SiloAddress, (long Beats, int Missed)> _seen = [];

    /// <summary>Takes note of a probe.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="beats">Its beats so far.</param>
    /// <param name="isStopped">Whether its process is stopped; asked only when it matters.</param>
    /// <returns>The probes that it missed, when that is too many; else null.</returns>
    internal int? TooMany(SiloAddress silo, long beats, Func<bool> isStopped)
    {
        (long seen, int missed) = _seen.GetValueOrDefault(silo, (-1, 0));
        missed = beats == seen ? missed + 1 : 0;
        _seen[silo] = (beats, missed);
        return missed >= StarvedFactor * limit || (missed >= limit && isStopped()) ? missed : null;
    }

    /// <summary>Forgets what was missed: the one who counts has slept.</summary>
    internal void Clear() => _seen.Clear();
}
