using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>What the engine knows of a grain interface.</summary>
internal sealed class GrainInterface
{
    private static readonly ConcurrentDictionary<Type, GrainInterface> Known = new();

    private readonly Lazy<Func<GrainReferenceFactory, GrainId, GrainReference>> _newReference;

    private GrainInterface(Type type)
    {
        if (!type.IsInterface || !typeof(IAddressable).IsAssignableFrom(type))
        {
            throw new ArgumentException($"{type} is not a grain interface: it must be an interface that extends {nameof(IGrain)}.");
        }

        Type = type;
        InterfaceType = GrainInterfaceType.Create(type.GetCustomAttributes<AliasAttribute>().FirstOrDefault()?.Alias ?? type.FullName!);
        Methods = [.. type.GetInterfaces().Prepend(type)
            .SelectMany(declaring => declaring.GetMethods(BindingFlags.Instance | BindingFlags.Public))
            .Select(method => new GrainMethod(this, method))];
        _newReference = new(() => GrainReferenceEmitter.Emit(this));
    }

    public Type Type { get; }

    public GrainInterfaceType InterfaceType { get; }

    public GrainMethod[] Methods { get; }

    public static GrainInterface Of(Type type) => Known.GetOrAdd(type, static type => new GrainInterface(type));

    public GrainReference NewReference(GrainReferenceFactory factory, GrainId id) => _newReference.Value(factory, id);
}
