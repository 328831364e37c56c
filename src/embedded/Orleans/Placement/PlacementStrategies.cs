using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>How the silo of a new activation is chosen; the choosing itself is its director's.</summary>
    public abstract class PlacementStrategy
    {
        /// <summary>Whether the cluster keeps one activation of each such grain and knows where it is.</summary>
        public virtual bool IsUsingGrainDirectory => true;

        /// <summary>Reads what <see cref="PopulateGrainProperties"/> wrote.</summary>
        public virtual void Initialize(GrainProperties properties)
        {
        }

        /// <summary>Writes the strategy into the properties of the grain class.</summary>
        public virtual void PopulateGrainProperties(
            IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            ArgumentNullException.ThrowIfNull(properties);
            properties[WellKnownGrainTypeProperties.PlacementStrategy] = GetType().Name;
        }
    }

    /// <summary>Any compatible silo, at random.</summary>
    public class RandomPlacement : PlacementStrategy
    {
        internal static RandomPlacement Singleton { get; } = new();
    }

    /// <summary>The silo of the caller if it is compatible, else any.</summary>
    public class PreferLocalPlacement : PlacementStrategy
    {
        internal static PreferLocalPlacement Singleton { get; } = new();
    }

    /// <summary>The compatible silo that the grain id's hash chooses.</summary>
    public class HashBasedPlacement : PlacementStrategy
    {
        internal static HashBasedPlacement Singleton { get; } = new();
    }

    /// <summary>The compatible silo with the least to do; the default, and here the one with the fewest placed by this silo.</summary>
    public sealed class ResourceOptimizedPlacement : PlacementStrategy
    {
        internal static ResourceOptimizedPlacement Singleton { get; } = new();
    }

    /// <summary>Wherever it is called: for grains without state of their own.</summary>
    internal sealed class LocalPlacement : PlacementStrategy
    {
        public override bool IsUsingGrainDirectory => false;
    }
}

namespace Orleans.Placement
{
    /// <summary>Gives a grain class its placement strategy.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public abstract class PlacementAttribute : Attribute, IGrainPropertiesProviderAttribute
    {
        /// <summary>Gives the class <paramref name="placement"/>.</summary>
        protected PlacementAttribute(PlacementStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementStrategy = placement;
        }

        /// <summary>The strategy.</summary>
        public PlacementStrategy PlacementStrategy { get; }

        /// <inheritdoc/>
        public virtual void Populate(
            IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
            PlacementStrategy.PopulateGrainProperties(services, grainClass, grainType, properties);
    }

    /// <summary>Any compatible silo, at random.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class RandomPlacementAttribute() : PlacementAttribute(RandomPlacement.Singleton);

    /// <summary>The silo of the caller if it is compatible, else any.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(PreferLocalPlacement.Singleton);

    /// <summary>The compatible silo that the grain id's hash chooses.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class HashBasedPlacementAttribute() : PlacementAttribute(HashBasedPlacement.Singleton);

    /// <summary>The compatible silo with the least to do.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class ResourceOptimizedPlacementAttribute() : PlacementAttribute(ResourceOptimizedPlacement.Singleton);

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    internal sealed class LocalPlacementAttribute() : PlacementAttribute(new LocalPlacement());
}
