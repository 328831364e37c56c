using Bgpo.Silo.Clustering;
using Bgpo.Spec;

namespace Bgpo.Client;

/// <summary>How the silos of clusters and their clients find one another, as a file says it.</summary>
internal sealed record ClusterConfig
{
    /// <summary>The option that names the file.</summary>
    internal const string Option = "--cluster-config";

    /// <summary>The variable of the environment that names it for those who give no option.</summary>
    internal const string Variable = "BGPO_CLUSTER_CONFIG";

    private const string Expected = "the fields of docs/clusters.md, for example cluster: { kind: postgres }";

    /// <summary>The file, full path; empty where none says anything: a cluster of this machine.</summary>
    internal string File { get; init; } = "";

    /// <summary>What it says.</summary>
    internal ClusterSection Cluster { get; init; } = new();

    /// <summary>Reads the file that the option names, or else the environment.</summary>
    /// <param name="given">The option's value; null where it was not given.</param>
    /// <param name="paths">Where the file is looked up.</param>
    /// <exception cref="BadInputException">There is no such file, or what it says cannot be done here.</exception>
    /// <exception cref="SpecException">It is wrong.</exception>
    internal static ClusterConfig Read(string? given, ProjectPaths paths)
    {
        if ((given ?? paths.ClusterConfig) is not { } path)
        {
            return new ClusterConfig();
        }

        var full = paths.Full(path);
        if (path.Length == 0 || !System.IO.File.Exists(full))
        {
            throw new BadInputException(
                $"{(given is null ? Variable : $"option {Option}")}: value '{path}': no such file; expected a YAML file with " +
                    $"{Expected}");
        }

        var cluster = SpecFile.Load<ClusterSpec>(path, paths, [], Expected).Cluster;
        var tls = new TlsSection
        {
            Certificate = ProjectPaths.Expanded(cluster.Tls.Certificate),
            Key = ProjectPaths.Expanded(cluster.Tls.Key),
            Authority = ProjectPaths.Expanded(cluster.Tls.Authority),
        };
        cluster = cluster with { Tls = tls.From(Path.GetDirectoryName(full)!) };
        return ClusterMembership.Refusal(cluster) is { } refusal
            ? throw new BadInputException($"{paths.Shown(path)}: {refusal}")
            : new ClusterConfig { File = full, Cluster = cluster };
    }
}
