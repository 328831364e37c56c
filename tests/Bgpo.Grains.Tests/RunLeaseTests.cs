using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
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
        await _runs.Store("a").CreateAsync(new RunRecord
        {
            RunId = "a",
            State = RunState.Running,
            Spec = "",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        });
        var lease = new RunLease("a", _runs.Store("a"), new Unseen(), null!, TimeProvider.System);
        string watched = (await lease.ReadAsync()).Nonce!;
        var how = new Resumption(TakesOver: true) { SilentSince = watched };
        lease.CheckFree(how);

        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        await _runs.Store("a").UpdateAsync(stored.Record, stored.ETag);
        await lease.ReadAsync();
        Assert.Contains("which gave word", Assert.Throws<RunException>(() => lease.CheckFree(how)).Message, StringComparison.Ordinal);
        lease.CheckFree(new Resumption(TakesOver: true)); // somebody who knows that it is dead
    }

    /// <summary>Owners on another machine.</summary>
    private sealed class Unseen : IRunOwners
    {
        public string Host => "here";

        public bool IsThis(RunRecord record) => false;

        public bool? Lives(RunRecord record) => null;

        public string NameOf(RunRecord record) => "another";
    }
}
