using Bgpo.Grains;
using Orleans.Runtime;

namespace Bgpo.Client.Watching;

/// <summary>Follows a run to its end and passes on the wish to stop it.</summary>
/// <param name="grain">The run's controller.</param>
/// <param name="presenter">Shows the events.</param>
/// <param name="time">The clock, for the pause before watching again.</param>
internal sealed class RunWatch(IRunGrain grain, IRunPresenter presenter, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The event that began what is watched; null when it was missed.</summary>
    internal RunStarted? Started { get; private set; }

    /// <summary>Watches until the run has ended.</summary>
    /// <param name="interrupted">Asks the run to stop; the watch goes on until it has.</param>
    /// <returns>How it ended; null when it had ended before and its last event is no longer known.</returns>
    /// <exception cref="RunException">The run cannot be watched or stopped.</exception>
    internal async Task<RunEvent?> ToTheEnd(CancellationToken interrupted)
    {
        Task? stopping = null;
        using var asked = interrupted.Register(() =>
        {
            presenter.Say("stopping after the step in hand is saved; Ctrl-C again leaves at once");
            stopping = Stop();
        });

        long last = 0;
        while (true)
        {
            try
            {
                await foreach (var happened in grain.Watch(last, CancellationToken.None).ConfigureAwait(false))
                {
                    last = happened.Sequence;
                    Started = happened as RunStarted ?? Started;
                    presenter.On(happened);
                    if (happened is RunCompleted or RunStopped or RunFailed)
                    {
                        if (stopping is not null)
                            await stopping.ConfigureAwait(false);
                        return happened;
                    }
                }

                // The stream may end without the run's end: its controller moved, or nobody drives it any more.
                if ((await grain.GetStatus().ConfigureAwait(false)).State is not ("running" or "unknown"))
                    return null;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                // The controller's silo is gone; another one takes the run over, and its events go on from there.
            }

            // A wish to stop that the old controller took along is passed on to the new one.
            if (interrupted.IsCancellationRequested)
                stopping = Stop();
            await Task.Delay(Pause, time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task Stop()
    {
        try
        {
            await grain.Stop("interrupted").ConfigureAwait(false);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // Asked again once the run has a controller.
        }
        catch (RunException e)
        {
            presenter.Say($"the run cannot be stopped: {e.Message}");
        }
    }
}
