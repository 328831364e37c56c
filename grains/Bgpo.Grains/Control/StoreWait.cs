using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>How a controller waits for its store: as long as it takes, unless the run is to stop.</summary>
/// <param name="store">The run's store.</param>
/// <param name="isTaking">Tells whether the store takes what it is given.</param>
/// <param name="requests">Tell whether the run is to stop.</param>
/// <param name="version">The version that the run stands at.</param>
/// <param name="time">The clock.</param>
/// <param name="leaving">Gives up: the controller's silo leaves.</param>
internal sealed class StoreWait(
    RunStore store, Func<bool> isTaking, RequestHandler requests, Func<int> version, TimeProvider time, CancellationToken leaving)
{
    /// <summary>How long a run that is told to stop waits for a store that takes nothing.</summary>
    private static readonly TimeSpan s_stopTimeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Waits for something of the store.</summary>
    /// <param name="wait">Waits for it.</param>
    internal Task ForAsync(Func<CancellationToken, Task> wait) => ForAsync(async token =>
    {
        await wait(token);
        return true;
    });

    /// <summary>
    /// Waits for the store as long as it takes, but only a short while once a stop is asked for and the store takes nothing.
    /// </summary>
    /// <param name="wait">Waits for it.</param>
    /// <exception cref="StorageException">The run stops and the store takes nothing.</exception>
    internal async Task<T> ForAsync<T>(Func<CancellationToken, Task<T>> wait)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(leaving);
        Task<T> waiting = wait(limit.Token);
        try
        {
            await Task.WhenAny(waiting, StopTimeLimitAsync(limit.Token));
            await limit.CancelAsync();
            return await waiting;
        }
        catch (OperationCanceledException) when (!leaving.IsCancellationRequested)
        {
            throw new StorageException(
                $"run '{store.RunId}' stops at version {version()}, but {store.Blobs.Location} does not take it; what is there " +
                    $"is gone on with by --resume {store.RunId}.");
        }
    }

    private async Task StopTimeLimitAsync(CancellationToken done)
    {
        using var asked = CancellationTokenSource.CreateLinkedTokenSource(requests.Stopping, done);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, asked.Token).AnyEnd();
        do
        {
            await Task.Delay(s_stopTimeLimit, time, done).AnyEnd();
        }
        while (!done.IsCancellationRequested && isTaking()); // a slow store is waited for, one that fails is not for long
    }
}
