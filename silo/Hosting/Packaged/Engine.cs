using System.Net;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Bgpo.Silo;

/// <summary>How silos and clients join a cluster: here by Microsoft.Orleans, among the processes of one machine, or of many by a database.</summary>
internal static class Engine
{
    private const string Npgsql = nameof(Npgsql);

    /// <summary>
    /// How long calls without a time of their own may take. A client of Microsoft.Orleans learns by it that its gateway is dead; a watcher's
    /// long poll lasts half of it.
    /// </summary>
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5);

    /// <summary>The kinds of clusters that there are; the first is that of a cluster that names none.</summary>
    internal static IReadOnlyList<string> Kinds { get; } = [ClusterSection.Localhost, ClusterSection.Postgres];

    /// <summary>Where other kinds are to be had.</summary>
    internal static string OtherBuild => "embedded is what bgpo builds without --packages orleans";

    /// <summary>Why a cluster cannot be used as described, though its kind can; null when it can.</summary>
    /// <param name="cluster">How its members find one another.</param>
    internal static string? Refusal(ClusterSection cluster) => SpansMachines(cluster) ? PostgresMembers.Refusal() ?? AddressRefusal(cluster) : null;

    /// <summary>Whether the members of one cluster may be of several machines.</summary>
    /// <param name="cluster">How they find one another.</param>
    internal static bool SpansMachines(ClusterSection cluster) => cluster.Kind == ClusterSection.Postgres;

    /// <inheritdoc cref="ClusterKinds.HasLiveSilo"/>
    internal static bool HasLiveSilo(string name, ClusterSection cluster) =>
        SpansMachines(cluster) ? PostgresMembers.HasLiveSilo(name) : ClusterFolder.HasLiveSilo(name);

    /// <summary>Makes a cluster of this silo alone.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    internal static void Alone(ISiloBuilder silo, string name)
    {
        int port = FileMembership.FreePort(IPAddress.Loopback);
        silo.UseLocalhostClustering(port, FileMembership.FreePort(IPAddress.Loopback), new IPEndPoint(IPAddress.Loopback, port), name, name);
    }

    /// <summary>Founds or joins a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    /// <param name="cluster">How its members find one another.</param>
    internal static void Join(ISiloBuilder silo, string name, ClusterSection cluster)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = name);
        silo.Configure<ClusterMembershipOptions>(BurySoon);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = s_answer);
        silo.Services.AddSingleton<IFatalErrorHandler, HostStopper>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => ActivatorUtilities.CreateInstance<Presence>(services, ClusterFolder.PathOf(name)));
        if (cluster.Dashboard > 0)
        {
            silo.AddDashboard();
            silo.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<DashboardSite>(services, name, cluster));
        }
        IPAddress address = AddressOf(cluster);
        int Port(int given) => given > 0 ? given : FileMembership.FreePort(address);
        silo.ConfigureEndpoints(address, Port(cluster.SiloPort), Port(cluster.GatewayPort));
        if (SpansMachines(cluster))
        {
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, PostgresMembers.Connection));
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
        var lost = new LostGateway();
        client.AddOutgoingGrainCallFilter(lost).AddGatewayCountChangedHandler(lost.OnGateways);
        if (SpansMachines(cluster))
        {
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, PostgresMembers.Connection))
                .Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        }
        else
        {
            client.UseFileMembership(ClusterFolder.PathOf(name));
        }
    }

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
    /// A silo that hangs is buried in 0.5 to 2.3 s, not in 10 to 60 s. The price: a silo that does not answer for that long, for
    /// whatever reason, is buried too, and two probes a second go between any two silos.
    /// </summary>
    private static void BurySoon(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromMilliseconds(500);
        options.MinProbeTimeout = TimeSpan.FromMilliseconds(250);
        options.MaxProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 2;
        options.NumVotesForDeathDeclaration = 1;
        options.EnableIndirectProbes = false;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
    }

    /// <summary>A silo that was declared dead stops, as on the embedded engine; Orleans's own handler would abort the process.</summary>
    private sealed class HostStopper(IHostApplicationLifetime host) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => true;

        public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) => host.StopApplication();
    }
}
