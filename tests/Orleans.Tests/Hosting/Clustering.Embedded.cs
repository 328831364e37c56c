using Orleans.Hosting;

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
}
