using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Bgpo.Grains.Placement;

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
