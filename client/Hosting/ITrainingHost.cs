using Bgpo.Grains;

namespace Bgpo.Client.Hosting;

/// <summary>Starts what runs live in: on one machine, a silo inside this process.</summary>
internal interface ITrainingHost
{
    /// <summary>Starts it, or joins it where it runs already.</summary>
    /// <param name="options">Where runs are kept and what may be used.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="BadInputException">The options cannot be used: a store that cannot be written, too many threads.</exception>
    Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken);
}

/// <summary>A running cluster. Disposing it ends what it started.</summary>
internal interface ITrainingCluster : IAsyncDisposable
{
    /// <summary>A run's controller.</summary>
    /// <param name="run">Run id.</param>
    IRunGrain GetRun(string run);
}

/// <summary>Where runs are kept and what may be used.</summary>
/// <param name="Store">The store's folder, full path; made when missing.</param>
/// <param name="Threads">CPU devices of each silo, one thread each.</param>
/// <param name="Silos">Silo processes to start; 0: one silo inside this process.</param>
/// <param name="Cluster">The cluster of this machine that the silos make.</param>
internal sealed record HostOptions(string Store, int Threads, int Silos, string Cluster);
