using Bgpo.Grains;
using Bgpo.Silo;
using Bgpo.Storage;
using Bgpo.Storage.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Bgpo.Client.Hosting;

/// <summary>Runs live in a silo inside this process, or in silo processes that it starts.</summary>
/// <param name="logging">Where the silo's logs go.</param>
internal sealed class SiloTrainingHost(Action<ILoggingBuilder> logging) : ITrainingHost
{
    /// <inheritdoc/>
    public async Task<ITrainingCluster> Start(HostOptions options, CancellationToken cancellationToken)
    {
        if (options.Silos > 0)
        {
            return await SiloProcesses.Start(options, cancellationToken);
        }
        try
        {
            IHost host = BgpoSilo.Build(new SiloSettings(new LocalBlobStore(options.Store), options.Threads), logging);
            await host.StartAsync(cancellationToken);
            return new Cluster(host);
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    private sealed class Cluster(IHost host) : ITrainingCluster
    {
        public IRunGrain GetRun(string run) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
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
