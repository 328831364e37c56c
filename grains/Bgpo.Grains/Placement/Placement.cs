using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Bgpo.Grains.Placement;

/// <summary>Places a grain on the silo that its key names (<see cref="SiloKey"/>), for grains that use that silo's devices.</summary>
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

/// <summary>
/// Spreads a run's shards evenly over the live silos: shard i goes to the silo after the i-th in order, so that a lone shard does
/// not sit beside the controller on the silo that came first.
/// </summary>
[Serializable]
public sealed class ShardSpreadPlacement : PlacementStrategy
{
    /// <summary>The strategy; it has no settings.</summary>
    public static ShardSpreadPlacement Singleton { get; } = new();
}

/// <summary>Marks a grain class, keyed by <see cref="ShardKey"/>, as spread over the silos.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ShardSpreadAttribute() : PlacementAttribute(ShardSpreadPlacement.Singleton);

/// <summary>Carries out <see cref="ShardSpreadPlacement"/>.</summary>
public sealed class ShardSpreadDirector : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = [.. context.GetCompatibleSilos(target).OrderBy(silo => silo.Generation).ThenBy(silo => silo)];
        return silos.Length > 0
            ? Task.FromResult(silos[(ShardKey.Parse(target.GrainIdentity.Key.ToString()!).Shard + 1) % silos.Length])
            : throw new SiloUnavailableException($"there is no silo for {target.GrainIdentity}.");
    }
}

/// <summary>Lets grains that hold a run's state live only on silos whose role that is, by the metadata that silos advertise.</summary>
public sealed class StateRoleFilter : PlacementFilterStrategy
{
    /// <summary>The filter; it has no settings.</summary>
    public StateRoleFilter()
        : base(order: 1)
    {
    }
}

/// <summary>Marks a grain class as one that holds state.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class HoldsStateAttribute() : PlacementFilterAttribute(new StateRoleFilter());

/// <summary>Carries out <see cref="StateRoleFilter"/>.</summary>
/// <param name="metadata">What silos say of themselves.</param>
public sealed class StateRoleDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    /// <inheritdoc/>
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => SiloTraits.Has(metadata.GetSiloMetadata(silo).Metadata, SiloRole.State));
}

/// <summary>Registers what the grains need of a silo.</summary>
public static class GrainServices
{
    /// <summary>Adds placement, run contexts and weight sources. The host adds the store and the devices.</summary>
    /// <param name="services">The silo's services.</param>
    public static IServiceCollection AddBgpoGrains(this IServiceCollection services)
    {
        services.AddPlacementDirector<SiloPinnedPlacement, SiloPinnedDirector>();
        services.AddPlacementDirector<ShardSpreadPlacement, ShardSpreadDirector>();
        services.AddPlacementFilter<StateRoleFilter, StateRoleDirector>(ServiceLifetime.Singleton);
        services.AddSingleton<RunContexts>();
        services.AddSingleton<WeightsSource>();
        services.AddSingleton<SiloRoster>();
        return services;
    }
}
