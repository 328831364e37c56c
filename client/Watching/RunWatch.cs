using Bgpo.Client.Clusters;
using Bgpo.Grains;

namespace Bgpo.Client.Watching;

/// <summary>Follows a run to its end, over the deaths of its controllers, and passes on the wish to stop it.</summary>
/// <param name="grain">The run's controller.</param>
/// <param name="presenter">Shows the events.</param>
/// <param name="time">The clock, for the pause before watching again.</param>
/// <param name="isAlive">Whether a silo is there that could drive the run.</param>
internal sealed class RunWatch(IRunGrain grain, IRunPresenter presenter, TimeProvider time, Func<bool> isAlive)
{
    /// <summary>How long a cluster may be without any silo before it is given up: time enough to start one.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<string> _silos = [];
    private DateTimeOffset? _lost;

    /// <summary>The event that began what is watched; null when it was missed.</summary>
    internal RunStarted? Started { get; private set; }

    /// <summary>Watches until the run has ended.</summary>
    /// <param name="stop">Asks the run to stop; the watch goes on until it has.</param>
    /// <param name="leave">Ends the watch; the run goes on.</param>
    /// <returns>How it ended; null when it had ended before and its last event is no longer known.</returns>
    /// <exception cref="RunException">The run cannot be watched or stopped.</exception>
    /// <exception cref="ClusterLostException">Every silo is dead, and none has come for a while.</exception>
    /// <exception cref="OperationCanceledException">The watcher has left.</exception>
    internal async Task<RunEvent?> ToTheEnd(CancellationToken stop, CancellationToken leave = default)
    {
        Task? stopping = null;
        using var asked = stop.Register(() =>
        {
            presenter.Say("stopping after the step in hand is saved; Ctrl-C again leaves at once");
            stopping = Stop();
        });

        long last = 0;
        while (true)
        {
            try
            {
                await foreach (var happened in grain.Watch(last, leave))
                {
                    _lost = null;
                    last = happened.Sequence;
                    Started = happened as RunStarted ?? Started;
                    presenter.On(happened is RosterChanged roster ? AsSeen(roster) : happened);
                    if (happened is RunCompleted or RunStopped or RunFailed)
                    {
                        if (stopping is not null)
                        {
                            await stopping;
                        }

                        return happened;
                    }
                }

                // The stream may end without the run's end: its controller moved, or nobody drives it any more.
                if ((await grain.GetStatus()).State is not (RunState.Running or RunState.Paused or RunState.Unknown))
                {
                    return null;
                }
            }
            catch (Exception e) when (TransientErrors.Is(e) && !leave.IsCancellationRequested)
            {
                // The controller's silo is gone; another one takes the run over, and its events go on from there.
                GiveUpWhenAllAreDead(e);
            }

            leave.ThrowIfCancellationRequested();
            // A wish to stop that the old controller took along is passed on to the new one.
            if (stop.IsCancellationRequested)
            {
                stopping = Stop();
            }

            await Task.Delay(Pause, time, leave);
        }
    }

    /// <summary>
    /// A controller first names all silos that live. Who has watched the one before it learns from that which have come and gone,
    /// the former controller's own among them.
    /// </summary>
    private RosterChanged AsSeen(RosterChanged roster)
    {
        var isWhole = roster.Lost.Length == 0 && roster.Joined.Length == roster.Silos;
        var seen = roster with
        {
            Joined = [.. roster.Joined.Except(_silos)],
            Lost = isWhole ? [.. _silos.Except(roster.Joined)] : roster.Lost,
        };
        if (isWhole)
        {
            _silos.Clear();
        }

        _silos.ExceptWith(roster.Lost);
        _silos.UnionWith(roster.Joined);
        return seen;
    }

    private void GiveUpWhenAllAreDead(Exception reason)
    {
        if (isAlive())
        {
            if (_lost is not null)
            {
                presenter.Say("a silo has joined; waiting for the run to go on");
            }

            _lost = null;
            return;
        }

        var now = time.GetUtcNow();
        if (_lost is null)
        {
            presenter.Say($"no silo of the cluster is left; waiting {Patience.TotalSeconds:0} s for one to join");
        }

        _lost ??= now;
        if (now - _lost >= Patience)
        {
            throw new ClusterLostException(reason);
        }
    }

    private async Task Stop()
    {
        try
        {
            await grain.Stop("interrupted");
        }
        catch (Exception e) when (TransientErrors.Is(e))
        {
            // Asked again once the run has a controller.
        }
        catch (RunException e)
        {
            presenter.Say($"the run cannot be stopped: {e.Message}");
        }
    }
}

/// <summary>Every silo of a run's cluster is dead.</summary>
/// <param name="reason">How that was noticed.</param>
internal sealed class ClusterLostException(Exception reason) : Exception("every silo of the cluster is dead", reason);
