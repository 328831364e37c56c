using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Activations;

/// <summary>What the engine knows of a grain class.</summary>
internal sealed class GrainClass
{
    private readonly ObjectFactory _construct;
    private readonly MethodInfo? _mayInterleave;

    public GrainClass(Type type, IServiceProvider services)
    {
        Type = type;
        GrainType = NameOf(type, services);
        Dictionary<string, string> properties = new()
        {
            [WellKnownGrainTypeProperties.TypeName] = type.Name,
            [WellKnownGrainTypeProperties.FullTypeName] = type.FullName!,
        };
        foreach (IGrainPropertiesProviderAttribute attribute in type.GetCustomAttributes(true).OfType<IGrainPropertiesProviderAttribute>())
        {
            attribute.Populate(services, type, GrainType, properties);
        }

        int index = 0;
        foreach (Type implemented in type.GetInterfaces().Where(candidate => typeof(IAddressable).IsAssignableFrom(candidate)
            && candidate.Assembly != typeof(IAddressable).Assembly || candidate == typeof(IManagementGrain)))
        {
            properties[$"{WellKnownGrainTypeProperties.ImplementedInterfacePrefix}{index++}"] =
                GrainInterface.Of(implemented).InterfaceType.ToString();
        }

        Properties = new GrainProperties(properties.ToImmutableDictionary());
        IsReentrant = properties.ContainsKey(WellKnownGrainTypeProperties.Reentrant);
        if (properties.TryGetValue(WellKnownGrainTypeProperties.MayInterleavePredicate, out string? predicate))
        {
            _mayInterleave = type.GetMethod(predicate, BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
                | BindingFlags.NonPublic | BindingFlags.FlattenHierarchy, [typeof(IInvokable)])
                ?? throw new InvalidOperationException($"Class {type} lacks the method that its [MayInterleave(\"{predicate}\")] names:"
                    + $" bool {predicate}(IInvokable request).");
        }

        if (properties.TryGetValue(WellKnownGrainTypeProperties.IdleDeactivationPeriod, out string? idle))
        {
            IdlePeriod = idle == WellKnownGrainTypeProperties.IndefiniteIdleDeactivationPeriodValue
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.Parse(idle, CultureInfo.InvariantCulture);
        }

        _construct = ActivatorUtilities.CreateFactory(type, []);
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public GrainProperties Properties { get; }

    public bool IsReentrant { get; }

    /// <summary>How long the grain may be idle: infinite for ever, null for the host's default.</summary>
    public TimeSpan? IdlePeriod { get; }

    public bool HasInterleavePredicate => _mayInterleave is not null;

    public object Construct(IServiceProvider services) => _construct(services, null);

    public bool MayInterleave(object grain, IInvokable call) => (bool)_mayInterleave!.Invoke(_mayInterleave.IsStatic ? null : grain, [call])!;

    private static GrainType NameOf(Type type, IServiceProvider services)
    {
        if (type.GetCustomAttributes(false).OfType<IGrainTypeProviderAttribute>().FirstOrDefault() is { } named)
        {
            return named.GetGrainType(services, type);
        }

        // Orleans's own rule: lower case, without the word Grain at the end.
        string name = type.Name.ToLowerInvariant();
        return GrainType.Create(name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name);
    }
}
