using System.Runtime.CompilerServices;

namespace Bgpo.Grains;

/// <summary>A controller's events, kept for watchers that come later. Lives inside one grain, so it needs no locks.</summary>
public sealed class EventLog
{
    /// <summary>Events kept for watchers that come later; the store has every step's metrics.</summary>
    private const int MostKept = 20_000;

    private readonly List<RunEvent> _events = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sequence;
    private bool _closed;

    /// <summary>Told of each event that is appended.</summary>
    public Action<RunEvent> OnAppended { get; set; } = static _ => { };

    /// <summary>Appends what <paramref name="make"/> makes of the next sequence number. Progress gives way to what follows it.</summary>
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
        OnAppended(_events[^1]);
        Signal();
    }

    /// <summary>Ends every watcher's stream after the last event.</summary>
    public void Close()
    {
        _closed = true;
        Signal();
    }

    /// <summary>Starts anew for another run of the loop; watchers go on, also those of a former controller's events.</summary>
    /// <param name="epoch">The controller's epoch: its events' sequences begin beyond those of every older one.</param>
    public void Reopen(long epoch)
    {
        _closed = false;
        _sequence = Math.Max(_sequence, epoch << 32);
    }

    /// <summary>Events after a sequence number, waiting for more until the log closes.</summary>
    /// <param name="after">Sequence of the last event seen.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<RunEvent> Read(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed = _changed.Task;
            int next = FirstAfter(after);
            if (next < _events.Count)
            {
                RunEvent[] fresh = [.. _events[next..]];
                foreach (RunEvent happened in fresh)
                {
                    after = happened.Sequence;
                    yield return happened;
                }
                continue;
            }
            if (_closed)
            {
                yield break;
            }
            await changed.WaitAsync(cancellationToken);
        }
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

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
