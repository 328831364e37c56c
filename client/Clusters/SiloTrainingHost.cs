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
        // Before there is a run; silo processes have the same environment.
        Telemetry.Check(Environment.GetEnvironmentVariable);
        if (options.Silos > 0)
        {
            return await SiloProcesses.Start(options, machine, Clustering, cancellationToken);
        }
        try
        {
            IHost host = BgpoSilo.Build(new SiloSettings(BlobStores.Open(options.Store), options.Devices), logging);
            await host.StartAsync(cancellationToken);
            return new Cluster(host);
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

    private sealed class Cluster : ITrainingCluster
    {
        private readonly IHost _host;
        private readonly Telemetry? _telemetry;
        private readonly Lock _gate = new();
        private Action<string>? _listeners;

        /// <summary>What was said while nobody listened.</summary>
        private string? _unheard;

        public Cluster(IHost host)
        {
            _host = host;
            _telemetry = Telemetry.Start(BgpoSilo.NameOf(Environment.ProcessId, new()), Say);
        }

        public event Action<string>? Said
        {
            add
            {
                lock (_gate)
                {
                    _listeners += value;
                }
                if (Interlocked.Exchange(ref _unheard, null) is { } line)
                {
                    value?.Invoke(line);
                }
            }

            remove
            {
                lock (_gate)
                {
                    _listeners -= value;
                }
            }
        }

        public string Name => "";

        public bool IsAlive => true;

        public async Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken) =>
            await _host.Services.GetRequiredService<IGrainFactory>().GetGrain<IClusterGrain>(0).GetSilos();

        public IRunGrain GetRun(string run) => _host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);

        public async ValueTask DisposeAsync()
        {
            await _host.StopAsync();
            _telemetry?.Dispose();
            if (_unheard is { } line)
            {
                Console.Error.WriteLine("bgpo: " + line); // of what was sent last, when nobody listened any more
            }
            if (_host is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
            else
            {
                _host.Dispose();
            }
        }

        private void Say(string line)
        {
            Action<string>? listeners;
            lock (_gate)
            {
                listeners = _listeners;
                _unheard = listeners is null ? line : null;
            }
            listeners?.Invoke(line);
        }
    }
}
