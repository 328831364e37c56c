using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <content>Forking, going back, and who may drive a run.</content>
public sealed partial class RunTests
{
    private IBlobStore Blobs => _runs.Blobs;

    [Theory]
    [InlineData(1, 1, 2)] // where a batch begins
    [InlineData(2, 2, 2)] // amid one
    public async Task AForkWithoutChanges_EndsInItsSourcesWeights(int minibatches, int epochs, int version)
    {
        string[] overrides = [$"objective.minibatches={minibatches}", $"objective.epochs={epochs}"];
        string source = (await _runs.Complete("a", 2, overrides)).WeightsSha256;

        List<RunEvent> events = await _runs.Events("f", 2, run => run.Fork(SmallRuns.Spec(overrides), "a", version));

        Assert.Equal(version, events.OfType<RunStarted>().Single().Version);
        Assert.Equal([3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
        Assert.Equal(source, events.OfType<RunCompleted>().Single().WeightsSha256);
        var fork = new RunStore(Blobs, "f");
        Assert.Equal([2, 4, 6], await fork.ListCheckpointsAsync());
        Assert.Equal($"a@{version}", (await fork.ReadAsync())!.Record.ForkedFrom);
        LedgerReport ledger = await Ledger.Check(fork);
        Assert.Empty(ledger.Faults);
        Assert.Equal(6, ledger.Steps);
    }

    [Fact]
    public async Task AForkWithAnotherLearningRate_EndsInOtherWeights_AlsoAmidABatch()
    {
        string[] several = ["objective.minibatches=2", "objective.epochs=2"];
        string source = (await _runs.Complete("a", 2, several)).WeightsSha256;
        List<RunEvent> events =
            await _runs.Events("f", 2, run => run.Fork(SmallRuns.Spec([.. several, "optimizer.learningRate=0.0001"]), "a", 2));
        Assert.NotEqual(source, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task AFork_CanSampleOtherwise_WhereABatchBegins_ButNotAmidOne()
    {
        await _runs.Complete("a", 2, "objective.minibatches=2", "objective.epochs=2");
        string[] warmer = ["objective.minibatches=2", "objective.epochs=2", "rollout.temperature=0.5"];
        Assert.Contains("amid the batch of step 0", await Refused("f", run => run.Fork(SmallRuns.Spec(warmer), "a", 2)),
            StringComparison.Ordinal);
        List<RunEvent> events = await _runs.Events("f", 2, run => run.Fork(SmallRuns.Spec(warmer), "a", 4));
        Assert.Equal([5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
    }

    [Fact]
    public async Task AForkThatCannotBe_IsRefused_AndLeavesNoRun()
    {
        await _runs.Complete("a", 1);
        foreach ((string said, Func<IRunGrain, Task> fork) in new (string, Func<IRunGrain, Task>)[]
        {
            ("no run 'nowhere'", run => run.Fork(SmallRuns.Spec(), "nowhere", null)),
            ("no checkpoint of version 3", run => run.Fork(SmallRuns.Spec(), "a", 3)),
            ("field run.steps: value '6'", run => run.Fork(SmallRuns.Spec(), "a", null)),
            ("field model.path", run =>
                run.Fork(SmallRuns.Spec().Replace("sudoku-base", "other", StringComparison.Ordinal), "a", 2)),
            ("multiple of 4", run => run.Fork(SmallRuns.Spec(["objective.minibatches=2", "objective.epochs=2"]), "a", 2)),
        })
        {
            Assert.Contains(said, await Refused("f", fork), StringComparison.Ordinal);
            Assert.Null(await new RunStore(Blobs, "f").ReadAsync());
        }
        Assert.Contains("'a' exists already", await Refused("a", run => run.Fork(SmallRuns.Spec(), "a", 2)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatACutShortForkLeft_IsNoBeginningOfAnotherRun()
    {
        await _runs.Complete("a", 1);
        var source = new RunStore(Blobs, "a");
        await new RunStore(Blobs, "f").ForkAsync(source, (await source.ReadManifestAsync(2))!);
        Assert.Contains("never begun", await Refused("f", run => run.Start(SmallRuns.Spec())), StringComparison.Ordinal);
        List<RunEvent> events = await _runs.Events("f", 2, run => run.Fork(SmallRuns.Spec(), "a", 2));
        Assert.Single(events.OfType<RunCompleted>());
    }

    [Fact]
    public async Task ARunThatGoesBack_DropsWhatCameLater_SaysSo_AndEndsInTheSameWeights()
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;

        List<RunEvent> events = await _runs.Events("a", 2, run => run.ResumeAs(new Resumption(2)), (_, e) =>
        {
            if (e is RunStarted)
            {
                Assert.Equal(2, new RunStore(Blobs, "a").ReadAsync().Result!.Record.LatestCheckpoint);
            }
            return Task.CompletedTask;
        });

        Assert.Contains("later checkpoints (4, 6) are dropped, with the metrics of versions 3 to 6",
            events.OfType<Noticed>().Single().Message, StringComparison.Ordinal);
        Assert.Equal([3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        Assert.Equal([0, 2, 4, 6], await new RunStore(Blobs, "a").ListCheckpointsAsync());
        Assert.Null((await new RunStore(Blobs, "a").ReadAsync())!.Record.GoingBackTo);
    }

    [Fact]
    public async Task AControllerThatIsGoneAmidGoingBack_LeavesTheRestToTheNext()
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;
        var store = new RunStore(Blobs, "a");
        StoredRun stored = (await store.ReadAsync())!;
        await store.UpdateAsync(
            stored.Record with { State = RunState.Running, Cluster = "", GoingBackTo = 2, LatestCheckpoint = 2 }, stored.ETag);

        List<RunEvent> events = await _runs.Events("a", 2, run => run.Resume());

        Assert.Equal(2, events.OfType<RunStarted>().Single().Version);
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task ARunIsNotGoneBackWith_WhereThereIsNoWholeCheckpoint_OrWhileItRuns()
    {
        await _runs.Complete("a", 1);
        Assert.Contains("no checkpoint of version 3", await Refused("a", run => run.ResumeAs(new Resumption(3))),
            StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, (await new RunStore(Blobs, "a").ReadAsync())!.Record.State);
        List<RunEvent> events = await _runs.Events("b", 1, run => run.Start(SmallRuns.Spec()), async (run, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                RunException refused = await Assert.ThrowsAsync<RunException>(() => run.ResumeAs(new Resumption(0)));
                Assert.Contains("stop it before", refused.Message, StringComparison.Ordinal);
            }
        });
        Assert.Single(events.OfType<RunCompleted>());
    }

    [Theory]
    [InlineData(0, false, true)] // it has just given word
    [InlineData(0, true, false)] // and is known to be dead
    [InlineData(40, false, false)] // it has been silent for longer than it may
    public async Task ARunOfAnotherMachine_IsLeftAlone_AsLongAsItGivesWord(int silentSeconds, bool takesOver, bool refuses)
    {
        await _runs.StopAfter("b", 1, steps: 1, []);
        var store = new RunStore(Blobs, "b", new Past(TimeSpan.FromSeconds(silentSeconds)));
        StoredRun stored = (await store.ReadAsync())!;
        await store.UpdateAsync(
            stored.Record with { State = RunState.Running, Cluster = "demo", Host = "elsewhere/1/2/you" }, stored.ETag);

        if (refuses)
        {
            string said = await Refused("b", run => run.Resume());
            Assert.Contains("driven by cluster 'demo' on machine 'elsewhere'", said, StringComparison.Ordinal);
            Assert.Contains("--take-over", said, StringComparison.Ordinal);
        }
        else
        {
            Assert.Single((await _runs.Events("b", 1, run => run.ResumeAs(new Resumption(null, takesOver))))
                .OfType<RunCompleted>());
        }
    }

    [Fact]
    public async Task AFencedController_StopsAndSaysSo()
    {
        List<RunEvent> events = await _runs.Events(
            "b", 1, run => run.Start(SmallRuns.Spec()),
            async (_, e) =>
            {
                if (e is StepCommitted { Metrics.Version: 2 })
                {
                    var store = new RunStore(Blobs, "b");
                    StoredRun? taken = null;
                    while (taken is null)
                    {
                        StoredRun stored = (await store.ReadAsync())!;
                        taken = await store.UpdateAsync(
                            stored.Record with { Epoch = stored.Record.Epoch + 1, Controller = "somebody" }, stored.ETag);
                    }
                }
            },
            fails: true);
        Assert.Contains("was resumed by another process", events.OfType<RunFailed>().Single().Message, StringComparison.Ordinal);
        Assert.Equal(("somebody", RunState.Running),
            ((await new RunStore(Blobs, "b").ReadAsync())!.Record is var record ? (record.Controller, record.State) : default));
    }

    private sealed class Past(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - by;
    }

    private async Task<string> Refused(string run, Func<IRunGrain, Task> begin) =>
        (await Assert.ThrowsAsync<RunException>(() => _runs.Events(run, 1, begin))).Message;
}
