using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Bgpo.Grains.Placement;

/// <summary>
/// Places a grain on the silo that its key names (<see cref="SiloKey"/>), for grains that use that silo's devices.
/// </summary>
[Serializable]
public sealed class SiloPinnedPlacement : PlacementStrategy
{
    /// <summary>The strategy; it has no settings.</summary>
    public static SiloPinnedPlacement Singleton { get; } = new();
}

/// <summary>Marks a grain class as pinned to the silo that its key names.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SiloPinnedAttribute() : PlacementAttribute(SiloPinnedPlacement.Singleton);

/// <summary>Carries out <see cref="SiloPinnedPlacement"/>.</summary>
public sealed class SiloPinnedDirector : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string silo = SiloKey.Parse(target.GrainIdentity.Key.ToString()!).Silo;
        var pinned = SiloAddress.FromParsableString(silo);
        foreach (SiloAddress candidate in context.GetCompatibleSilos(target))
        {
            if (candidate.Equals(pinned))
            {
                return Task.FromResult(candidate);
            }
        }
        throw new SiloUnavailableException($"the silo {silo}, which {target.GrainIdentity} belongs to, is gone.");
    }
}
