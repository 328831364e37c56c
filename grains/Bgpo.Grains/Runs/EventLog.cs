using System.Runtime.CompilerServices;

namespace Bgpo.Grains.Runs;

/// <summary>
/// A controller's events, kept for watchers that come later. Progress and steps are told less often the more there are who watch,
/// several at a time, so that watching costs a run next to nothing; all else is told at once, and steps too where one watches
/// alone. Lives inside one grain, so it needs no locks.
/// </summary>
/// <param name="time">The clock that paces progress.</param>
public sealed class EventLog(TimeProvider time)
{
    /// <summary>
    /// Least time between two times that a watcher is told of mere progress, and what each further watcher adds to that of all.
    /// </summary>
    private static readonly TimeSpan s_leastPace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_paceOfEach = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPace = TimeSpan.FromSeconds(5);

    /// <summary>Events kept for watchers that come later; the store has every step's metrics.</summary>
    private const int MostKept = 20_000;

    /// <summary>Of a run that has ended, once those who watched it to its end have left.</summary>
    private const int MostKeptOfEnded = 500;

    private readonly List<RunEvent> _events = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _urgent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _readers;
    private long _sequence;
    private bool _closed;

    /// <summary>Told of each event that is appended. What it throws is dropped: who is told of a run must not end it.</summary>
    public Action<RunEvent> OnAppended { get; set; } = static _ => { };

    /// <summary>
    /// Appends what <paramref name="make"/> makes of the next sequence number. Progress gives way to what follows it.
    /// </summary>
    /// <param name="make">Makes the event.</param>
    public void Append(Func<long, RunEvent> make)
    {
        if (_events.Count > 0 && _events[^1] is Progressed)
        {
            _events.RemoveAt(_events.Count - 1);
        }
        if (_events.Count >= MostKept)
        {
            _events.RemoveRange(0, MostKept / 10);
        }
        _events.Add(make(++_sequence));
        try
        {
            OnAppended(_events[^1]);
        }
        catch (Exception)
        {
            // Watchers are told all the same.
        }
        Signal(isUrgent: !IsPaced(_events[^1]) || (_events[^1] is StepCommitted && _readers <= 1));
    }

    /// <summary>Ends every watcher's stream after the last event.</summary>
    public void Close()
    {
        _closed = true;
        Signal(isUrgent: true);
        Trim();
    }

    /// <summary>Starts anew for another run of the loop; watchers go on, also those of a former controller's events.</summary>
    /// <param name="epoch">The controller's epoch: its events' sequences begin beyond those of every older one.</param>
    public void Reopen(long epoch)
    {
        _closed = false;
        // Who comes later is not told of an end that was none.
        _events.RemoveAll(happened => happened is RunStopped or RunCompleted or RunFailed);
        _sequence = Math.Max(_sequence, epoch << 32);
    }

    /// <summary>Drops the events of a run whose id another run has now.</summary>
    public void Clear() => _events.Clear();

    /// <summary>Events after a sequence number, waiting for more until the log closes.</summary>
    /// <param name="after">Sequence of the last event seen.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<RunEvent> Read(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _readers++;
        try
        {
            long? told = null;
            while (true)
            {
                (Task changed, Task urgent) = (_changed.Task, _urgent.Task);
                int next = FirstAfter(after);
                if (next == _events.Count)
                {
                    if (_closed)
                    {
                        yield break;
                    }
                    await changed.WaitAsync(cancellationToken);
                }
                else if (Early(next, told) is { } early)
                {
                    using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    await Task.WhenAny(urgent, Task.Delay(early, time, enough.Token));
                    await enough.CancelAsync();
                    cancellationToken.ThrowIfCancellationRequested();
                }
                else
                {
                    told = time.GetTimestamp();
                    RunEvent[] fresh = [.. _events[next..]];
                    foreach (RunEvent happened in fresh)
                    {
                        after = happened.Sequence;
                        yield return happened;
                    }
                }
            }
        }
        finally
        {
            _readers--;
            Trim();
        }
    }

    private void Trim()
    {
        if (_closed && _readers == 0 && _events.Count > MostKeptOfEnded)
        {
            _events.RemoveRange(0, _events.Count - MostKeptOfEnded);
            _events.TrimExcess();
        }
    }

    /// <summary>Whether an event is told when its time comes; all others are told at once.</summary>
    private static bool IsPaced(RunEvent happened) => happened is Progressed or StepCommitted;

    /// <summary>How much too early it is to tell of events from a place on; null: not at all.</summary>
    private TimeSpan? Early(int next, long? told)
    {
        if (told is not { } last || _closed)
        {
            return null;
        }
        TimeSpan pace = TimeSpan.FromTicks(Math.Min((s_paceOfEach * (_readers - 1)).Ticks, s_longestPace.Ticks));
        for (int i = next; i < _events.Count; i++)
        {
            if (!IsPaced(_events[i]))
            {
                return null;
            }
        }
        if (_events[next] is Progressed && pace < s_leastPace)
        {
            pace = s_leastPace;
        }
        TimeSpan left = pace - time.GetElapsedTime(last);
        return left > TimeSpan.Zero ? left : null;
    }

    /// <summary>Place of the first event after a sequence number; sequences ascend, with gaps where progress gave way.</summary>
    private int FirstAfter(long sequence)
    {
        int low = 0;
        int high = _events.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _events[middle].Sequence > sequence ? (low, middle) : (middle + 1, high);
        }
        return low;
    }

    private void Signal(bool isUrgent)
    {
        Signal(ref _changed);
        if (isUrgent)
        {
            Signal(ref _urgent);
        }
    }

    private static void Signal(ref TaskCompletionSource happened)
    {
        TaskCompletionSource before = happened;
        happened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        before.SetResult();
    }
}
