using Bgpo.ExactSums;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Shards;
using Bgpo.Model;
using Bgpo.Storage.Blobs;

namespace Bgpo.Grains.Steps;

/// <summary>
/// A queue of units against the live devices: rollouts first, since gradient work follows from them; work is dispatched again
/// when its call fails or its silo leaves. Late and duplicate results are harmless, so nothing here needs to know why a call
/// failed.
/// </summary>
/// <remarks>Runs inside one grain: all its continuations are turns of that grain, so it needs no locks.</remarks>
public sealed class Dispatcher
{
    /// <summary>How often the roster is read while work waits or runs.</summary>
    private static readonly TimeSpan s_rosterPeriod = TimeSpan.FromMilliseconds(250);

    private readonly Func<Task<IReadOnlyList<SiloDevices>>> _roster;
    private readonly TimeProvider _time;
    private readonly PriorityQueue<Work, (int Priority, long Order)> _queue = new();
    private readonly Dictionary<string, int> _inFlight = [];
    private readonly HashSet<string> _unsuitable = [];
    private IReadOnlyList<SiloDevices> _silos = [];
    private string[] _live = [];
    private TaskCompletionSource _nextChange = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _order;
    private bool _watching;

    /// <summary>A dispatcher over a cluster.</summary>
    /// <param name="roster">Reads the live silos.</param>
    /// <param name="time">Clock and timers.</param>
    public Dispatcher(Func<Task<IReadOnlyList<SiloDevices>>> roster, TimeProvider time)
    {
        _roster = roster;
        _time = time;
    }

    /// <summary>Work on devices now.</summary>
    public int InFlight => _inFlight.Values.Sum();

    /// <summary>Whether any work was done.</summary>
    private bool HasWorked { get; set; }

    private bool Outstanding => _queue.Count > 0 || InFlight > 0;

    /// <summary>Live devices as last seen.</summary>
    public int Devices => _silos.Sum(silo => silo.Devices);

    /// <summary>Calls that failed and were dispatched again since the dispatcher was made.</summary>
    public int Redispatched { get; private set; }

    /// <summary>The live silos that hold state, as last seen.</summary>
    public string[] Silos => _live;

    /// <summary>All live silos, as last seen.</summary>
    public IReadOnlyList<SiloDevices> Roster { get; private set; } = [];

    /// <summary>Counts changes among the live silos.</summary>
    public int Changes { get; private set; }

    /// <summary>Completes at the next change of <see cref="Redispatched"/> or <see cref="Changes"/>.</summary>
    public Task NextChange => _nextChange.Task;

    /// <summary>Whether a silo with devices may have work.</summary>
    public Func<SiloDevices, bool> MayWork { get; init; } = static _ => true;

    /// <summary>Told of each failed call: the silo, and why.</summary>
    public Action<string, Exception> OnRetry { get; init; } = static (_, _) => { };

    /// <summary>Told, once for each silo, that it lacks what the work needs, and gets none: the silo, and what it said.</summary>
    public Action<SiloDevices, Exception> OnUnsuitable { get; init; } = static (_, _) => { };

    /// <summary>
    /// Told when the live silos are others than before: which they are, and the names of those that came and that are gone.
    /// </summary>
    public Action<IReadOnlyList<SiloDevices>, string[], string[]> OnRoster { get; init; } = static (_, _, _) => { };

    /// <summary>Told of each piece of work that is done: the silo that did it.</summary>
    public Action<SiloDevices> OnDone { get; init; } = static _ => { };

    /// <summary>
    /// Told when work that failed starts again: the silo that failed it, the silo that does it now, and why it failed.
    /// </summary>
    public Action<SiloDevices, SiloDevices, Exception> OnMoved { get; init; } = static (_, _, _) => { };

    /// <summary>
    /// Runs a piece of work on some live silo, again and again until it succeeds or fails for a reason of its own.
    /// </summary>
    /// <param name="priority">Lower goes first.</param>
    /// <param name="work">Does it on the named silo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <typeparam name="T">What the work yields.</typeparam>
    public Task<T> Run<T>(int priority, Func<string, Task<T>> work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>();
        var item = new Work(priority, _order++, async silo => done.TrySetResult(await work(silo)), e => done.TrySetException(e),
            cancellationToken);
        _queue.Enqueue(item, (priority, item.Order));
        Pump();
        return done.Task;
    }

    private void Pump()
    {
        while (_queue.TryPeek(out Work? work, out _))
        {
            if (work.CancellationToken.IsCancellationRequested)
            {
                // Needs no silo: a run without any can be stopped all the same.
                _queue.Dequeue();
                work.Fail(new OperationCanceledException(work.CancellationToken));
                continue;
            }
            if (Free() is not { } silo)
            {
                break;
            }
            _queue.Dequeue();
            _inFlight[silo.Silo] = _inFlight.GetValueOrDefault(silo.Silo) + 1;
            if (work.Failure is var (from, reason))
            {
                OnMoved(from, silo, reason);
            }
            _ = Execute(work, silo);
        }
        if (Outstanding && !_watching)
        {
            _ = Watch();
        }
    }

    private async Task Execute(Work work, SiloDevices silo)
    {
        try
        {
            await work.Do(silo.Silo);
            HasWorked = true;
            OnDone(silo);
        }
        catch (Exception e) when (work.CancellationToken.IsCancellationRequested)
        {
            work.Fail(new OperationCanceledException(e.Message, e, work.CancellationToken));
        }
        catch (Exception e) when (e is ContributionException or RunException or ModelException
            || (e is StorageException store && !WriteQueue.IsTransient(store)))
        {
            work.Fail(e);
        }
        catch (UnsuitableSiloException e)
        {
            Exclude(work, silo, e);
        }
        catch (Exception e)
        {
            Redispatched++;
            SignalChange();
            OnRetry(silo.Silo, e);
            // Not again to this silo before the roster has been read anew.
            _silos = [.. _silos.Where(live => live.Silo != silo.Silo)];
            work.Failure = (silo, e);
            // A store that is away says nothing of the work: a silo that has not met the run yet has to read it first.
            if (e is not StorageException && ++work.Attempts >= Work.MostAttempts)
            {
                work.Fail(e is StaleVersionException ? e
                    : new RunException($"a unit of work failed {work.Attempts} times, last on {silo.Silo}: {e.Message}", e));
            }
            else
            {
                _queue.Enqueue(work, (work.Priority, work.Order));
            }
        }
        finally
        {
            _inFlight[silo.Silo]--;
        }
        Pump();
    }

    /// <summary>
    /// A silo lacks what the work needs: it gets none. Where no silo has it, and none had before, the work fails; else it waits
    /// for one.
    /// </summary>
    private void Exclude(Work work, SiloDevices silo, UnsuitableSiloException reason)
    {
        if (_unsuitable.Add(silo.Silo))
        {
            OnUnsuitable(silo, reason);
        }
        _silos = [.. _silos.Where(IsSuitable)];
        if (!HasWorked && !Roster.Any(other => other.Devices > 0 && IsSuitable(other)))
        {
            work.Fail(new RunException(reason.Message, reason));
            return;
        }
        Redispatched++;
        SignalChange();
        work.Failure = (silo, reason);
        _queue.Enqueue(work, (work.Priority, work.Order));
    }

    private bool IsSuitable(SiloDevices silo) => !_unsuitable.Contains(silo.Silo) && MayWork(silo);

    /// <summary>
    /// The silo with the most free places. Each has one more than devices, so that no device waits for a reply, as long as there
    /// is more than enough for all: the last units wait for whoever is free first.
    /// </summary>
    private SiloDevices? Free()
    {
        int ahead = _queue.Count > Devices ? 1 : 0;
        SiloDevices? best = null;
        int most = 0;
        foreach (SiloDevices silo in _silos)
        {
            int free = silo.Devices + ahead - _inFlight.GetValueOrDefault(silo.Silo);
            if (free > most)
            {
                (best, most) = (silo, free);
            }
        }
        return best;
    }

    /// <summary>
    /// Reads the roster while there is work, so that a silo that joins gets its share and one that leaves none.
    /// </summary>
    private async Task Watch()
    {
        // Set before the first await: a roster that answers at once must not start a second watch from within this one.
        _watching = true;
        while (Outstanding)
        {
            await Look();
            Pump();
            await Task.Delay(s_rosterPeriod, _time);
        }
        _watching = false;
    }

    /// <summary>Reads the roster; done by itself while there is work.</summary>
    public async Task Look()
    {
        try
        {
            IReadOnlyList<SiloDevices> all = await _roster();
            _silos = [.. all.Where(silo => silo.Devices > 0 && IsSuitable(silo))];
            string[] live = [.. all.Where(silo => silo.HoldsState).Select(silo => silo.Silo)];
            if (!live.AsSpan().SequenceEqual(_live))
            {
                (_live, Changes) = (live, Changes + 1);
                SignalChange();
            }
            Compare(all);
        }
        catch (Exception e)
        {
            // Whatever it was: a watch that ended here would leave the queue without a silo for good.
            OnRetry("membership", e);
        }
    }

    private void SignalChange()
    {
        TaskCompletionSource change = _nextChange;
        _nextChange = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        change.SetResult();
    }

    private void Compare(IReadOnlyList<SiloDevices> all)
    {
        string[] joined = [.. all.ExceptBy(Roster.Select(silo => silo.Silo), silo => silo.Silo).Select(silo => silo.Label)];
        string[] lost = [.. Roster.ExceptBy(all.Select(silo => silo.Silo), silo => silo.Silo).Select(silo => silo.Label)];
        Roster = all;
        if (joined.Length + lost.Length > 0)
        {
            OnRoster(all, joined, lost);
        }
    }

    private sealed class Work(
        int priority, long order, Func<string, Task> work, Action<Exception> fail, CancellationToken cancellationToken)
    {
        public const int MostAttempts = 20;

        public int Priority => priority;

        public long Order => order;

        public int Attempts { get; set; }

        /// <summary>Who failed it last, and why; null while nobody has.</summary>
        public (SiloDevices Silo, Exception Reason)? Failure { get; set; }

        public Func<string, Task> Do => work;

        public Action<Exception> Fail => fail;

        public CancellationToken CancellationToken => cancellationToken;
    }
}
