using System.Globalization;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans
{
    /// <summary>The name of the grain class in the cluster; without it, the class's name without "Grain", in lower case.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute : Attribute, IGrainTypeProviderAttribute
    {
        private readonly GrainType _grainType;

        /// <summary>Names the class <paramref name="grainType"/>.</summary>
        public GrainTypeAttribute(string grainType) => _grainType = GrainType.Create(grainType);

        /// <inheritdoc/>
        public GrainType GetGrainType(IServiceProvider services, Type type) => _grainType;
    }

    /// <summary>The grain is never deactivated for being idle.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public class KeepAliveAttribute : Attribute, IGrainPropertiesProviderAttribute
    {
        /// <inheritdoc/>
        public void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            ArgumentNullException.ThrowIfNull(properties);
            properties[WellKnownGrainTypeProperties.IdleDeactivationPeriod] =
                WellKnownGrainTypeProperties.IndefiniteIdleDeactivationPeriodValue;
        }
    }

    /// <summary>How long the grain may be idle before it is deactivated.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public class CollectionAgeLimitAttribute : Attribute, IGrainPropertiesProviderAttribute
    {
        /// <summary>The shortest age allowed: one minute.</summary>
        public static readonly TimeSpan MinAgeLimit = TimeSpan.FromMinutes(1);

        /// <summary>Sums <see cref="Days"/>, <see cref="Hours"/> and <see cref="Minutes"/>.</summary>
        public CollectionAgeLimitAttribute()
        {
        }

        /// <summary>Reads <paramref name="inactivityPeriod"/>, a <see cref="TimeSpan"/> in text.</summary>
        public CollectionAgeLimitAttribute(string inactivityPeriod) =>
            Minutes = TimeSpan.Parse(inactivityPeriod, CultureInfo.InvariantCulture).TotalMinutes;

        /// <summary>Days of the age.</summary>
        public double Days { get; set; }

        /// <summary>Hours of the age.</summary>
        public double Hours { get; set; }

        /// <summary>Minutes of the age.</summary>
        public double Minutes { get; set; }

        /// <summary>The grain is never collected.</summary>
        public bool AlwaysActive { get; set; }

        /// <summary>The age: the sum of the parts, at least <see cref="MinAgeLimit"/>.</summary>
        public TimeSpan AgeLimit
        {
            get
            {
                TimeSpan sum = TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
                return sum < MinAgeLimit ? MinAgeLimit : sum;
            }
        }

        /// <inheritdoc/>
        public void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            ArgumentNullException.ThrowIfNull(properties);
            properties[WellKnownGrainTypeProperties.IdleDeactivationPeriod] = AlwaysActive
                ? WellKnownGrainTypeProperties.IndefiniteIdleDeactivationPeriodValue
                : AgeLimit.ToString("c", CultureInfo.InvariantCulture);
        }
    }
}

namespace Orleans.Metadata
{
    /// <summary>An attribute that names a grain class.</summary>
    public interface IGrainTypeProviderAttribute
    {
        /// <summary>The grain type of class <paramref name="type"/>.</summary>
        GrainType GetGrainType(IServiceProvider services, Type type);
    }

    /// <summary>An attribute of a grain class that adds to the properties known of it in the whole cluster.</summary>
    public interface IGrainPropertiesProviderAttribute
    {
        /// <summary>Adds to <paramref name="properties"/> of <paramref name="grainType"/>.</summary>
        void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties);
    }

    /// <summary>The keys of grain properties.</summary>
    public static class WellKnownGrainTypeProperties
    {
        /// <summary>The class's name.</summary>
        public const string TypeName = "type-name";

        /// <summary>The class's full name.</summary>
        public const string FullTypeName = "full-type-name";

        /// <summary>The name of the placement strategy.</summary>
        public const string PlacementStrategy = "placement-strategy";

        /// <summary>The names of placement filters, with commas between.</summary>
        public const string PlacementFilter = "placement-filter";

        /// <summary>How the keys begin whose values are the interfaces that the class implements.</summary>
        public const string ImplementedInterfacePrefix = "interface.";

        /// <summary>"true" for a reentrant class.</summary>
        public const string Reentrant = "reentrant";

        /// <summary>The method that says which requests interleave.</summary>
        public const string MayInterleavePredicate = "may-interleave-predicate";

        /// <summary>How long the grain may be idle.</summary>
        public const string IdleDeactivationPeriod = "idle-duration";

        /// <summary>The value of <see cref="IdleDeactivationPeriod"/> that means forever.</summary>
        public const string IndefiniteIdleDeactivationPeriodValue = "indefinite";
    }
}
