using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bgpo.Grains.Tests;

/// <summary>A change holds from a step that nothing is saved of: what is still on its way to the store counts as saved.</summary>
public sealed class ChangeRecorderTests : IDisposable
{
    private readonly SmallRuns _runs = new();
    private readonly ManualTime _time = new();
    private readonly WriteQueue _writes;
    private readonly RunReporter _reporter;
    private readonly RequestHandler _requests;
    private readonly RunSettings _settings;

    public ChangeRecorderTests()
    {
        _writes = new WriteQueue(_time);
        _reporter = new RunReporter("a", new EventLog(_time), _time, NullLogger.Instance);
        _requests = new RequestHandler(_runs.Store("a"), null!, _reporter, _time);
        _settings = new RunSettings(new RunRecord
        {
            RunId = "a",
            State = RunState.Running,
            Spec = SmallRuns.Spec("run.steps=50"),
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        });
    }

    public void Dispose()
    {
        _writes.Dispose();
        _requests.Dispose();
        _runs.Dispose();
    }

    [Fact]
    public async Task WhatTheOutboxHolds_IsWrittenBeforeTheFirstStepIsChosen()
    {
        var held = new TaskCompletionSource();
        // A history that the run has gone back from: version 9's metrics, and a journal beyond, are not in the store yet.
        _ = _writes.Enqueue(8, async () =>
        {
            await held.Task;
            await _runs.Store("a").WriteMetricsAsync(9, []);
            await _runs.Blobs.PutAsync("a/journal/00000012.json", new byte[] { 1 });
        });
        var run = new Actions { Version = 4 };
        Task recording = Recorder(null).RecordAsync(Set, run);
        Assert.False(recording.IsCompleted);
        Assert.Empty(run.Changes);

        held.SetResult();
        await recording;
        Assert.Equal(9, Assert.Single(run.Changes).FromStep);
        Assert.Empty(await _runs.Store("a").ListJournalAsync());
    }

    [Fact]
    public async Task AVersionThatIsBeingSaved_CountsAsSaved()
    {
        var run = new Actions { Version = 4 };
        await Recorder(11).RecordAsync(Set, run);
        Assert.Equal(11, Assert.Single(run.Changes).FromStep);
    }

    [Fact]
    public async Task AStoreThatIsAway_HoldsUpNothing()
    {
        _ = _writes.Enqueue(8, () => new TaskCompletionSource().Task);
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Recorder(null, isAway: true).RecordAsync(Set, new Actions { Version = 4 }));
    }

    private static RunRequest Set { get; } = new(1, RequestKind.Set, "", ["optimizer.clipNorm=0.5"], default, "");

    private ChangeRecorder Recorder(int? saving, bool isAway = false)
    {
        var store = new RunStore(new AbsentStore(_runs.Blobs, () => isAway), "a");
        var wait = new StoreWait(store, () => true, _requests, () => 4, _time, CancellationToken.None);
        return new ChangeRecorder(store, _settings, _reporter, wait, _writes) { PlacedAt = 2, Saving = () => saving };
    }

    /// <summary>A run that only keeps what is recorded.</summary>
    private sealed class Actions : IRunActions
    {
        private RunRecord _record = new()
        {
            RunId = "a",
            State = RunState.Running,
            Spec = "",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        };

        public int Version { get; init; }

        public bool IsHeld => false;

        public IReadOnlyList<SpecChange> Changes => _record.Changes ?? [];

        public Task SaveCheckpointAsync(bool dropsPrefetched) => Task.CompletedTask;

        public Task WriteRecordAsync(Func<RunRecord, RunRecord> change)
        {
            _record = change(_record);
            return Task.CompletedTask;
        }

        public Task ChangeAsync(RunRequest request) => Task.CompletedTask;

        public void NoteTrouble(StorageException? trouble)
        {
        }

        public Task IdleAsync() => Task.CompletedTask;
    }
}
