using Bgpo.Spec;
using Orleans.Hosting;

namespace Bgpo.Silo;

/// <summary>How silos and clients join a cluster: here by the embedded engine, among the processes of one machine.</summary>
internal static class Engine
{
    /// <summary>The kinds of clusters that there are; the first is that of a cluster that names none.</summary>
    internal static IReadOnlyList<string> Kinds { get; } = [ClusterSection.Embedded];

    /// <summary>Where other kinds are to be had.</summary>
    internal static string OtherBuild => "localhost, postgres and azure are Microsoft.Orleans's: bgpo --packages orleans ...";

    /// <summary>Why a cluster cannot be used as described, though its kind can; null when it can.</summary>
    /// <param name="cluster">How its members find one another.</param>
    internal static string? Refusal(ClusterSection cluster)
    {
        const string elsewhere = "this build has none; it is Microsoft.Orleans's: bgpo --packages orleans ...";
        return cluster.Dashboard > 0 ? $"field cluster.dashboard: value '{cluster.Dashboard}': {elsewhere}"
            : cluster.Tls.IsOn ? $"field cluster.tls.certificate: value '{cluster.Tls.Certificate}': {elsewhere}"
            : null;
    }

    /// <summary>What those who found or join a cluster should know of it; null: nothing.</summary>
    /// <param name="cluster">How its members find one another.</param>
    internal static string? Notice(ClusterSection cluster) => null;

    /// <summary>Whether the members of one cluster may be of several machines.</summary>
    /// <param name="cluster">How they find one another.</param>
    internal static bool SpansMachines(ClusterSection cluster) => false;

    /// <inheritdoc cref="ClusterKinds.HasLiveSilo"/>
    internal static bool HasLiveSilo(string name, ClusterSection cluster) => ClusterFolder.HasLiveSilo(name);

    /// <inheritdoc cref="ClusterKinds.Explanation"/>
    internal static string? Explanation(Exception failure, ClusterSection cluster) => null;

    /// <inheritdoc cref="ClusterKinds.WhyShutOut"/>
    internal static string? WhyShutOut(string name, IServiceProvider services) => null;

    /// <summary>Makes a cluster of this silo alone.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    internal static void Alone(ISiloBuilder silo, string name) => silo.UseLocalhostClustering(clusterId: name);

    /// <summary>Founds or joins a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="name">What the cluster is called.</param>
    /// <param name="cluster">How its members find one another.</param>
    internal static void Join(ISiloBuilder silo, string name, ClusterSection cluster) => silo.UseEmbeddedClustering(Options(name));

    /// <summary>Makes the client one of a cluster.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">What the cluster is called.</param>
    /// <param name="cluster">How its members find one another.</param>
    internal static void Join(IClientBuilder client, string name, ClusterSection cluster) => client.UseEmbeddedClustering(Options(name));

    private static EmbeddedClusteringOptions Options(string name) => new() { ClusterId = name, Directory = ClusterFolder.PathOf(name) };
}
