using System.Collections.Immutable;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>A silo of a view.</summary>
internal sealed record SiloMember(
    SiloAddress Address,
    string Name,
    SiloStatus Status,
    bool Left,
    ImmutableDictionary<string, string> Metadata,
    ImmutableDictionary<GrainType, GrainProperties> Classes);

/// <summary>All silos at one version of the membership. Never changes.</summary>
internal sealed class ClusterView
{
    public ClusterView(long version, IEnumerable<SiloMember> members)
    {
        Version = version;
        Members = members.ToImmutableDictionary(member => member.Address);
        Active = [.. Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.Address).Order()];
        Live = [.. Members.Values.Where(member => IsLive(member.Status)).Select(member => member.Address).Order()];
    }

    public long Version { get; }

    public ImmutableDictionary<SiloAddress, SiloMember> Members { get; }

    /// <summary>The silos that take new grains and share the directory.</summary>
    public ImmutableArray<SiloAddress> Active { get; }

    /// <summary>The silos that may hold grains: the active ones, and those that are leaving.</summary>
    public ImmutableArray<SiloAddress> Live { get; }

    /// <summary>The live silos of <paramref name="earlier"/> that died: neither here any more nor gone by their own will.</summary>
    public SiloAddress[] DeadSince(ClusterView earlier) =>
        [.. earlier.Live.Where(silo => !Has(silo) && !(Members.TryGetValue(silo, out SiloMember? member) && member.Left))];

    public bool Has(SiloAddress silo) => Members.TryGetValue(silo, out SiloMember? member) && IsLive(member.Status);

    /// <summary>The active silos that have a class of <paramref name="type"/>.</summary>
    public SiloAddress[] SilosWith(GrainType type) => [.. Active.Where(silo => Members[silo].Classes.ContainsKey(type))];

    /// <summary>The properties of <paramref name="type"/>, or null if no silo has it.</summary>
    public GrainProperties? PropertiesOf(GrainType type)
    {
        foreach (SiloAddress silo in Live)
        {
            if (Members[silo].Classes.TryGetValue(type, out GrainProperties? properties))
            {
                return properties;
            }
        }

        return null;
    }

    /// <summary>
    /// The active silo that keeps the directory's entry of <paramref name="grain"/>, or null if there is no active silo. Each silo bids for
    /// each grain, so that one that comes or goes moves only its own entries.
    /// </summary>
    public SiloAddress? OwnerOf(GrainId grain)
    {
        uint hash = grain.GetUniformHashCode();
        SiloAddress? owner = null;
        uint best = 0;
        foreach (SiloAddress silo in Active)
        {
            uint bid = Mix(hash ^ unchecked((uint)silo.GetConsistentHashCode()));
            if (owner is null || bid > best)
            {
                (owner, best) = (silo, bid);
            }
        }

        return owner;
    }

    private static bool IsLive(SiloStatus status) => status is SiloStatus.Active or SiloStatus.ShuttingDown;

    private static uint Mix(uint value)
    {
        unchecked
        {
            value = (value ^ (value >> 16)) * 0x7feb352d;
            value = (value ^ (value >> 15)) * 0x846ca68b;
            return value ^ (value >> 16);
        }
    }
}

/// <summary>The cluster as this process knows it.</summary>
internal interface ICluster
{
    /// <summary>This silo's address; a client has none.</summary>
    SiloAddress Local { get; }

    SiloStatus LocalStatus { get; }

    ClusterView View { get; }

    /// <summary>Told of each new view, one after another.</summary>
    event Action<ClusterView>? ViewChanged;

    /// <summary>Told when the others have buried this silo, with what there is to say of it: it must stop.</summary>
    event Action<string>? Evicted;

    /// <summary>Waits until the view is of <paramref name="version"/> or later.</summary>
    Task RefreshAsync(long version, CancellationToken cancellation);

    /// <summary>Declares <paramref name="silo"/> dead; false if it is not a live member.</summary>
    Task<bool> TryKillAsync(SiloAddress silo);

    /// <summary>Enters the cluster.</summary>
    Task JoinAsync(CancellationToken cancellation);

    /// <summary>Says that this silo takes no new grains.</summary>
    Task BeginLeaveAsync(CancellationToken cancellation);

    /// <summary>Leaves the cluster.</summary>
    Task LeaveAsync(CancellationToken cancellation);
}
