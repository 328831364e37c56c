using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;

namespace Orleans.Hosting;

internal sealed class LocalSiloDetails(
    IOptions<ClusterOptions> cluster, IOptions<SiloOptions> silo, IOptions<LocalSiloOptions> ports) : ILocalSiloDetails
{
    private readonly int _generation = SiloAddress.AllocateNewGeneration();

    public string Name => silo.Value.SiloName is { Length: > 0 } name ? name : $"Silo_{SiloAddress.Endpoint.Port}";

    public string ClusterId => cluster.Value.ClusterId;

    public string DnsHostName => Dns.GetHostName();

    public SiloAddress SiloAddress => SiloAddress.New(IPAddress.Loopback, ports.Value.SiloPort, _generation);

    public SiloAddress GatewayAddress => SiloAddress.New(IPAddress.Loopback, ports.Value.GatewayPort, 0);
}

/// <summary>Starts and stops the silo with its host.</summary>
internal sealed class SiloHost : IHostedService
{
    private readonly SiloLifecycle _lifecycle;

    public SiloHost(
        SiloLifecycle lifecycle,
        Catalog catalog,
        ICluster cluster,
        DistributedGrainDirectory directory,
        ClusterClient references,
        IHostApplicationLifetime host,
        IFatalErrorHandler fatal,
        IEnumerable<ILifecycleParticipant<ISiloLifecycle>> participants)
    {
        _lifecycle = lifecycle;
        ArgumentNullException.ThrowIfNull(references);
        cluster.Evicted += reason =>
        {
            fatal.OnFatalException(cluster, reason);
            host.StopApplication();
        };
        lifecycle.Subscribe<SiloHost>(ServiceLifecycleStage.RuntimeInitialize, _ => Task.CompletedTask, cluster.LeaveAsync);
        lifecycle.Subscribe<SiloHost>(
            ServiceLifecycleStage.BecomeActive,
            async cancellation =>
            {
                catalog.StartCollecting();
                await cluster.JoinAsync(cancellation);
                await directory.SettleAsync(cancellation);
            },
            async cancellation =>
            {
                // One that was declared dead has nothing to hand over: others have its grains by now.
                if (cluster.LocalStatus != SiloStatus.Dead)
                {
                    try
                    {
                        await cluster.BeginLeaveAsync(cancellation);
                    }
                    finally
                    {
                        // Grains hand over what they hold even where the table of members cannot be written.
                        await catalog.StopAsync(cancellation);
                    }
                }
            });
        foreach (ILifecycleParticipant<ISiloLifecycle> participant in participants)
        {
            participant.Participate(lifecycle);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => _lifecycle.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => _lifecycle.StopAsync(cancellationToken);
}
