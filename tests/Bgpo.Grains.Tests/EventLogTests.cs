using Bgpo.Grains.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>A controller's events: nobody misses any that matters, however late they come.</summary>
public sealed class EventLogTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task AWatcherThatComesLate_SeesEverything()
    {
        var log = new EventLog(_time);
        log.Append(n => new Noticed(n, "a"));
        log.Append(n => new Noticed(n, "b"));
        log.Close();
        Assert.Equal(["1 a", "2 b"], await Texts(log, after: 0));
        Assert.Equal(["2 b"], await Texts(log, after: 1));
        Assert.Empty(await Texts(log, after: 2));
    }

    [Fact]
    public async Task WhatIsTold_MayFail_AndWatchersHearAllTheSame()
    {
        var log = new EventLog(TimeProvider.System) { OnAppended = static _ => throw new IOException("no space is left") };
        log.Append(n => new Noticed(n, "a"));
        log.Close();
        Assert.Equal(["1 a"], await Texts(log, after: 0));
    }

    [Fact]
    public async Task AStopAfterWhichTheRunWentOn_EndsNoLaterWatch()
    {
        var log = new EventLog(_time);
        log.Append(n => new Noticed(n, "a"));
        log.Append(n => new RunStopped(n, "r", 1, "asked to stop", "", ""));
        log.Close();
        log.Reopen(1);
        log.Append(n => new Noticed(n, "b"));
        log.Close();
        Assert.Equal(["1 a", $"{(1L << 32) + 1} b"], await Texts(log, after: 0));
    }

    [Fact]
    public async Task ARunThatHasEnded_KeepsItsNewestEvents_OnceItsWatchersHaveLeft()
    {
        var log = new EventLog(_time);
        log.Append(n => new Noticed(n, "first"));
        IAsyncEnumerator<RunEvent> watcher = log.Read(0, CancellationToken.None)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await watcher.MoveNextAsync());
        for (int i = 0; i < 3000; i++)
        {
            log.Append(n => new Noticed(n, "more"));
        }
        log.Close();
        int seen = 1;
        while (await watcher.MoveNextAsync())
        {
            seen++; // who watches to the end misses nothing
        }
        Assert.Equal(3001, seen);
        Assert.Equal(Enumerable.Range(2502, 500).Select(n => $"{n} more"), await Texts(log, after: 0));
    }

    [Fact]
    public async Task Progress_GivesWayToWhatFollows()
    {
        var log = new EventLog(_time);
        log.Append(n => new Noticed(n, "a"));
        log.Append(n => Progress(n, 1));
        log.Append(n => Progress(n, 2));
        log.Append(n => new Noticed(n, "b"));
        log.Append(n => Progress(n, 3));
        log.Close();
        Assert.Equal(["1 a", "4 b", "5 3"], await Texts(log, after: 0));
        Assert.Equal(["4 b", "5 3"], await Texts(log, after: 2)); // 2 has given way; its watcher goes on after it
    }

    [Fact]
    public async Task AWatcherThatIsThere_SeesEachEventAsItComes_AndTheEnd()
    {
        var log = new EventLog(_time);
        await using IAsyncEnumerator<RunEvent> watcher = log.Read(0, CancellationToken.None).GetAsyncEnumerator();
        for (int i = 1; i <= 3; i++)
        {
            ValueTask<bool> next = watcher.MoveNextAsync();
            Assert.False(next.IsCompleted);
            log.Append(n => new Noticed(n, "a"));
            Assert.True(await next);
            Assert.Equal(i, watcher.Current.Sequence);
        }
        ValueTask<bool> end = watcher.MoveNextAsync();
        Assert.False(end.IsCompleted);
        log.Close();
        Assert.False(await end);
    }

    [Fact]
    public async Task TwoWatchers_BothSeeEverything()
    {
        var log = new EventLog(_time);
        Task<List<string>> one = Texts(log, after: 0);
        Task<List<string>> other = Texts(log, after: 0);
        log.Append(n => new Noticed(n, "a"));
        log.Append(n => new Noticed(n, "b"));
        log.Close();
        Assert.Equal(["1 a", "2 b"], await one);
        Assert.Equal(["1 a", "2 b"], await other);
    }

    [Fact]
    public async Task ACancelledWatcher_Leaves()
    {
        var log = new EventLog(_time);
        using var cancel = new CancellationTokenSource();
        await using IAsyncEnumerator<RunEvent> watcher = log.Read(0, cancel.Token).GetAsyncEnumerator();
        ValueTask<bool> next = watcher.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Fact]
    public async Task AReopenedLog_CountsOn_AndHoldsItsWatchers()
    {
        var log = new EventLog(_time);
        log.Append(n => new Noticed(n, "a"));
        log.Close();
        log.Reopen(0);
        await using IAsyncEnumerator<RunEvent> watcher = log.Read(1, CancellationToken.None).GetAsyncEnumerator();
        ValueTask<bool> next = watcher.MoveNextAsync();
        Assert.False(next.IsCompleted);
        log.Append(n => new Noticed(n, "b"));
        Assert.True(await next);
        Assert.Equal(2, watcher.Current.Sequence);
    }

    [Theory]
    [InlineData(1, 500)]
    [InlineData(20, 3800)]
    [InlineData(100, 5000)]
    public Task Progress_IsToldLessOftenTheMoreThereAreWhoWatch(int watchers, int milliseconds) => InOneGrain(async () =>
    {
        var log = new EventLog(_time);
        IAsyncEnumerator<RunEvent>[] all =
            [.. Enumerable.Range(0, watchers).Select(_ => log.Read(0, CancellationToken.None).GetAsyncEnumerator())];
        Task<bool>[] first = [.. all.Select(each => each.MoveNextAsync().AsTask())];
        log.Append(n => Progress(n, 1));
        Assert.All(await Task.WhenAll(first), Assert.True);

        Task<bool>[] second = [.. all.Select(each => each.MoveNextAsync().AsTask())];
        log.Append(n => Progress(n, 2));
        log.Append(n => Progress(n, 3));
        await AllHaveRun();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        await AllHaveRun();
        Assert.All(second, each => Assert.False(each.IsCompleted));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.All(await Task.WhenAll(second), Assert.True);
        Assert.All(all, each => Assert.Equal(3, each.Current.Sequence));
    });

    [Fact]
    public Task Steps_AreToldAtOnceToOne_AndTogetherToMany() => InOneGrain(async () =>
    {
        var log = new EventLog(_time);
        await using IAsyncEnumerator<RunEvent> alone = log.Read(0, CancellationToken.None).GetAsyncEnumerator();
        for (int version = 1; version <= 2; version++)
        {
            ValueTask<bool> told = alone.MoveNextAsync();
            log.Append(n => Step(n, version));
            Assert.True(await told);
        }

        await using IAsyncEnumerator<RunEvent> other = log.Read(2, CancellationToken.None).GetAsyncEnumerator();
        ValueTask<bool> joins = other.MoveNextAsync();
        ValueTask<bool> next = alone.MoveNextAsync();
        log.Append(n => Step(n, 3));
        log.Append(n => Step(n, 4));
        Assert.True(await joins); // it has not been told of anything
        await AllHaveRun();
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.True(await next);
        Assert.Equal(3, alone.Current.Sequence);
        ValueTask<bool> together = alone.MoveNextAsync();
        Assert.True(together.IsCompleted && await together);

        ValueTask<bool> last = alone.MoveNextAsync();
        log.Append(n => Step(n, 5));
        await AllHaveRun();
        Assert.False(last.IsCompleted);
        log.Append(n => new Noticed(n, "all else is told at once"));
        Assert.True(await last);
    });

    [Fact]
    public async Task WhatIsMoreThanProgress_IsToldAtOnce()
    {
        var log = new EventLog(_time);
        log.Append(n => Progress(n, 1));
        await using IAsyncEnumerator<RunEvent> watcher = log.Read(0, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watcher.MoveNextAsync());
        log.Append(n => Progress(n, 2));
        ValueTask<bool> next = watcher.MoveNextAsync();
        log.Append(n => new Noticed(n, "a"));
        Assert.True(await next);
        Assert.Equal(3, watcher.Current.Sequence);
    }

    /// <summary>Runs as a grain's turns do: one at a time, in order.</summary>
    private static Task InOneGrain(Func<Task> turns) => Task.Factory.StartNew(
        turns, CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler)
            .Unwrap();

    /// <summary>Lets every turn run that is due, and those that follow from it.</summary>
    private static async Task AllHaveRun()
    {
        for (int i = 0; i < 20; i++)
        {
            await Task.Yield();
        }
    }

    private static StepCommitted Step(long sequence, int version) => new(sequence, new StepMetrics { Version = version });

    private static Progressed Progress(long sequence, int done) => new(sequence, 1, RunPhase.Gradient, done, 9, 0, 1);

    private static async Task<List<string>> Texts(EventLog log, long after)
    {
        List<string> seen = [];
        await foreach (RunEvent happened in log.Read(after, CancellationToken.None))
        {
            seen.Add($"{happened.Sequence} {(happened is Noticed noticed ? noticed.Message : ((Progressed)happened).Done)}");
        }
        return seen;
    }
}
