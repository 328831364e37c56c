using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Membership;

/// <summary>A cluster of one process.</summary>
internal sealed class SingleSiloCluster(ILocalSiloDetails silo, GrainTypeRegistry types, IOptions<SiloMetadata> metadata) : ICluster
{
    public event Action<ClusterView>? ViewChanged;

    // Nobody else is there who could.
    public event Action<string>? Evicted
    {
        add { }
        remove { }
    }

    public SiloAddress Local => silo.SiloAddress;

    public SiloStatus LocalStatus { get; private set; } = SiloStatus.Created;

    public ClusterView View { get; private set; } = new(0, []);

    public Task RefreshAsync(long version, CancellationToken cancellation) => Task.CompletedTask;

    public Task<bool> TryKillAsync(SiloAddress silo) => Task.FromResult(false);

    public Task JoinAsync(CancellationToken cancellation) => Change(SiloStatus.Active);

    public Task BeginLeaveAsync(CancellationToken cancellation) => Change(SiloStatus.ShuttingDown);

    public Task LeaveAsync(CancellationToken cancellation) => Change(SiloStatus.Dead);

    private Task Change(SiloStatus status)
    {
        LocalStatus = status;
        SiloMember member = new(Local, silo.Name, status, false, metadata.Value.Metadata, types.PropertiesByType());
        View = new ClusterView(View.Version + 1, [member]);
        ViewChanged?.Invoke(View);
        return Task.CompletedTask;
    }
}
