using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Placement;

/// <summary>Which silos may take a new activation at all; the deciding is its director's.</summary>
public abstract class PlacementFilterStrategy
{
    /// <summary>A filter that runs <paramref name="order"/>-th: lower numbers first, each number once for a grain class.</summary>
    protected PlacementFilterStrategy(int order) => Order = order;

    /// <summary>When the filter runs among others.</summary>
    public int Order { get; private set; }

    /// <summary>Reads what <see cref="PopulateGrainProperties"/> wrote.</summary>
    public void Initialize(GrainProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        Order = int.TryParse(GetPlacementFilterGrainProperty("order", properties), CultureInfo.InvariantCulture, out int order)
            ? order
            : throw new ArgumentException("Invalid order property value.");
        AdditionalInitialize(properties);
    }

    /// <summary>Reads what <see cref="GetAdditionalGrainProperties"/> gave.</summary>
    public virtual void AdditionalInitialize(GrainProperties properties)
    {
    }

    /// <summary>Writes the filter into the properties of the grain class.</summary>
    public void PopulateGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        string name = GetType().Name;
        properties[WellKnownGrainTypeProperties.PlacementFilter] =
            properties.TryGetValue(WellKnownGrainTypeProperties.PlacementFilter, out string? others) ? $"{others},{name}" : name;
        properties[Key(name, "order")] = Order.ToString(CultureInfo.InvariantCulture);
        foreach ((string key, string value) in GetAdditionalGrainProperties(services, grainClass, grainType, properties))
        {
            properties[Key(name, key)] = value;
        }
    }

    /// <summary>The filter's own property <paramref name="key"/>, or null.</summary>
    protected string? GetPlacementFilterGrainProperty(string key, GrainProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        return properties.Properties.GetValueOrDefault(Key(GetType().Name, key));
    }

    /// <summary>What the filter wants to keep in the properties of the grain class.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) => [];

    private static string Key(string name, string key) => $"{WellKnownGrainTypeProperties.PlacementFilter}.{name}.{key}";
}

/// <summary>Gives a grain class a placement filter.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public abstract class PlacementFilterAttribute : Attribute, IGrainPropertiesProviderAttribute
{
    /// <summary>Gives the class <paramref name="placement"/>.</summary>
    protected PlacementFilterAttribute(PlacementFilterStrategy placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        PlacementFilterStrategy = placement;
    }

    /// <summary>The filter.</summary>
    public PlacementFilterStrategy PlacementFilterStrategy { get; }

    /// <inheritdoc/>
    public virtual void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
        PlacementFilterStrategy.PopulateGrainProperties(services, grainClass, grainType, properties);
}

/// <summary>Decides for a <see cref="PlacementFilterStrategy"/>.</summary>
public interface IPlacementFilterDirector
{
    /// <summary>Those of <paramref name="silos"/> that may take the grain.</summary>
    IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos);
}

/// <summary>Registers placement filters.</summary>
public static class PlacementFilterExtensions
{
    /// <summary>Lets <typeparamref name="TDirector"/> decide for <typeparamref name="TFilter"/>.</summary>
    public static IServiceCollection AddPlacementFilter<TFilter, TDirector>(
        this IServiceCollection services, ServiceLifetime strategyLifetime)
        where TFilter : PlacementFilterStrategy, new()
        where TDirector : class, IPlacementFilterDirector
    {
        services.Add(ServiceDescriptor.DescribeKeyed(
            typeof(PlacementFilterStrategy), typeof(TFilter).Name, typeof(TFilter), strategyLifetime));
        return services.AddKeyedSingleton<IPlacementFilterDirector, TDirector>(typeof(TFilter));
    }
}
