using System.Net;
using Bgpo.Silo.Clustering.Transport;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Runtime.MembershipService;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// How silos and clients join a cluster: of the processes of one machine, or of many by a table that they share.
/// </summary>
public static class ClusterMembership
{
    /// <summary>
    /// How old a silo's last sign of life, which it gives every two seconds, may be; much of it is for clocks that differ.
    /// </summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>How long calls without a time of their own may take; a watcher's long poll lasts half of it.</summary>
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a client tries to reach a gateway, TLS included, and how long it waits before it turns to another. One whose
    /// host is cut off is tried twice; by Orleans's own times, 5 s each, that takes as long as a client has to be let in.
    /// </summary>
    private static readonly TimeSpan s_reach = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_otherGateway = TimeSpan.FromSeconds(2);

    /// <summary>How long a silo tries to join those that are there; Orleans's own default is five minutes.</summary>
    private static readonly TimeSpan s_join = TimeSpan.FromMinutes(1);

    /// <summary>What a peer can make this process allocate at once; messages are of 4 MiB at most.</summary>
    private const int LargestMessage = 8 * 1024 * 1024;
    private const int LargestHeader = 1024 * 1024;

    private const string Reachable =
        "whether their addresses can be reached from here, and whether all have the same tls in their cluster file, or none";

    /// <summary>Why a cluster cannot be founded or joined as described; null when it can.</summary>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Refusal(ClusterSection cluster) =>
        (TableOf(cluster) is { } table ? table.Refusal() ?? AddressRefusal(cluster) : null)
            ?? (cluster.Tls.IsOn ? ClusterTls.Refusal(cluster.Tls) : null);

    /// <summary>What those who found or join a cluster should know of it; null: nothing.</summary>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Notice(ClusterSection cluster) => cluster.Tls.IsOn || IPAddress.IsLoopback(AddressOf(cluster))
        ? null
        : $"what silos send at {AddressOf(cluster)} is not encrypted, and whoever reaches it can join: use a private network, " +
            "or tls (docs/clusters.md)";

    /// <summary>Whether the members of one cluster may be of several machines.</summary>
    /// <param name="cluster">How they find one another.</param>
    internal static bool SpansMachines(ClusterSection cluster) => TableOf(cluster) is not null;

    /// <summary>Whether a silo of a cluster lives.</summary>
    /// <param name="name">The cluster.</param>
    /// <param name="cluster">How its members find one another.</param>
    /// <exception cref="Exception">The table that should know cannot be asked; <see cref="Explanation"/> says why.</exception>
    public static bool HasLiveSilo(string name, ClusterSection cluster) =>
        TableOf(cluster) is { } table ? table.HasLiveSilo(name) : ClusterFolder.HasLiveSilo(name);

    /// <summary>
    /// What to say of a failure of what a cluster's members join by, without any secret; null when the failure is another's.
    /// </summary>
    /// <param name="failure">The failure.</param>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Explanation(Exception failure, ClusterSection cluster) =>
        failure is OrleansClusterConnectivityCheckFailedException
        ? $"the cluster's silos do not answer this one in {s_join.TotalSeconds:0} s: see {Reachable}"
        : TableOf(cluster)?.Explanation(failure);

    /// <summary>Why a cluster may not have let a client or a silo in, or what to look at.</summary>
    /// <param name="name">The cluster.</param>
    /// <param name="services">Those of the client or silo.</param>
    public static string? WhyShutOut(string name, IServiceProvider services) =>
        services.GetService<ClusterTls>()?.LastFlaw is { } flaw
        ? $"the certificate of one of its members, {flaw}"
        : $"see whether its processes are stopped (bgpo cluster stop --cluster {name} ends them), {Reachable}";

    /// <summary>Makes a cluster of this silo alone.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    internal static void Alone(ISiloBuilder silo, string name)
    {
        silo.UseLocalhostClustering(serviceId: name, clusterId: name);
        silo.Services.UseTransport(_ => new NoTransport(), listens: true);
    }

    /// <summary>Founds or joins a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    /// <param name="cluster">How its members find one another.</param>
    internal static void Join(ISiloBuilder silo, string name, ClusterSection cluster)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = name);
        silo.Configure<ClusterMembershipOptions>(ConfigureProbes);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = s_answer);
        silo.Services.AddSingleton<IFatalErrorHandler, HostStopper>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => ActivatorUtilities.CreateInstance<LivenessLock>(services, ClusterFolder.PathOf(name)));
        if (cluster.Dashboard > 0)
        {
            silo.AddDashboard();
            silo.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<DashboardSite>(services, name, cluster));
        }
#pragma warning disable ORLEANSEXP003 // Without it two activations of a controller may live for long after a silo has died.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        // A dead silo's grains may live elsewhere at once: effects are idempotent and fenced by epoch. By default they wait for
        // 30 s.
        silo.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.Zero);
        string folder = ClusterFolder.PathOf(name);
        IPAddress address = AddressOf(cluster);
        bool spans = SpansMachines(cluster);
        int Port(int given) => given > 0 ? given : spans ? FileMembership.FreePort(address) : ClusterFolder.ReservePort(folder);
        silo.ConfigureEndpoints(address, Port(cluster.SiloPort), Port(cluster.GatewayPort));
        SocketTransport transport = UseTransport(silo.Services, name, cluster, listens: true);
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => ActivatorUtilities.CreateInstance<FailureDetector>(services, transport, folder));
        if (TableOf(cluster) is { } table)
        {
            table.Use(silo);
        }
        else
        {
            silo.UseFileMembership(ClusterFolder.PathOf(name));
        }
    }

    /// <summary>Makes the client one of a cluster.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">What the cluster is called.</param>
    /// <param name="cluster">How its members find one another.</param>
    internal static void Join(IClientBuilder client, string name, ClusterSection cluster)
    {
        client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = name);
        client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = s_answer);
        client.Configure<ConnectionOptions>(options => options.OpenConnectionTimeout = s_reach);
        client.Configure<TypeManagementOptions>(options => options.TypeMapRefreshInterval = s_otherGateway);
        _ = UseTransport(client.Services, name, cluster, listens: false);
        if (TableOf(cluster) is { } table)
        {
            table.Use(client);
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        }
        else
        {
            client.UseFileMembership(ClusterFolder.PathOf(name));
        }
        GatewayFailover.WatchedBy(client);
    }

    private static SocketTransport UseTransport(IServiceCollection services, string name, ClusterSection cluster, bool listens)
    {
        ClusterTls? tls = cluster.Tls.IsOn ? ClusterTls.Load(cluster.Tls) : null;
        if (tls is not null)
        {
            services.AddSingleton(tls);
        }
        var transport = new SocketTransport(SpansMachines(cluster) ? null : ClusterFolder.PathOf(name), tls);
        services.UseTransport(provider =>
        {
            transport.Log = provider.GetRequiredService<ILogger<SocketTransport>>();
            return transport;
        }, listens);
        services.Configure<SiloMessagingOptions>(Limit);
        services.Configure<ClientMessagingOptions>(Limit);
        return transport;
    }

    private static void Limit(MessagingOptions options) =>
        (options.MaxMessageHeaderSize, options.MaxMessageBodySize) = (LargestHeader, LargestMessage);

    private static IMemberTable? TableOf(ClusterSection cluster) => cluster.Kind switch
    {
        ClusterKind.Postgres => new PostgresMembers(),
        ClusterKind.Azure => new AzureMembers(cluster),
        _ => null,
    };

    private static string? AddressRefusal(ClusterSection cluster) =>
        cluster.Address.Length > 0 || OwnAddress is not { Length: > 0 } own || IPAddress.TryParse(own, out _)
            ? null
            : $"BGPO_ADDRESS: value '{own}': an IP address of this machine, for example 10.0.0.5";

    private static string? OwnAddress => Environment.GetEnvironmentVariable("BGPO_ADDRESS");

    private static IPAddress AddressOf(ClusterSection cluster) => !SpansMachines(cluster) ? IPAddress.Loopback
        : cluster.Address.Length > 0 ? IPAddress.Parse(cluster.Address)
        : OwnAddress is { Length: > 0 } own ? IPAddress.Parse(own)
        : IPAddress.Loopback;

    /// <summary>
    /// Deaths are told by connections, and stopped processes by the kernel (<see cref="FailureDetector"/>): probes are for what
    /// hangs otherwise, and patient with silos that are short of processor time.
    /// </summary>
    internal static void ConfigureProbes(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(2);
        // Orleans adapts the time to the answers that it has had; not below this.
        options.MinProbeTimeout = TimeSpan.FromSeconds(2);
        options.MaxProbeTimeout = TimeSpan.FromSeconds(4);
        options.NumMissedProbesLimit = 3;
        options.NumVotesForDeathDeclaration = 1;
        options.EnableIndirectProbes = false;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
        options.MaxJoinAttemptTime = s_join;
    }

    /// <summary>A silo that was declared dead stops, Orleans's own handler would abort the process.</summary>
    private sealed class HostStopper(IHostApplicationLifetime host) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => true;

        public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
            host.StopApplication();
    }
}
