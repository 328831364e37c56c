using Bgpo.Grains.Control;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bgpo.Grains.Tests;

/// <summary>
/// What a store refuses in mid-run, until somebody mends it: through real grains in one silo, at a size of seconds.
/// </summary>
public sealed class RefusalTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData(".safetensors", 1)]
    [InlineData(".safetensors", 5)] // the last checkpoint
    [InlineData("checkpoints/00000004.json", 1)]
    [InlineData("journal/00000003.json", 1)]
    [InlineData("run.json", 1)]
    public async Task WhatIsRefused_IsToldAtOnce_AndTheRunWaitsWithItsWeights_UntilItIsTaken(string refused, int from)
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;
        bool refuses = false;
        int tries = 0;
        var triedAgain = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = new AbsentStore(_runs.Blobs, () => false, before: name =>
        {
            if (!refuses || !name.EndsWith(refused, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }
            if (Interlocked.Increment(ref tries) == 6)
            {
                triedAgain.SetResult();
            }
            throw new StoreRefusedException($"permission to write {name} is denied");
        });
        int told = 0;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            refuses |= e is StepCommitted { Metrics.Version: var version } && version == from;
            if (e is RunPaused paused)
            {
                told++;
                Assert.Contains("permission", paused.Reason, StringComparison.Ordinal);
                Assert.Contains(refused, paused.Reason, StringComparison.Ordinal);
                await triedAgain.Task.WaitAsync(TimeSpan.FromMinutes(1));
                RunStatus status = await grain.GetStatus();
                Assert.Equal((RunState.Paused, paused.Reason), (status.State, status.Message));
                (refuses, from) = (false, -1);
            }
        }, store);

        Assert.Equal(1, told);
        Assert.DoesNotContain(
            events, e => e is Noticed { Message: var said } && said.Contains("cannot be saved", StringComparison.Ordinal));
        Assert.Single(events.OfType<RunWentOn>());
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        Assert.Equal([1, 2, 3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
        RunRecord record = (await _runs.Store("b").ReadAsync())!.Record;
        Assert.Equal((RunState.Completed, null), (record.State, record.Reason));
    }

    [Fact]
    public async Task ARunThatWaits_SaysSoInTheStore_AndTakesNoFurtherStep()
    {
        bool refuses = false;
        var recorded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = new AbsentStore(_runs.Blobs, () => false, before: name => refuses
            && name.EndsWith(".safetensors", StringComparison.Ordinal)
            ? throw new StoreRefusedException("permission is denied") : Task.CompletedTask);
        int waitsAt = 0;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec("run.steps=40")),
            async (grain, e) =>
        {
            refuses |= e is StepCommitted { Metrics.Version: 1 };
            if (e is RunPaused paused)
            {
                RunRecord record = (await _runs.Store("b").ReadAsync())!.Record;
                while (record.State != RunState.Paused)
                {
                    await Task.Yield();
                    record = (await _runs.Store("b").ReadAsync())!.Record;
                }
                Assert.Equal((paused.Reason, paused.Reason), (record.Reason, record.HeldBy));
                // Told to go on, it says what holds it, and stays as it is.
                long asked = (await _runs.Store("b").AskAsync(RequestKind.Resume, "", [])).Number;
                await grain.CheckRequests();
                while (record.RequestsTaken < asked)
                {
                    await Task.Yield();
                    record = (await _runs.Store("b").ReadAsync())!.Record;
                }
                Assert.Equal((RunState.Paused, paused.Reason), (record.State, record.Reason));
                Assert.Equal($"held: {paused.Reason}", record.Answers![^1].Refused);
                // It is stopped meanwhile, which it does as soon as it can save.
                waitsAt = paused.Version;
                await grain.Stop("test");
                refuses = false;
            }
        }, store);
        Assert.InRange(events.OfType<RunStopped>().Single().Version, waitsAt, waitsAt + 1);
        Assert.Equal(RunState.Stopped, (await _runs.Store("b").ReadAsync())!.Record.State);
    }

    [Theory]
    [InlineData("version 4 cannot be saved", false)]
    [InlineData("lunch", true)]
    public async Task ARunThatWasHeld_GoesOnByItselfWithItsNextController_AndOneThatSomebodyPausedDoesNot(
        string reason, bool staysPaused)
    {
        await _runs.StopAfter("a", 1, steps: 1, []);
        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        await _runs.Store("a").UpdateAsync(
            stored.Record with { State = RunState.Paused, Reason = reason, HeldBy = "version 4 cannot be saved" }, stored.ETag);
        List<RunEvent> events = await _runs.Events(
            "a", 1, grain => grain.EnsureRunning(), (grain, e) => e is RunPaused ? grain.Stop("test") : Task.CompletedTask);
        Assert.Equal(staysPaused, events.OfType<RunPaused>().Any());
        RunRecord record = (await _runs.Store("a").ReadAsync())!.Record;
        Assert.Equal((staysPaused ? RunState.Stopped : RunState.Completed, null), (record.State, record.HeldBy));
    }

    [Fact]
    public void WhatNoStoreCanEverTake_IsToldWithWhatToDo()
    {
        var time = new ManualTime();
        var reporter = new RunReporter("a", new EventLog(time), time, NullLogger.Instance);
        var lease = new RunLease("a", _runs.Store("a"), null!, null!, time);
        using var requests = new RequestHandler(_runs.Store("a"), lease, reporter, time);
        var hold = new UnsavedWork(GivenUpWaitTests.Context(), lease, requests, reporter);
        hold.Note("version 4", new StoreRefusedException("permission is denied"));
        Assert.EndsWith("it is tried again until it is taken", hold.Reason, StringComparison.Ordinal);
        hold.Note("version 4", null);
        hold.Note("version 4", new StorageException("there is another checkpoint of version 4"));
        Assert.EndsWith("stop the run (run stop a) and resume it, from its newest checkpoint", hold.Reason,
            StringComparison.Ordinal);
    }
}
