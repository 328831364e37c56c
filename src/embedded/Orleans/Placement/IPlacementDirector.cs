namespace Orleans.Runtime.Placement;

/// <summary>Chooses silos for a <see cref="PlacementStrategy"/>.</summary>
public interface IPlacementDirector
{
    /// <summary>The key of <see cref="RequestContext"/> whose value, a <see cref="SiloAddress"/>, is asked for as the new silo.</summary>
    const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>The silo of the new activation of <paramref name="target"/>.</summary>
    Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

    /// <summary>The silo that the request asks for, if it does and it is compatible.</summary>
    static SiloAddress? GetPlacementHint(Dictionary<string, object> requestContextData, SiloAddress[] compatibleSilos) =>
        requestContextData is not null && requestContextData.TryGetValue(PlacementHintKey, out object? value)
            && value is SiloAddress hint && Array.IndexOf(compatibleSilos, hint) >= 0 ? hint : null;
}

/// <summary>What a director may know of the cluster.</summary>
public interface IPlacementContext
{
    /// <summary>The silo that places.</summary>
    SiloAddress LocalSilo { get; }

    /// <summary>Its status.</summary>
    SiloStatus LocalSiloStatus { get; }

    /// <summary>The active silos that have the grain's class and pass its filters.</summary>
    /// <exception cref="OrleansException">There is none.</exception>
    SiloAddress[] GetCompatibleSilos(PlacementTarget target);
}

/// <summary>The grain to place.</summary>
public readonly struct PlacementTarget
{
    /// <summary>The grain <paramref name="grainIdentity"/>, called with <paramref name="requestContextData"/>.</summary>
    public PlacementTarget(
        GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        GrainIdentity = grainIdentity;
        RequestContextData = requestContextData;
        InterfaceType = interfaceType;
        InterfaceVersion = interfaceVersion;
    }

    /// <summary>The grain.</summary>
    public GrainId GrainIdentity { get; }

    /// <summary>What flows with the request that wakes it.</summary>
    public Dictionary<string, object> RequestContextData { get; }

    /// <summary>The interface it is called through.</summary>
    public GrainInterfaceType InterfaceType { get; }

    /// <summary>The interface's version; always 0 here.</summary>
    public ushort InterfaceVersion { get; }
}
