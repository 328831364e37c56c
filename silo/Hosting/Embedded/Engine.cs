using Orleans.Hosting;

namespace Bgpo.Silo;

/// <summary>How silos and clients join a cluster: here by the embedded engine, among the processes of one machine.</summary>
internal static class Engine
{
    /// <summary>Whether the members of one cluster may be of several machines.</summary>
    internal static bool SpansMachines => false;

    /// <summary>Makes a cluster of this silo alone.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cluster">What the cluster is called.</param>
    internal static void Alone(ISiloBuilder silo, string cluster) => silo.UseLocalhostClustering(clusterId: cluster);

    /// <summary>Founds or joins a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="cluster">The cluster.</param>
    internal static void Join(ISiloBuilder silo, string cluster) => silo.UseEmbeddedClustering(Options(cluster));

    /// <summary>Makes the client one of a cluster.</summary>
    /// <param name="client">The client.</param>
    /// <param name="cluster">The cluster.</param>
    internal static void Join(IClientBuilder client, string cluster) => client.UseEmbeddedClustering(Options(cluster));

    private static EmbeddedClusteringOptions Options(string cluster) => new() { ClusterId = cluster, Directory = ClusterFolder.PathOf(cluster) };
}
