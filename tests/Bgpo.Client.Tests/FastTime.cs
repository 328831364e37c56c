namespace Bgpo.Client.Tests;

/// <summary>A clock that goes so many times as fast as the machine's, and so do its timers.</summary>
internal sealed class FastTime(int times) : TimeProvider
{
    private readonly DateTimeOffset _begun = System.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => _begun + ((System.GetUtcNow() - _begun) * times);

    public override long GetTimestamp() => System.GetTimestamp() * times;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period)), this);

    private TimeSpan Shorter(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / times;

    private sealed class Timer(ITimer timer, FastTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Shorter(dueTime), time.Shorter(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
