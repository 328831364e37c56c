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
    /// <exception cref="System.Data.Common.DbException">The database that should know cannot be asked.</exception>
    public static bool HasLiveSilo(string name, ClusterSection cluster) => Engine.HasLiveSilo(name, cluster);
}
