using System.Net;
using Bgpo.Silo;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Tests;

/// <summary>How silos and clients find one another: on Microsoft.Orleans, by a table of members in files, over the loopback interface.</summary>
internal static class Clustering
{
    /// <summary>
    /// The variable that makes a silo's process a stranger: its certificate, key and authority, with semicolons between, or nothing for
    /// each; it gives up joining soon, and declares nobody dead.
    /// </summary>
    public const string Stranger = "ORLEANS_TESTS_STRANGER";

    /// <summary>Makes a cluster of this silo alone.</summary>
    public static void Alone(ISiloBuilder silo)
    {
        int port = FreePort();
        silo.UseLocalhostClustering(port, FreePort(), new IPEndPoint(IPAddress.Loopback, port));
    }

    public static void Join(ISiloBuilder silo, string directory)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "tests");
        silo.UseFileMembership(directory);
        silo.ConfigureEndpoints(IPAddress.Loopback, FreePort(), FreePort());
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromMilliseconds(500);
            options.MinProbeTimeout = TimeSpan.FromMilliseconds(250);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(1);
            options.NumMissedProbesLimit = 2;
            options.NumVotesForDeathDeclaration = 1;
            options.EnableIndirectProbes = false;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
        });
        if (Environment.GetEnvironmentVariable(Stranger)?.Split(';') is [var certificate, var key, var authority])
        {
            if (certificate.Length > 0)
            {
                ClusterTls.Load(new TlsSection { Certificate = certificate, Key = key, Authority = authority }).Use(silo);
            }
            silo.Configure<ClusterMembershipOptions>(options => (options.MaxJoinAttemptTime, options.NumMissedProbesLimit) = (TimeSpan.FromSeconds(1), 1000));
        }
    }

    public static void Join(IClientBuilder client, string directory)
    {
        client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "tests");
        client.UseFileMembership(directory);
    }

    /// <summary>
    /// Waits until <paramref name="silo"/> places grains on <paramref name="other"/>, too: it knows of it, and then, from asking it,
    /// which grains it has.
    /// </summary>
    public static async Task Knows(IHost silo, SiloAddress other)
    {
        await ClusterFixture.Sees(silo, cluster => cluster.GetSiloStatus(other) == SiloStatus.Active);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        await foreach (ClusterManifest manifest in silo.Services.GetRequiredService<IClusterManifestProvider>().Updates.WithCancellation(patience.Token))
        {
            if (manifest.Silos.ContainsKey(other))
            {
                return;
            }
        }

        Assert.Fail("The silo stopped before it saw what was waited for.");
    }

    private static int FreePort() => FileMembership.FreePort(IPAddress.Loopback);
}
