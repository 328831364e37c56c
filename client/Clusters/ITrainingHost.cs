using Bgpo.Grains;
using Bgpo.Model;

namespace Bgpo.Client.Clusters;

/// <summary>Starts what runs live in, or joins it where it runs already.</summary>
internal interface ITrainingHost
{
    /// <summary>How silos and clients find one another.</summary>
    ClusterConfig Clustering { get; set; }

    /// <summary>Starts it: on one machine, a silo inside this process, or silo processes of their own.</summary>
    /// <param name="options">Where runs are kept and what may be used.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="BadInputException">The options cannot be used: a store that cannot be written, too many
    /// threads.</exception>
    Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken);

    /// <summary>Joins a cluster as a client.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="cancellationToken">Gives up joining.</param>
    /// <exception cref="BadInputException">No silo of that cluster lives, or none answers.</exception>
    Task<ITrainingCluster> Join(string cluster, CancellationToken cancellationToken);

    /// <summary>Whether a silo of a cluster lives.</summary>
    /// <param name="cluster">The cluster.</param>
    bool IsAlive(string cluster);
}

/// <summary>A running cluster. Disposing it ends what it started.</summary>
internal interface ITrainingCluster : IAsyncDisposable
{
    /// <summary>Told what its silos have to say: trouble, in one line.</summary>
    event Action<string>? Said;

    /// <summary>Its name; empty for a silo inside this process.</summary>
    string Name { get; }

    /// <summary>Whether a silo of it lives.</summary>
    bool IsAlive { get; }

    /// <summary>A run's controller.</summary>
    /// <param name="run">Run id.</param>
    IRunGrain GetRun(string run);

    /// <summary>Its silos, ordered by name.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <exception cref="BadInputException">No silo answers any more.</exception>
    Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken);
}

/// <summary>Where runs are kept and what may be used.</summary>
/// <param name="Store">The store's folder, full path; made when missing.</param>
/// <param name="Devices">What each silo computes on.</param>
/// <param name="Silos">Silo processes to start; 0: one silo inside this process.</param>
/// <param name="Cluster">The cluster that the silos make.</param>
internal sealed record HostOptions(string Store, DeviceSet Devices, int Silos, string Cluster);
