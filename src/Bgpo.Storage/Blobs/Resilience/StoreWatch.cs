namespace Bgpo.Storage.Blobs.Resilience;

/// <summary>Counts what happens to a store's operations, for <see cref="StoreHealth"/> and the meter.</summary>
internal sealed class StoreWatch(string location, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly KeyValuePair<string, object?> _tag = new("store", location);
    private StoreHealth _health = StoreHealth.Good;
    private volatile bool _reached;

    public StoreHealth Health
    {
        get
        {
            lock (_gate)
            {
                return _health;
            }
        }
    }

    /// <summary>Whether the store has ever answered.</summary>
    public bool Reached => _reached;

    public void Answered(TimeSpan taken)
    {
        _reached = true;
        Meters.Record(StoreMeter.Duration, taken.TotalSeconds, _tag);
    }

    public void Failing(string message)
    {
        lock (_gate)
        {
            _health = _health with { LastError = message };
        }
    }

    public void Retried()
    {
        Meters.Add(StoreMeter.Retries, 1, _tag);
        lock (_gate)
        {
            _health = _health with { Retries = _health.Retries + 1 };
        }
    }

    public void GaveUp()
    {
        Meters.Add(StoreMeter.Failures, 1, _tag);
        lock (_gate)
        {
            _health = _health with { Failures = _health.Failures + 1 };
        }
    }

    /// <summary>The circuit opened; said again when a probe fails, which is still the same outage.</summary>
    public void Opened()
    {
        lock (_gate)
        {
            if (_health.OpenSince is not null)
            {
                return;
            }

            _health = _health with { OpenSince = time.GetUtcNow() };
        }
        Meters.Add(StoreMeter.Open, 1, _tag);
    }

    public void Closed()
    {
        lock (_gate)
        {
            if (_health.OpenSince is null)
            {
                return;
            }

            _health = _health with { OpenSince = null };
        }
        Meters.Add(StoreMeter.Open, -1, _tag);
    }
}
