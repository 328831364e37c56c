using System.Collections.Immutable;

namespace Orleans.Runtime;

/// <summary>A silo of a cluster.</summary>
[GenerateSerializer, Immutable]
public sealed class ClusterMember : IEquatable<ClusterMember>
{
    /// <summary>The silo at <paramref name="siloAddress"/>.</summary>
    public ClusterMember(SiloAddress siloAddress, SiloStatus status, string name)
    {
        ArgumentNullException.ThrowIfNull(siloAddress);
        SiloAddress = siloAddress;
        Status = status;
        Name = name;
    }

    /// <summary>Where it is.</summary>
    [Id(0)]
    public SiloAddress SiloAddress { get; }

    /// <summary>Where it is in its life.</summary>
    [Id(1)]
    public SiloStatus Status { get; }

    /// <summary>What it is called.</summary>
    [Id(2)]
    public string Name { get; }

    /// <inheritdoc/>
    public bool Equals(ClusterMember? other) =>
        other is not null && SiloAddress.Equals(other.SiloAddress) && Status == other.Status && Name == other.Name;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ClusterMember);

    /// <inheritdoc/>
    public override int GetHashCode() => SiloAddress.GetConsistentHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{SiloAddress}/{Name}/{Status}";
}

/// <summary>All silos of the cluster at one version of the membership.</summary>
[GenerateSerializer, Immutable]
public sealed class ClusterMembershipSnapshot
{
    /// <summary>The <paramref name="members"/> at <paramref name="version"/>.</summary>
    public ClusterMembershipSnapshot(ImmutableDictionary<SiloAddress, ClusterMember> members, MembershipVersion version)
    {
        Members = members;
        Version = version;
    }

    /// <summary>The silos; some of the dead are remembered.</summary>
    [Id(0)]
    public ImmutableDictionary<SiloAddress, ClusterMember> Members { get; }

    /// <summary>The version.</summary>
    [Id(1)]
    public MembershipVersion Version { get; }

    /// <summary>The status of <paramref name="silo"/>; <see cref="SiloStatus.None"/> if it is not known (any more).</summary>
    public SiloStatus GetSiloStatus(SiloAddress silo) =>
        Members.TryGetValue(silo, out ClusterMember? member) ? member.Status : SiloStatus.None;

    /// <inheritdoc/>
    public override string ToString() => $"version {Version}: {string.Join(", ", Members.Values)}";
}
