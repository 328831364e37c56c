using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>What the engine knows of a grain interface.</summary>
internal sealed class GrainInterface
{
    private static readonly ConcurrentDictionary<Type, GrainInterface> Known = new();

    private static readonly ConcurrentDictionary<string, GrainInterface> ByName = new();

    private readonly Dictionary<string, GrainMethod> _byName = [];
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
        foreach (GrainMethod method in Methods)
        {
            if (!_byName.TryAdd(method.Name, method))
            {
                throw new ArgumentException($"Interface {type} has two methods called {method.Name}; give one an [Alias].");
            }
        }

        _newReference = new(() => GrainReferenceEmitter.Emit(this));
    }

    public Type Type { get; }

    public GrainInterfaceType InterfaceType { get; }

    public GrainMethod[] Methods { get; }

    public static GrainInterface Of(Type type) => Known.GetOrAdd(type, static type => new GrainInterface(type));

    /// <summary>The method of name <paramref name="methodName"/> of the interface of name <paramref name="interfaceName"/>.</summary>
    /// <exception cref="SerializerException">This process knows neither.</exception>
    public static GrainMethod Find(string interfaceName, string methodName)
    {
        if (!ByName.TryGetValue(interfaceName, out GrainInterface? found))
        {
            Type type = TypeNames.Resolve(interfaceName);
            found = typeof(IAddressable).IsAssignableFrom(type) && type.IsInterface
                ? ByName.GetOrAdd(interfaceName, Of(type))
                : throw new SerializerException($"{interfaceName} is not a grain interface.");
        }

        return found._byName.TryGetValue(methodName, out GrainMethod? method)
            ? method
            : throw new SerializerException($"Interface {interfaceName} of this process has no method {methodName}.");
    }

    public GrainReference NewReference(GrainReferenceFactory factory, GrainId id) => _newReference.Value(factory, id);
}
