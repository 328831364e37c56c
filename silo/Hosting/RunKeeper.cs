using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bgpo.Silo.Hosting;

/// <summary>
/// Keeps a cluster's runs driven: asks each run that the store says is running or paused here to go on, which does nothing where its
/// controller lives and makes a new one where it died with its silo. Does so as soon as a silo is gone, and now and then.
/// </summary>
/// <param name="owners">Tells this cluster's runs from others'.</param>
/// <param name="catalog">The store's runs.</param>
/// <param name="grains">Where controllers are found.</param>
/// <param name="silos">Tells of silos that are gone.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="log">Where it says what it could not do.</param>
internal sealed partial class RunKeeper(
    IRunOwners owners, RunCatalog catalog, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time, ILogger<RunKeeper> log)
    : BackgroundService, ISiloStatusListener
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _gone = new(0);
    private HashSet<string> _driven = [];

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead)
        {
            _gone.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _gone.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        try
        {
            for (TimeSpan wait = s_pause; ; wait = await KeepRuns(stoppingToken) ? s_period : s_pause)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                Task period = Task.Delay(wait, time, either.Token);
                await Task.WhenAny(period, _gone.WaitAsync(either.Token));
                await either.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    /// <summary>
    /// Asks every run, those first that were driven here when it last looked: of a silo that is gone it was one of these. False
    /// when one could not be asked.
    /// </summary>
    private async Task<bool> KeepRuns(CancellationToken stoppingToken)
    {
        var asked = _driven.ToDictionary(run => run, run => Keep(run, stoppingToken));
        bool isListed = true;
        try
        {
            HashSet<string> driven = [];
            await foreach (CatalogEntry run in catalog.ListAsync(stoppingToken))
            {
                if (run.Record is { State: RunState.Running or RunState.Paused } record
                    && owners.IsThis(record) && driven.Add(run.RunId))
                {
                    if (!asked.ContainsKey(run.RunId))
                    {
                        asked[run.RunId] = Keep(run.RunId, stoppingToken);
                    }
                }
            }
            _driven = driven;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            CouldNotKeep(e.Message); // whatever is wrong with a store must not end a silo
            isListed = false;
        }
        return (await Task.WhenAll(asked.Values)).All(static isDone => isDone) && isListed;
    }

    /// <summary>Asks one run: whatever is wrong with it must not keep the others waiting. False when it is worth asking again soon.</summary>
    private async Task<bool> Keep(string run, CancellationToken stoppingToken)
    {
        try
        {
            await grains.GetGrain<IRunGrain>(run).EnsureRunning();
            return true;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            CouldNotKeep(e.Message);
            return e is RunException; // it cannot go on as it is: every few seconds is soon enough
        }
    }

    [LoggerMessage(LogLevel.Warning, "Runs could not be kept going: {Reason}")]
    private partial void CouldNotKeep(string reason);
}
