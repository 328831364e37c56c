namespace Bgpo.Grains.Tests;

/// <summary>A clock that moves only when told, so that tests never sleep.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<Alarm> _alarms = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Moves the clock and rings what has come due, on this thread.</summary>
    public void Advance(TimeSpan by)
    {
        _now += by;
        foreach (Alarm alarm in _alarms.Where(alarm => alarm.Due <= _now).ToArray())
        {
            _alarms.Remove(alarm);
            alarm.Ring();
        }
    }

    private sealed class Alarm(ManualTime time, Action ring) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time._alarms.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Due = time._now + dueTime;
                time._alarms.Add(this);
            }
            return true;
        }

        public void Dispose() => time._alarms.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
