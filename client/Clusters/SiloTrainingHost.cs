using Bgpo.Grains;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Clusters;

/// <summary>Runs live in a silo inside this process, in silo processes that it starts, or in a cluster that is there.</summary>
/// <param name="machine">Where silo processes are started.</param>
/// <param name="logging">Where the silo's logs go.</param>
internal sealed class SiloTrainingHost(IMachine machine, Action<ILoggingBuilder> logging) : ITrainingHost
{
    /// <inheritdoc/>
    public ClusterConfig Clustering { get; set; } = new();

    /// <inheritdoc/>
    public async Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken)
    {
        if (options.Silos > 0)
        {
            return await SiloProcesses.Start(options, machine, Clustering, cancellationToken);
        }
        try
        {
            IHost host = BgpoSilo.Build(new SiloSettings(BlobStores.Open(options.Store), options.Threads), logging);
            await host.StartAsync(cancellationToken);
            return new Cluster(host, Telemetry.Start(BgpoSilo.NameOf(Environment.ProcessId)));
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async Task<ITrainingCluster> Join(string cluster, CancellationToken cancellationToken) =>
        await JoinedCluster.Join(cluster, Clustering.Cluster, cancellationToken);

    /// <inheritdoc/>
    public bool IsAlive(string cluster) => ClusterMembership.HasLiveSilo(cluster, Clustering.Cluster);

    private sealed class Cluster(IHost host, IDisposable? telemetry) : ITrainingCluster
    {
        public event Action<string>? Said
        {
            add { } // A silo inside this process has its logs.
            remove { }
        }

        public string Name => "";

        public bool IsAlive => true;

        public async Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken) =>
            await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IClusterGrain>(0).GetSilos();

        public IRunGrain GetRun(string run) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            telemetry?.Dispose();
            if (host is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
            else
            {
                host.Dispose();
            }
        }
    }
}
