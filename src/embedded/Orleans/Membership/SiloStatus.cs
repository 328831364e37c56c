using System.Collections.Immutable;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Where a silo is in its life.</summary>
    [GenerateSerializer]
    public enum SiloStatus
    {
        /// <summary>Unknown.</summary>
        None = 0,

        /// <summary>Made, not yet started.</summary>
        Created = 1,

        /// <summary>On its way into the cluster.</summary>
        Joining = 2,

        /// <summary>A member.</summary>
        Active = 3,

        /// <summary>On its way out, gracefully.</summary>
        ShuttingDown = 4,

        /// <summary>On its way out.</summary>
        Stopping = 5,

        /// <summary>Gone.</summary>
        Dead = 6,
    }
}

namespace Orleans.Membership
{
    /// <summary>What a silo knows of its cluster.</summary>
    internal interface IClusterView
    {
        SiloAddress Local { get; }

        SiloStatus LocalStatus { get; }

        /// <summary>All silos known, with their statuses.</summary>
        ImmutableDictionary<SiloAddress, SiloStatus> Silos { get; }

        /// <summary>The active silos that have a class of <paramref name="type"/>.</summary>
        SiloAddress[] SilosWith(GrainType type);

        /// <summary>The properties of <paramref name="type"/>, or null if no silo has it.</summary>
        GrainProperties? PropertiesOf(GrainType type);

        /// <summary>The metadata that <paramref name="silo"/> gave itself; empty if it is unknown.</summary>
        ImmutableDictionary<string, string> MetadataOf(SiloAddress silo);

        /// <summary>Enters the cluster.</summary>
        Task JoinAsync(CancellationToken cancellation);

        /// <summary>Says that this silo takes no new grains.</summary>
        Task BeginLeaveAsync(CancellationToken cancellation);

        /// <summary>Leaves the cluster.</summary>
        Task LeaveAsync(CancellationToken cancellation);
    }
}
