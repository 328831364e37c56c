using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bgpo.Grains.Tests;

/// <summary>What a run that stops answers of what was asked and not taken.</summary>
public sealed class StopAnswersTests : IDisposable
{
    private readonly SmallRuns _runs = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task WhatWasAskedBeforeAChange_IsAnsweredToo()
    {
        Assert.Equal([(1, null), (2, null), (3, null)],
            await AnswersOf([RequestKind.Checkpoint, RequestKind.Set, RequestKind.Stop], refuses: false, changes: 1));
        Assert.Equal([(1, "request 3 came after it: stop"), (2, null), (3, null)],
            await AnswersOf([RequestKind.Pause, RequestKind.Set, RequestKind.Stop], refuses: false, changes: 1));
    }

    [Fact]
    public async Task AChangeThatCameAfterTheStop_WaitsForWhoeverGoesOn() => Assert.Equal([(1, null)],
        await AnswersOf([RequestKind.Stop, RequestKind.Set, RequestKind.Checkpoint], refuses: false, changes: 0));

    [Fact]
    public async Task AChangeThatTheStoreRefuses_WaitsForWhoeverGoesOn_AndTheRunStops() => Assert.Equal([(1, null)],
        await AnswersOf([RequestKind.Checkpoint, RequestKind.Set, RequestKind.Stop], refuses: true, changes: 0));

    private async Task<(int Number, string? Refused)[]> AnswersOf(RequestKind[] asked, bool refuses, int changes)
    {
        RunStore store = _runs.Store(Guid.NewGuid().ToString("N"));
        await store.CreateAsync(new RunRecord
        {
            RunId = store.RunId,
            State = RunState.Running,
            Spec = "",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        });
        foreach (RequestKind kind in asked)
        {
            await store.AskAsync(kind, "", kind == RequestKind.Set ? ["optimizer.clipNorm=0.5"] : []);
        }
        var lease = new RunLease(store.RunId, store, null!, null!, _time);
        await lease.ReadAsync();
        var reporter = new RunReporter(store.RunId, new EventLog(_time), _time, NullLogger.Instance);
        using var requests = new RequestHandler(store, lease, reporter, _time);
        await requests.LoadAsync();
        var run = new Run(lease, refuses);
        long taken = await requests.TakeChangesAsync(run);
        await lease.WriteAsync(record => requests.AnsweredByStop(record, taken, run.Version));
        Assert.Equal(changes, run.Changes);
        return [.. lease.Record.Answers!.Select(answer => ((int)answer.Number, answer.Refused))];
    }

    /// <summary>A run that records changes as it is asked to, or whose store refuses them.</summary>
    private sealed class Run(RunLease lease, bool refuses) : IRunActions
    {
        public int Version => 4;

        public bool IsHeld => false;

        internal int Changes { get; private set; }

        public Task SaveCheckpointAsync(bool dropsPrefetched) => Task.CompletedTask;

        public Task WriteRecordAsync(Func<RunRecord, RunRecord> change) => lease.WriteAsync(change);

        public async Task ChangeAsync(RunRequest request)
        {
            if (refuses)
            {
                throw new StoreRefusedException("permission is denied");
            }
            Changes++;
            await lease.WriteAsync(record => RequestHandler.Answered(record, request.Number, Version));
        }

        public void NoteTrouble(StorageException? trouble)
        {
        }

        public Task IdleAsync() => Task.CompletedTask;
    }
}
