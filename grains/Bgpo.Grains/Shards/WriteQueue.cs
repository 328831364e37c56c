using Bgpo.Storage.Blobs;

namespace Bgpo.Grains.Shards;

/// <summary>
/// What a controller writes to the store beside its steps, in order, each thing again and again until the store takes it. So
/// training goes on while the store is away, until it is too far ahead; and what is in the store never has a gap.
/// </summary>
/// <remarks>Runs inside one grain: all its continuations are turns of that grain, so it needs no locks.</remarks>
/// <param name="time">Clock and timers.</param>
public sealed class WriteQueue(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    /// <summary>A process that was stopped for longer asks again before it writes.</summary>
    private static readonly TimeSpan s_checkPeriod = TimeSpan.FromSeconds(1);

    private const string QueueItself = "queue";

    private readonly Queue<Entry> _entries = [];
    private readonly HashSet<string> _refused = [];
    private readonly CancellationTokenSource _closed = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _fault;
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private long? _checked;

    /// <summary>Called before a write when this was not for a while; throws where nothing may be written any more.</summary>
    public Func<Task> CheckLease { get; init; } = static () => Task.CompletedTask;

    /// <summary>Whether nothing that the store refused waits to be taken.</summary>
    public bool Healthy => _refused.Count == 0;

    /// <summary>Told when the store stops taking things, with what it said, and when it has taken all that it refused, with
    /// null.</summary>
    public Action<StorageException?> OnHealth { get; init; } = static _ => { };

    /// <summary>
    /// Told, at each try, that the store refuses a version's record until somebody mends something; with null, that it has taken
    /// it.
    /// </summary>
    public Action<int, StoreRefusedException?> OnRefusal { get; init; } = static (_, _) => { };

    /// <summary>Whether the store refuses the oldest entry until somebody mends something.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Oldest version with something that the store has not taken; null when it has everything.</summary>
    public int? Oldest => _entries.TryPeek(out Entry? entry) ? entry.Version : null;

    /// <summary>How long to wait before another try.</summary>
    /// <param name="attempt">Tries so far, from 1.</param>
    public static TimeSpan Pause(int attempt)
    {
        double longest = Math.Min(s_longestPause.TotalSeconds, s_firstPause.TotalSeconds * Math.Pow(2, attempt - 1));
        return TimeSpan.FromSeconds(longest * (0.5 + (0.5 * Random.Shared.NextDouble())));
    }

    /// <summary>Whether a store that said this may take the same write later.</summary>
    /// <param name="exception">What it said.</param>
    public static bool IsTransient(StorageException exception) => exception is StoreUnavailableException;

    /// <summary>Writes something once everything posted before is written.</summary>
    /// <param name="version">The version it belongs to.</param>
    /// <param name="write">Writes it; may run several times.</param>
    /// <returns>Done when it is durable; fails when it never will be.</returns>
    public Task Enqueue(int version, Func<Task> write)
    {
        var entry = new Entry(version, write);
        if (_fault is not null)
        {
            entry.Done.SetException(_fault);
        }
        else
        {
            _entries.Enqueue(entry);
            if (!_isSending)
            {
                _isSending = true;
                _sending = Send();
            }
        }
        // Those who do not wait hear of it by ThrowIfFaulted.
        _ = entry.Done.Task.Exception;
        return entry.Done.Task;
    }

    /// <summary>Fails when a write failed for good, for example because a newer controller owns the run.</summary>
    public void ThrowIfFaulted()
    {
        if (_fault is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_fault);
        }
    }

    /// <summary>Waits while the store lags so far behind a version.</summary>
    /// <param name="version">The version about to be committed.</param>
    /// <param name="maxBehind">Versions that may be missing in the store.</param>
    /// <param name="waiting">Told once when it has to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitForCapacity(int version, int maxBehind, Action waiting, CancellationToken cancellationToken)
    {
        bool told = false;
        while (Oldest is { } oldest && version - oldest >= maxBehind)
        {
            if (!told)
            {
                told = true;
                waiting();
            }
            await _changed.Task.WaitAsync(cancellationToken);
            ThrowIfFaulted();
        }
        ThrowIfFaulted();
    }

    /// <summary>Waits until the store has everything.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task Flush(CancellationToken cancellationToken)
    {
        while (_entries.Count > 0)
        {
            await _changed.Task.WaitAsync(cancellationToken);
            ThrowIfFaulted();
        }
        ThrowIfFaulted();
    }

    /// <summary>
    /// Takes note of what the store said to something. That it takes other things is no all-clear: a full disk takes small ones
    /// for long.
    /// </summary>
    /// <param name="what">What was asked of it.</param>
    /// <param name="trouble">What it said; null: it did it.</param>
    public void Note(string what, StorageException? trouble)
    {
        bool before = Healthy;
        _ = trouble is null ? _refused.Remove(what) : _refused.Add(what);
        if (Healthy != before)
        {
            OnHealth(trouble);
        }
    }

    /// <summary>Drops what is not written, and waits for the write in hand: nothing reaches the store afterwards.</summary>
    public Task EndAsync()
    {
        Dispose();
        return _sending;
    }

    /// <summary>Drops what is not written: its controller is done with.</summary>
    public void Dispose()
    {
        Fail(new OperationCanceledException("the controller has ended."));
        _closed.Cancel();
    }

    private async Task Send()
    {
        int attempt = 0;
        while (_fault is null && _entries.TryPeek(out Entry? entry))
        {
            try
            {
                if (_checked is not { } at || time.GetElapsedTime(at) >= s_checkPeriod)
                {
                    await CheckLease();
                    _checked = time.GetTimestamp();
                }
                if (_fault is not null)
                {
                    break; // its controller has ended meanwhile
                }
                await entry.Write();
                attempt = 0;
                if (_fault is null)
                {
                    _entries.Dequeue();
                    Note(QueueItself, null);
                    if (IsRefused)
                    {
                        IsRefused = false;
                        OnRefusal(entry.Version, null);
                    }
                    entry.Done.TrySetResult();
                    Signal();
                }
            }
            catch (StorageException e) when (IsTransient(e) || e is StoreRefusedException)
            {
                Note(QueueItself, e);
                if (e is StoreRefusedException refusal)
                {
                    IsRefused = true;
                    OnRefusal(entry.Version, refusal);
                }
                await Task.Delay(Pause(++attempt), time, _closed.Token).AnyEnd();
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }
        _isSending = false;
    }

    private void Fail(Exception fault)
    {
        _fault ??= fault;
        while (_entries.TryDequeue(out Entry? entry))
        {
            entry.Done.TrySetException(_fault);
            _ = entry.Done.Task.Exception;
        }
        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private sealed class Entry(int version, Func<Task> write)
    {
        public int Version => version;

        public Func<Task> Write => write;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
