using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Bgpo.Silo;

/// <summary>
/// How silos and clients join a cluster: here by Microsoft.Orleans. With <c>BGPO_POSTGRES</c>, a connection string, the members are kept
/// in that database and may be of many machines, each reached at its <c>BGPO_ADDRESS</c>; without it they are processes of this machine.
/// </summary>
internal static class Engine
{
    private const string Npgsql = nameof(Npgsql);

    /// <summary>
    /// How long calls without a time of their own may take. A client of Microsoft.Orleans learns by it that its gateway is dead; a watcher's
    /// long poll lasts half of it.
    /// </summary>
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5);

    private static string? Postgres => Environment.GetEnvironmentVariable("BGPO_POSTGRES");

    /// <summary>Whether the members of one cluster may be of several machines.</summary>
    internal static bool SpansMachines => Postgres is not null;

    /// <summary>Makes a cluster of this silo alone.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cluster">What the cluster is called.</param>
    internal static void Alone(ISiloBuilder silo, string cluster)
    {
        int port = FileMembership.FreePort();
        silo.UseLocalhostClustering(port, FileMembership.FreePort(), new IPEndPoint(IPAddress.Loopback, port), cluster, cluster);
    }

    /// <summary>Founds or joins a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cluster">The cluster.</param>
    internal static void Join(ISiloBuilder silo, string cluster)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster);
        silo.Configure<ClusterMembershipOptions>(BurySoon);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = s_answer);
        silo.Services.AddSingleton<IFatalErrorHandler, HostStopper>();
        if (Postgres is { } connection)
        {
            IPAddress address = Environment.GetEnvironmentVariable("BGPO_ADDRESS") is { Length: > 0 } own ? IPAddress.Parse(own) : IPAddress.Loopback;
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection))
                .ConfigureEndpoints(address, FileMembership.FreePort(), FileMembership.FreePort());
        }
        else
        {
            silo.UseFileMembership(ClusterFolder.PathOf(cluster));
        }
    }

    /// <summary>Makes the client one of a cluster.</summary>
    /// <param name="client">The client.</param>
    /// <param name="cluster">The cluster.</param>
    internal static void Join(IClientBuilder client, string cluster)
    {
        client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster);
        client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = s_answer);
        if (Postgres is { } connection)
        {
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection))
                .Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        }
        else
        {
            client.UseFileMembership(ClusterFolder.PathOf(cluster));
        }
    }

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
