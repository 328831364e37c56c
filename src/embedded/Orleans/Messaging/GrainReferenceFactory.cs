using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>Makes references for one host: they send their calls through its router.</summary>
internal class GrainReferenceFactory(ICallRouter router, MessagingOptions options, TimeProvider time, GrainTypeResolver types)
    : IGrainFactory
{
    public CallSender Sender { get; } = new(router, options, time);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return (TGrainInterface)Find(typeof(TGrainInterface), IdSpan.Create(primaryKey), grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        (TGrainInterface)Find(typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        (TGrainInterface)Find(typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)Create(grainId, typeof(TGrainInterface));

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(grainPrimaryKey);
        return (IGrain)Find(grainInterfaceType, IdSpan.Create(grainPrimaryKey), null);
    }

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) =>
        (IGrain)Find(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) =>
        (IGrain)Find(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey), null);

    /// <summary>The grain of id <paramref name="id"/> as <paramref name="interfaceType"/>.</summary>
    public object Create(GrainId id, Type interfaceType) => GrainInterface.Of(interfaceType).NewReference(this, id);

    private object Find(Type interfaceType, IdSpan key, string? classPrefix)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        return Create(new GrainId(types.TypeOf(interfaceType, classPrefix), key), interfaceType);
    }
}

/// <summary>The references of a host, with its services.</summary>
internal sealed class ClusterClient(
    ICallRouter router, MessagingOptions options, TimeProvider time, GrainTypeResolver types, IServiceProvider services)
    : GrainReferenceFactory(router, options, time, types), IClusterClient
{
    public IServiceProvider ServiceProvider => services;
}
