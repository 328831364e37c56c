using System.Reflection;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Model;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>What is given up is no trouble of the store any more: else a stop would not wait for what it has to save.</summary>
public sealed class GivenUpWaitTests : IDisposable
{
    private readonly SmallRuns _runs = new();
    private readonly ManualTime _time = new();
    private readonly WriteQueue _writes;
    private readonly CancellationTokenSource _stopping = new();
    private bool _refuses;

    public GivenUpWaitTests() => _writes = new WriteQueue(_time);

    public void Dispose()
    {
        _writes.Dispose();
        _stopping.Dispose();
        _runs.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AJournalThatIsWaitedForAmidABatch_IsNoTroubleOnceAStopGivesItUp(bool refuses)
    {
        _refuses = refuses;
        using BatchSource batches = Source();
        Task<Batch> opening = batches.OpenAsync(1, CancellationToken.None);
        Assert.False(opening.IsCompleted);
        Assert.False(_writes.Healthy);
        await _stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        Assert.True(_writes.Healthy);
    }

    [Fact]
    public async Task ACheckpointThatIsNotTriedAnyMore_IsNoTrouble()
    {
        int tries = 0;
        IAccumulatorGrain shard = Answering<IAccumulatorGrain>(() => Task.FromException<SavedShard>(
            ++tries == 1 ? new StoreUnavailableException("away") : new StaleVersionException("it went with its silo")));
        RunContext run = Context();
        var shards = new ShardSet(Answering<IGrainFactory>(() => shard), run, epoch: 1);
        var checkpoints = new CheckpointWriter(run, _runs.Store("a"), shards, _writes, _time);
        Task<CheckpointManifest> saving = checkpoints.SaveNow(3, CancellationToken.None);
        Assert.False(_writes.Healthy);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<StaleVersionException>(() => saving);
        Assert.True(_writes.Healthy);
    }

    private static T Answering<T>(Func<object> answer)
        where T : class
    {
        T made = DispatchProxy.Create<T, PolicyDevicesTests.Intercepted>();
        ((PolicyDevicesTests.Intercepted)(object)made).Answer = (_, _) => answer();
        return made;
    }

    internal static RunContext Context()
    {
        RunSpec spec = SpecLoader.Load<RunSpec>(SmallRuns.Spec("objective.epochs=2"), "test", []);
        ModelFolder model = ModelFolder.Load(SmallRuns.BaseModel());
        return new RunContext("a", spec, null!, model.Config, model.Tokenizer, 1);
    }

    private BatchSource Source()
    {
        RunContext run = Context();
        var blobs = new AbsentStore(
            _runs.Blobs, () => _refuses ? throw new StoreRefusedException("permission is denied") : true);
        return new BatchSource(
            new StepServices
            {
                Run = run,
                Settings = new RunSettings(run.Spec),
                Store = new RunStore(blobs, "a"),
                WriteQueue = _writes,
                Checkpoints = null!,
                Shards = null!,
                Dispatcher = null!,
                Rollouts = null!,
                Grains = null!,
                Events = new EventLog(_time),
                Time = _time,
                Stopping = _stopping.Token,
                JournalledTo = 0,
                GoesOn = static _ => true,
            },
            static (_, _, _) => { });
    }
}
