using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary>A run that a machine whose clock is a day ahead wrote last.</summary>
public sealed class OwnerWatchTests : IDisposable
{
    private readonly FakeConsole _console = new() { Time = new FastTime(200) };
    private readonly RunStore _run;

    public OwnerWatchTests() => _run = new RunCatalog(new LocalBlobStore(_console.Store), new Ahead(1)).Run("mine");

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task ItsState_NamesTheSkew()
    {
        await Create();
        Assert.Equal(0, await _console.Run("run", "status", "mine"));
        Assert.Contains("process 7 on machine 'far', whose clock is 24 h ahead of this one", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThatWritesNoMore_IsTakenOver_AfterAWatch()
    {
        await Create();
        _console.Host.Grain.Emits(Events.Started, Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--resume", "mine"));
        Assert.True(_console.Host.Grain.Resumption!.TakesOver);
        Assert.Equal((await _run.ReadAsync())!.Record.Nonce, _console.Host.Grain.Resumption.SilentSince);
        Assert.Contains("whose clock is 24 h ahead of this one; set both by NTP. Watching for 30 s whether it still writes",
            _console.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThatStillWrites_IsLeftAlone()
    {
        await Create();
        _console.Time = new Writing(_console.Time, _run);
        _console.Host.Grain.Emits(Events.Started, Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--resume", "mine"));
        Assert.False(_console.Host.Grain.Resumption!.TakesOver);
    }

    [Fact]
    public async Task RequestToIt_IsRecorded_AndNotWaitedForForEver()
    {
        await Create();
        Assert.Equal(0, await _console.Run("run", "pause", "mine"));
        Assert.Contains("recorded, request 1; nobody drives the run now", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunOfAnOwnerWhoCannotBeSeen_IsDeletedAfterAWatchOnly(bool stillWrites)
    {
        // Its clock is behind: by its time alone it would count as dead.
        var run = new RunCatalog(new LocalBlobStore(_console.Store), new Ahead(-1)).Run("mine");
        await Create(run);
        _console.Time = stillWrites ? new Writing(_console.Time, run) : _console.Time;
        Assert.Equal(stillWrites ? 2 : 0, await _console.Run("run", "delete", "mine", "--yes"));
        Assert.Contains("which cannot be seen from here. Watching for 30 s", _console.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal(stillWrites, Directory.Exists(Path.Combine(_console.Store, "mine")));
    }

    private Task Create(RunStore? run = null) => (run ?? _run).CreateAsync(new RunRecord
    {
        RunId = "mine",
        State = RunState.Running,
        Spec = "model:\n  path: models/base\n",
        Seed = 1,
        NumericsFingerprint = "",
        ParameterCount = 1,
        Cluster = Silo.Hosting.BgpoSilo.OfProcess + "7:1",
        Host = "far/boot/1/user",
    });

    private sealed class Ahead(int days) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(days).AddMinutes(1);
    }

    /// <summary>A clock that the owner writes by whenever somebody waits.</summary>
    private sealed class Writing(TimeProvider time, RunStore run) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            StoredRun stored = run.ReadAsync().GetAwaiter().GetResult()!;
            _ = run.UpdateAsync(stored.Record, stored.ETag).GetAwaiter().GetResult();
            return time.CreateTimer(callback, state, dueTime, period);
        }
    }
}
