using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Tests;

/// <summary>How silos and clients find one another: on the embedded engine, by a directory.</summary>
internal static class Clustering
{
    /// <summary>Makes a cluster of this silo alone.</summary>
    public static void Alone(ISiloBuilder silo) => silo.UseLocalhostClustering();

    public static void Join(ISiloBuilder silo, string directory) =>
        silo.UseEmbeddedClustering(new EmbeddedClusteringOptions { ClusterId = "tests", Directory = directory });

    public static void Join(IClientBuilder client, string directory) =>
        client.UseEmbeddedClustering(new EmbeddedClusteringOptions { ClusterId = "tests", Directory = directory });

    /// <summary>Waits until <paramref name="silo"/> places grains on <paramref name="other"/>, too.</summary>
    public static Task Knows(IHost silo, SiloAddress other) =>
        ClusterFixture.Sees(silo, cluster => cluster.GetSiloStatus(other) == SiloStatus.Active);
}
