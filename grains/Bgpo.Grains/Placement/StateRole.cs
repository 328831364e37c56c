using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Bgpo.Grains.Placement;

/// <summary>
/// Lets grains that hold a run's state live only on silos whose role that is, by the metadata that silos advertise.
/// </summary>
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
    public IEnumerable<SiloAddress> Filter(
        PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => SiloTraits.Has(metadata.GetSiloMetadata(silo).Metadata, SiloRole.State));
}
