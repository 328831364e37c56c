using Bgpo.Spec;

namespace Bgpo.Silo;

/// <summary>What kinds of clusters this build knows, and whether one of them lives.</summary>
public static class ClusterKinds
{
    /// <summary>Why a cluster cannot be founded or joined as described; null when it can.</summary>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Refusal(ClusterSection cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.Kind.Length == 0 || Engine.Kinds.Contains(cluster.Kind)
            ? Engine.Refusal(cluster)
            : $"field cluster.kind: value '{cluster.Kind}': this build has {string.Join(", ", Engine.Kinds)}; {Engine.OtherBuild}";
    }

    /// <summary>Whether a silo of a cluster lives.</summary>
    /// <param name="name">The cluster.</param>
    /// <param name="cluster">How its members find one another.</param>
    /// <exception cref="Exception">The table that should know cannot be asked; <see cref="Explanation"/> says why.</exception>
    public static bool HasLiveSilo(string name, ClusterSection cluster) => Engine.HasLiveSilo(name, cluster);

    /// <summary>What those who found or join a cluster should know of it; null: nothing.</summary>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Notice(ClusterSection cluster) => Engine.Notice(cluster);

    /// <summary>What to say of a failure of what a cluster's members join by, without any secret; null when the failure is another's.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="cluster">How its members find one another.</param>
    public static string? Explanation(Exception failure, ClusterSection cluster) => Engine.Explanation(failure, cluster);

    /// <summary>Why a cluster may not have let a client or a silo in, or what to look at; null where there is nothing to say.</summary>
    /// <param name="name">The cluster.</param>
    /// <param name="services">Those of the client or silo.</param>
    public static string? WhyShutOut(string name, IServiceProvider services) => Engine.WhyShutOut(name, services);
}
