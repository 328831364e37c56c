using System.Text;
using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>Who may take a run from whom.</summary>
public sealed class RunLeaseTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task AnOwnerThatWentSilent_IsTakenOver_OnlyIfItHasStillWrittenNothing()
    {
        await CreateAsync();
        var lease = new RunLease("a", _runs.Store("a"), new Unseen(), null!, TimeProvider.System);
        string watched = (await lease.ReadAsync()).Nonce!;
        var how = new Resumption(TakesOver: true) { SilentSince = watched };
        lease.CheckFree(how);

        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        await _runs.Store("a").UpdateAsync(stored.Record, stored.ETag);
        await lease.ReadAsync();
        Assert.Contains("which gave word", Assert.Throws<RunException>(() => lease.CheckFree(how)).Message,
            StringComparison.Ordinal);
        lease.CheckFree(new Resumption(TakesOver: true)); // somebody who knows that it is dead
    }

    [Fact]
    public async Task ARecordThatWasWrittenMeanwhile_WasNotMissingAllTheWhile()
    {
        await CreateAsync();
        var time = new ManualTime();
        var lease = new RunLease("a", _runs.Store("a"), new Unseen(), null!, time);
        await lease.ReadAsync();
        string folder = Path.Combine(_runs.Root, "a");
        Directory.Move(folder, folder + ".away");
        await Assert.ThrowsAsync<StoreUnavailableException>(lease.CheckAsync);
        Directory.Move(folder + ".away", folder);
        await lease.WriteAsync(static record => record);

        time.Advance(TimeSpan.FromMinutes(1));
        Directory.Move(folder, folder + ".away");
        await Assert.ThrowsAsync<StoreUnavailableException>(lease.CheckAsync);
        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<RunException>(lease.CheckAsync);
    }

    [Fact]
    public async Task AnAnswerThatIsLate_DoesNotBringBackAnOlderRecord()
    {
        await CreateAsync();
        TaskCompletionSource written = new(), late = new();
        var store = new AbsentStore(_runs.Blobs, () => false)
        {
            BeforeAnswer = content =>
            {
                if (!Encoding.UTF8.GetString(content.Span).Contains("first", StringComparison.Ordinal))
                {
                    return Task.CompletedTask;
                }
                written.TrySetResult();
                return late.Task;
            },
        };
        var lease = new RunLease("a", new RunStore(store, "a"), new Unseen(), null!, TimeProvider.System);
        await lease.ReadAsync();
        Task first = lease.WriteAsync(static record => record with { Reason = "first" });
        await written.Task;
        await lease.WriteAsync(static record => record with { Reason = "second" });
        late.SetResult();
        await first;
        Assert.Equal("second", lease.Record.Reason);
        Assert.Equal("second", (await _runs.Store("a").ReadAsync())!.Record.Reason);
    }

    private Task CreateAsync() => _runs.Store("a").CreateAsync(new RunRecord
    {
        RunId = "a",
        State = RunState.Running,
        Spec = "",
        Seed = 1,
        NumericsFingerprint = "",
        ParameterCount = 1,
    });

    /// <summary>Owners on another machine.</summary>
    private sealed class Unseen : IRunOwners
    {
        public string Host => "here";

        public bool IsThis(RunRecord record) => false;

        public bool? Lives(RunRecord record) => null;

        public string NameOf(RunRecord record) => "another";
    }
}
