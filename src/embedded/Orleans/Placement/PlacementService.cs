using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Activations;
using Orleans.Membership;
using Orleans.Metadata;
using Orleans.Placement;

namespace Orleans.Runtime.Placement;

/// <summary>Runs hints, filters and directors to find the silo of a new activation.</summary>
internal sealed class PlacementService(ICluster cluster, GrainTypeRegistry types, IServiceProvider services) : IPlacementContext
{
    private readonly ConcurrentDictionary<GrainType, (PlacementStrategy Strategy, PlacementFilterStrategy[] Filters)> _rules = new();

    public SiloAddress LocalSilo => cluster.Local;

    public SiloStatus LocalSiloStatus => cluster.LocalStatus;

    /// <summary>The strategy of grains of type <paramref name="type"/>.</summary>
    public PlacementStrategy StrategyOf(GrainType type) => RulesOf(type).Strategy;

    public async Task<SiloAddress> PlaceAsync(GrainId grain, Dictionary<string, object>? context, GrainInterfaceType interfaceType)
    {
        PlacementTarget target = new(grain, context!, interfaceType, 0);
        PlacementStrategy strategy = StrategyOf(grain.Type);
        IPlacementDirector director = services.GetKeyedService<IPlacementDirector>(strategy.GetType())
            ?? throw new OrleansException($"No placement director is registered for {strategy.GetType()}, the strategy of {grain.Type}:"
                + " call AddPlacementDirector.");
        return await director.OnAddActivation(strategy, target, this);
    }

    public SiloAddress[] GetCompatibleSilos(PlacementTarget target)
    {
        GrainType type = target.GrainIdentity.Type;
        SiloAddress[] withClass = cluster.View.SilosWith(type);
        IEnumerable<SiloAddress> passing = withClass;
        PlacementFilterStrategy[] filters = RulesOf(type).Filters;
        foreach (PlacementFilterStrategy filter in filters)
        {
            passing = services.GetRequiredKeyedService<IPlacementFilterDirector>(filter.GetType()).Filter(filter, target, passing);
        }

        SiloAddress[] compatible = [.. passing];
        return compatible.Length > 0 ? compatible : throw new OrleansException(
            $"No active nodes are compatible with grain {type} and interface {target.InterfaceType} version {target.InterfaceVersion}."
            + $" Known nodes with grain type: {(withClass.Length == 0 ? "none" : string.Join(", ", withClass.AsEnumerable()))}."
            + (filters.Length == 0 ? "" : $" Placement filters: {string.Join(", ", filters.Select(filter => filter.GetType().Name))}."));
    }

    private (PlacementStrategy Strategy, PlacementFilterStrategy[] Filters) RulesOf(GrainType type) => _rules.GetOrAdd(type, Resolve);

    private (PlacementStrategy Strategy, PlacementFilterStrategy[] Filters) Resolve(GrainType type)
    {
        GrainProperties properties = types.Find(type)?.Properties ?? cluster.View.PropertiesOf(type)
            ?? throw new OrleansException($"No active nodes are compatible with grain {type}: no silo of the cluster has such a class.");
        PlacementStrategy strategy = services.GetRequiredService<PlacementStrategy>();
        if (properties.Properties.TryGetValue(WellKnownGrainTypeProperties.PlacementStrategy, out string? name))
        {
            strategy = services.GetKeyedService<PlacementStrategy>(name) ?? throw new OrleansException(
                $"Placement strategy \"{name}\" of grain {type} is not registered: call AddPlacementDirector.");
            strategy.Initialize(properties);
        }

        PlacementFilterStrategy[] filters = !properties.Properties.TryGetValue(WellKnownGrainTypeProperties.PlacementFilter, out string? list)
            ? []
            : [.. list.Split(',').Select(filter => Filter(filter, type, properties)).OrderBy(filter => filter.Order)];
        if (filters.Select(filter => filter.Order).Distinct().Count() != filters.Length)
        {
            throw new InvalidOperationException($"Grain {type} has two placement filters of one order; give each its own.");
        }

        return (strategy, filters);
    }

    private PlacementFilterStrategy Filter(string name, GrainType type, GrainProperties properties)
    {
        PlacementFilterStrategy filter = services.GetKeyedService<PlacementFilterStrategy>(name)
            ?? throw new OrleansException($"Placement filter \"{name}\" of grain {type} is not registered: call AddPlacementFilter.");
        filter.Initialize(properties);
        return filter;
    }
}
