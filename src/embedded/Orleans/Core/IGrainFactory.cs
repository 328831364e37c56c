using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains. A reference costs nothing and activates nobody until it is called.</summary>
public interface IGrainFactory
{
    /// <summary>The grain with a string key; the prefix chooses among several classes that implement the interface.</summary>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <summary>The grain with an integer key; the prefix chooses among several classes that implement the interface.</summary>
    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey;

    /// <summary>The grain with a GUID key; the prefix chooses among several classes that implement the interface.</summary>
    TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey;

    /// <summary>The grain of id <paramref name="grainId"/> as <typeparamref name="TGrainInterface"/>.</summary>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;

    /// <summary>The grain with a string key, by the type of its interface.</summary>
    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    /// <summary>The grain with an integer key, by the type of its interface.</summary>
    IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey);

    /// <summary>The grain with a GUID key, by the type of its interface.</summary>
    IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey);
}

/// <summary>The way into a cluster from outside its grains.</summary>
public interface IClusterClient : IGrainFactory
{
    /// <summary>The services of the client.</summary>
    IServiceProvider ServiceProvider { get; }
}
