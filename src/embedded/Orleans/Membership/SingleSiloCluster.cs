using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Membership;

/// <summary>A cluster of one process.</summary>
internal sealed class SingleSiloCluster(ILocalSiloDetails silo, GrainTypeRegistry types, IOptions<SiloMetadata> metadata) : IClusterView
{
    public SiloAddress Local => silo.SiloAddress;

    public SiloStatus LocalStatus { get; private set; } = SiloStatus.Created;

    public ImmutableDictionary<SiloAddress, SiloStatus> Silos =>
        ImmutableDictionary<SiloAddress, SiloStatus>.Empty.Add(Local, LocalStatus);

    public SiloAddress[] SilosWith(GrainType type) => types.Find(type) is null ? [] : [Local];

    public GrainProperties? PropertiesOf(GrainType type) => types.Find(type)?.Properties;

    public ImmutableDictionary<string, string> MetadataOf(SiloAddress silo) =>
        silo == Local ? metadata.Value.Metadata : ImmutableDictionary<string, string>.Empty;

    public Task JoinAsync(CancellationToken cancellation)
    {
        LocalStatus = SiloStatus.Active;
        return Task.CompletedTask;
    }

    public Task BeginLeaveAsync(CancellationToken cancellation)
    {
        LocalStatus = SiloStatus.ShuttingDown;
        return Task.CompletedTask;
    }

    public Task LeaveAsync(CancellationToken cancellation)
    {
        LocalStatus = SiloStatus.Dead;
        return Task.CompletedTask;
    }
}
