using System.Collections.Concurrent;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>Finds the grain type that implements an interface, among the classes of this process and of the cluster's silos.</summary>
internal sealed class GrainTypeResolver(GrainTypeRegistry types, Func<ClusterView> view)
{
    private readonly ConcurrentDictionary<(Type Interface, string? Prefix), GrainType> _known = new();

    /// <summary>The grain type that implements <paramref name="interfaceType"/>.</summary>
    /// <exception cref="ArgumentException">None does, or several do and <paramref name="prefix"/> does not choose one.</exception>
    public GrainType TypeOf(Type interfaceType, string? prefix) =>
        _known.TryGetValue((interfaceType, prefix), out GrainType known) ? known : Resolve(interfaceType, prefix);

    private GrainType Resolve(Type interfaceType, string? prefix)
    {
        string name = GrainInterface.Of(interfaceType).InterfaceType.ToString();
        Dictionary<GrainType, string> found = [];
        foreach ((GrainType type, GrainProperties properties) in types.PropertiesByType()
            .Concat(view().Members.Values.SelectMany(member => member.Classes)))
        {
            string className = properties.Properties[WellKnownGrainTypeProperties.FullTypeName];
            bool implements = properties.Properties.Any(property => property.Value == name
                && property.Key.StartsWith(WellKnownGrainTypeProperties.ImplementedInterfacePrefix, StringComparison.Ordinal));
            if (implements && (prefix is null || className.StartsWith(prefix, StringComparison.Ordinal)))
            {
                found[type] = className;
            }
        }

        // Orleans's convention: IThing is the interface of Thing, whoever else implements it.
        string conventional = $"{interfaceType.Namespace}.{interfaceType.Name[1..]}";
        if (found.Count > 1 && found.FirstOrDefault(pair => pair.Value == conventional) is { Value: not null } one)
        {
            found = new([one]);
        }

        return found.Count switch
        {
            1 => _known.GetOrAdd((interfaceType, prefix), found.Keys.First()),
            0 => throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName}"
                + (prefix is null ? "." : $" whose name starts with \"{prefix}\".")),
            _ => throw new ArgumentException($"Unable to identify a single appropriate grain type for interface {interfaceType.FullName}:"
                + $" candidates are {string.Join(", ", found.Values)}. Name one by grainClassNamePrefix."),
        };
    }
}
