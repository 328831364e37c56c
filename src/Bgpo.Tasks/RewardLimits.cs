using Bgpo.Spec;

namespace Bgpo.Tasks;

/// <summary>How rewards of a run are asked for.</summary>
/// <param name="Concurrency">Completions scored at the same time on a silo.</param>
/// <param name="Timeout">Time that scoring one may take.</param>
/// <param name="Attempts">Attempts at scoring one before its group is left out.</param>
public sealed record RewardLimits(int Concurrency, TimeSpan Timeout, int Attempts)
{
    /// <summary>Those of a spec, on this machine.</summary>
    /// <param name="spec">The spec's section.</param>
    public static RewardLimits Of(RewardSection spec) => new(
        spec.Concurrency > 0 ? spec.Concurrency : Environment.ProcessorCount, TimeSpan.FromSeconds(spec.Timeout), spec.Attempts);
}
