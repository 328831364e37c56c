using System.Collections.Concurrent;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bgpo.Silo.Hosting;

/// <summary>
/// Keeps a cluster's runs driven: asks each run that the store says is running or paused here to go on, which does nothing where
/// its controller lives and makes a new one where it died with its silo. Does so as soon as a silo is gone, and now and then.
/// </summary>
/// <param name="owners">Tells this cluster's runs from others'.</param>
/// <param name="catalog">The store's runs.</param>
/// <param name="grains">Where controllers are found.</param>
/// <param name="silos">Tells of silos that are gone.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="log">Where it says what it could not do.</param>
internal sealed partial class RunKeeper(
    IRunOwners owners, RunCatalog catalog, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time,
    ILogger<RunKeeper> log)
    : BackgroundService, ISiloStatusListener
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _gone = new(0);
    private readonly ConcurrentDictionary<string, Task> _asked = [];
    private HashSet<string> _driven = [];

    /// <summary>Whether a run could not be asked and is to be asked again soon.</summary>
    private volatile bool _isSoon = true;

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
            while (true)
            {
                // A run that does not answer is not waited for: the others are asked again in time.
                TimeSpan waited = default;
                do
                {
                    waited += await IsGoneAsync(s_pause, stoppingToken) ? s_period : s_pause;
                }
                while (waited < s_period && !_isSoon);
                await KeepRuns(stoppingToken);
            }
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    /// <summary>Waits for a silo to be gone. False when none was for so long.</summary>
    private async Task<bool> IsGoneAsync(TimeSpan atMost, CancellationToken stoppingToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task gone = _gone.WaitAsync(either.Token);
        await Task.WhenAny(Task.Delay(atMost, time, either.Token), gone);
        await either.CancelAsync();
        stoppingToken.ThrowIfCancellationRequested();
        return gone.IsCompletedSuccessfully;
    }

    /// <summary>
    /// Asks every run, those first that were driven here when it last looked: of a silo that is gone it was one of these. One
    /// that has not answered yet is not asked again.
    /// </summary>
    private async Task KeepRuns(CancellationToken stoppingToken)
    {
        _isSoon = false;
        foreach (string run in _driven)
        {
            Ask(run, stoppingToken);
        }
        try
        {
            HashSet<string> driven = [];
            await foreach (CatalogEntry run in catalog.ListAsync(stoppingToken))
            {
                if (run.Record is { State: RunState.Running or RunState.Paused } record
                    && owners.IsThis(record) && driven.Add(run.RunId))
                {
                    if (!_driven.Contains(run.RunId))
                    {
                        Ask(run.RunId, stoppingToken);
                    }
                }
            }
            _driven = driven;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            CouldNotKeep(e.Message); // whatever is wrong with a store must not end a silo
            _isSoon = true;
        }
    }

    /// <summary>Asks one run, unless it is being asked: whatever is wrong with it must not keep the others waiting.</summary>
    private void Ask(string run, CancellationToken stoppingToken)
    {
        if (!_asked.TryGetValue(run, out Task? before) || before.IsCompleted)
        {
            _asked[run] = Keep(run, stoppingToken);
        }
    }

    private async Task Keep(string run, CancellationToken stoppingToken)
    {
        try
        {
            await grains.GetGrain<IRunGrain>(run).EnsureRunning();
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The silo leaves.
        }
        catch (Exception e)
        {
            CouldNotKeep(e.Message);
            _isSoon |= e is not RunException; // one that cannot go on as it is: every few seconds is soon enough
        }
    }

    [LoggerMessage(LogLevel.Warning, "Runs could not be kept going: {Reason}")]
    private partial void CouldNotKeep(string reason);
}
