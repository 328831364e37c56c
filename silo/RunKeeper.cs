using Bgpo.Grains;
using Bgpo.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Bgpo.Silo;

/// <summary>
/// Keeps a cluster's runs driven: asks each run that the store says is running here to go on, which does nothing where its
/// controller lives and makes a new one where it died with its silo.
/// </summary>
/// <param name="cluster">This silo's cluster.</param>
/// <param name="catalog">The store's runs.</param>
/// <param name="grains">Where controllers are found.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="log">Where it says what it could not do.</param>
internal sealed partial class RunKeeper(
    string cluster, RunCatalog catalog, IGrainFactory grains, TimeProvider time, ILogger<RunKeeper> log) : BackgroundService
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await foreach (CatalogEntry run in catalog.ListAsync(stoppingToken))
                {
                    if (run.Record is { State: RunState.Running } record && record.Cluster == cluster)
                    {
                        await grains.GetGrain<IRunGrain>(run.RunId).KeepGoing();
                    }
                }
            }
            catch (Exception e) when (e is StorageException or RunException or TimeoutException or OrleansException)
            {
                CouldNotKeep(e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Runs could not be kept going: {Reason}")]
    private partial void CouldNotKeep(string reason);
}
