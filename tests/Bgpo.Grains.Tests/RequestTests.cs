using System.Text;
using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>What is asked of a run in mid-run: through real grains in one silo, at a size of seconds.</summary>
public sealed class RequestTests : IDisposable
{
    /// <summary>What a run that nobody asks anything ends in: found once for all tests.</summary>
    private static readonly Lazy<Task<string>> s_undisturbed = new(async () =>
    {
        using var runs = new SmallRuns();
        return (await runs.Complete("a", 2)).WeightsSha256;
    });

    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task AChangedRun_TakenAgainFromItsBeginning_EndsInTheSameWeights()
    {
        string unchanged = await s_undisturbed.Value;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", grain, RequestKind.Set, "rollout.temperature=0.6", "optimizer.learningRate=0.0001", "run.steps=8");
            }
        });
        SpecChanged changed = events.OfType<SpecChanged>().Single();
        Assert.InRange(changed.FromStep, 2, 4);
        RunCompleted completed = events.OfType<RunCompleted>().Single();
        Assert.Equal(8, completed.Version);
        Assert.NotEqual(unchanged, completed.WeightsSha256);
        double[] rates = [.. events.OfType<StepCommitted>().Select(step => step.Metrics.LearningRate)];
        Assert.Equal([.. Enumerable.Range(0, 8).Select(step => step < changed.FromStep ? 0.0004 : 0.0001)], rates);

        for (int step = 0; step < 8; step++)
        {
            Assert.Equal(step < changed.FromStep ? 1 : 0.6, (await Store("b").ReadJournalAsync(step))!.Temperature);
        }

        // Nothing is left but the base model and the record: every step is taken again, rollouts and all.
        _runs.Forget("b");
        Assert.Equal(completed.WeightsSha256, (await _runs.Resume("b")).WeightsSha256);
        // From the journal, too.
        _runs.Forget("b", journal: false);
        Assert.Equal(completed.WeightsSha256, (await _runs.Resume("b")).WeightsSha256);

        // And a fork from before the change, which goes along with it.
        string[] held = changed.FromStep <= 2 ? changed.Fields : [];
        List<RunEvent> forked = await _runs.Events("f", 2, grain => grain.Fork(SmallRuns.Spec(held), "b", 2));
        Assert.Equal(completed.WeightsSha256, forked.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task APausedRun_TakesNoStep_AndGoesOnWhenToldTo()
    {
        string undisturbed = await s_undisturbed.Value;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", grain, RequestKind.Pause);
            }

            if (e is RunPaused paused)
            {
                RunRecord record = (await Store("b").ReadAsync())!.Record;
                Assert.Equal((RunState.Paused, "test"), (record.State, record.Reason));
                Assert.Equal((RunState.Paused, paused.Version),
                    ((await grain.GetStatus()).State, (await grain.GetStatus()).Version));
                Assert.Equal(paused.Version, record.LatestCheckpoint);
                await Ask("b", grain, RequestKind.Resume);
            }
        });
        RunEvent[] order = [.. events.Where(e => e is StepCommitted or RunPaused or RunWentOn or Noticed)];
        int at = Array.FindIndex(order, e => e is RunPaused);
        Assert.IsType<RunWentOn>(order[at + 1]);
        Assert.Equal("goes on: test", Assert.IsType<Noticed>(order[at + 2]).Message);
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task WhatALaterRequestOverrides_IsAnsweredSo()
    {
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", null, RequestKind.Pause);
                await Ask("b", null, RequestKind.Stop);
                await Ask("b", grain, RequestKind.Resume);
            }
        });
        Assert.Single(events.OfType<RunCompleted>());
        Assert.Empty(events.OfType<RunPaused>());
        const string Overridden = "request 3 came after it: resume";
        Assert.Equal([Overridden, Overridden, null],
            (await Store("b").ReadAsync())!.Record.Answers!.Select(answer => answer.Refused));
    }

    [Fact]
    public async Task RequestsThatAreDamaged_KeepNoRunFromGoingOn_AndAreWrittenAnew()
    {
        string undisturbed = await s_undisturbed.Value;
        await _runs.StopAfter("b", 2, 2, []);
        await Store("b").AskAsync(RequestKind.Set, "", ["optimizer.clipNorm=0.5"]);
        await _runs.Blobs.PutAsync("b/control.json", new byte[] { 1, 2, 3 });
        bool isAsked = false;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Resume(), async (grain, e) =>
        {
            if (e is StepCommitted && !isAsked)
            {
                isAsked = true;
                await Ask("b", grain, RequestKind.Checkpoint);
            }
        });
        Assert.Contains("ask again", Assert.Single(events.OfType<Noticed>()).Message, StringComparison.Ordinal);
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        RunRequest asked = Assert.Single((await Store("b").ReadRequestsAsync()).Requests);
        Assert.Equal(asked.Number, (await Store("b").ReadAsync())!.Record.RequestsTaken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // it finds the request in the store
    public async Task ARunWhoseSiloEndsWhileItIsPaused_StaysPaused_UntilItIsResumed(bool isTold)
    {
        string undisturbed = await s_undisturbed.Value;
        // The silo ends while the run waits.
        await Assert.ThrowsAnyAsync<Exception>(
            () => _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", isTold ? grain : null, RequestKind.Pause);
            }

            if (e is RunPaused)
            {
                throw new OperationCanceledException();
            }
        }));
        int steps = 0;
        List<RunEvent> events = await _runs.Events("b", 1, grain => grain.EnsureRunning(), async (grain, e) =>
        {
            if (e is RunPaused)
            {
                Assert.Equal(RunState.Paused, (await grain.GetStatus()).State);
                Assert.Equal(0, steps);
                await grain.Resume();
            }
            steps += e is StepCommitted ? 1 : 0;
        });
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task AStopThatNobodyHeard_IsObeyedByTheNextController()
    {
        await _runs.StopAfter("b", 2, 2, []);
        RunRecord record = (await Store("b").ReadAsync())!.Record;
        // As a controller leaves it that dies the moment after somebody asked.
        await Store("b").AskAsync(RequestKind.Set, "", ["optimizer.clipNorm=0.5"]);
        await Store("b").AskAsync(RequestKind.Stop, "enough", []);
        await _runs.SetState("b", RunState.Running);
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.EnsureRunning());
        RunStopped stopped = events.OfType<RunStopped>().Single();
        Assert.Equal((record.LatestCheckpoint, "enough"), (stopped.Version, stopped.Reason));
        RunRecord after = (await Store("b").ReadAsync())!.Record;
        Assert.Equal((RunState.Stopped, record.RequestsTaken + 2, "enough"), (after.State, after.RequestsTaken, after.Reason));
        Assert.Equal("optimizer.clipNorm", Assert.Single(after.Changes!).Field);
    }

    [Fact]
    public async Task AChangeThatComesWhileAStopIsRecorded_IsNotTakenForDone_AndHoldsWhenTheRunGoesOn()
    {
        IRunGrain? run = null;
        long asked = 0;
        var store = new AbsentStore(_runs.Blobs, () => false)
        {
            BeforeWrite = async (_, content) =>
            {
                if (asked == 0 && Encoding.UTF8.GetString(content.Span)
                    .Contains("\"state\": \"stopped\"", StringComparison.Ordinal))
                {
                    asked = (await Store("b").AskAsync(RequestKind.Set, "", ["optimizer.clipNorm=0.5"])).Number;
                    await run!.CheckRequests();
                    throw new StoreUnavailableException("the store is away for a moment");
                }
            },
        };
        await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                run = grain;
                await Ask("b", null, RequestKind.Pause);
                await Ask("b", grain, RequestKind.Stop);
            }
        }, store);
        RunRecord stopped = (await Store("b").ReadAsync())!.Record;
        Assert.Equal((RunState.Stopped, asked - 1), (stopped.State, stopped.RequestsTaken));
        Assert.Equal(["request 2 came after it: stop", null], stopped.Answers!.Select(answer => answer.Refused));

        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Resume());
        Assert.Equal(["optimizer.clipNorm=0.5"], Assert.Single(events.OfType<SpecChanged>()).Fields);
        Assert.Single(events.OfType<RunCompleted>());
    }

    [Fact]
    public async Task AStopByCall_IsARequestLikeAnyOther()
    {
        await _runs.StopAfter("b", 2, 2, []);
        RunRequest asked = Assert.Single((await Store("b").ReadRequestsAsync()).Requests);
        Assert.Equal((RequestKind.Stop, "test"), (asked.Kind, asked.Reason));
        RunRecord record = (await Store("b").ReadAsync())!.Record;
        Assert.Equal((RunState.Stopped, "test", asked.Number), (record.State, record.Reason, record.RequestsTaken));
        Assert.Null(Assert.Single(record.Answers!).Refused);
    }

    [Fact]
    public async Task AStoppedRun_ResumedByItsUser_GoesOn_WhateverWasAskedBefore()
    {
        string undisturbed = await s_undisturbed.Value;
        await _runs.StopAfter("b", 2, 2, []);
        await Store("b").AskAsync(RequestKind.Stop, "enough", []);
        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);
    }

    [Fact]
    public async Task ACheckpointThatIsAskedFor_IsSaved_AndNothingElseChanges()
    {
        string undisturbed = await s_undisturbed.Value;
        List<RunEvent> events =
            await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec("checkpoint.every=100")), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", grain, RequestKind.Checkpoint);
            }
        });
        Assert.Contains(events, e => e is CheckpointSaved { Version: > 1 and < 6 });
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task AChangeThatCannotBe_IsRefused_AndTheRunGoesOn()
    {
        (string Field, string Why)[] cases =
        [
            ("rollout.temperature=11", "a number from 0 to 10"), ("rollout.denoisingSteps=17", "responseLength"),
            ("run.steps=1", "the run has begun step"), ("run.seed=2", "stays as the run was started"),
        ];
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                foreach ((string field, _) in cases)
                {
                    await Ask("b", grain, RequestKind.Set, field);
                }
            }
        });
        Assert.Single(events.OfType<RunCompleted>());
        RunRecord record = (await Store("b").ReadAsync())!.Record;
        Assert.Null(record.Changes);
        Assert.All(cases.Zip(record.Answers!),
            pair => Assert.Contains(pair.First.Why, pair.Second.Refused, StringComparison.Ordinal));
        Assert.Equal(4, record.RequestsTaken);
    }

    [Fact]
    public async Task AChange_HoldsFromAStepThatNothingWasSavedOf()
    {
        // The run goes back before its newest checkpoint, which is damaged: the same version of other weights must not take its
        // place.
        string undisturbed = (await _runs.Complete("b", 2)).WeightsSha256;
        _runs.Damage("b", 6);
        await Store("b").AskAsync(RequestKind.Set, "", ["optimizer.learningRate=0"]);
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Resume());
        Assert.Equal(6, events.OfType<SpecChanged>().Single().FromStep);
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
    }

    [Fact]
    public async Task ARunThatWentBackAndIsChanged_TakesNoRolloutsOfTheHistoryThatItLeft()
    {
        await _runs.Complete("b", 2);
        await Store("b").AskAsync(RequestKind.Set, "", ["optimizer.learningRate=0.004"]);
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.ResumeAs(new Resumption(2)));
        Assert.Equal(3, events.OfType<SpecChanged>().Single().FromStep);
        string changed = events.OfType<RunCompleted>().Single().WeightsSha256;

        // Every step taken again, rollouts and all.
        _runs.Forget("b");
        Assert.Equal(changed, (await _runs.Resume("b")).WeightsSha256);
    }

    [Fact]
    public async Task ARunWhoseStepsAreSetToWhereItStands_IsComplete()
    {
        int at = 0;
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Start(SmallRuns.Spec()), async (grain, e) =>
        {
            if (e is StepCommitted { Metrics.Version: 2 })
            {
                await Ask("b", grain, RequestKind.Pause);
            }

            if (e is RunPaused paused)
            {
                at = paused.Version;
                await Ask("b", grain, RequestKind.Set, $"run.steps={at}");
                await Ask("b", grain, RequestKind.Resume);
            }
        });
        Assert.Equal(at, events.OfType<RunCompleted>().Single().Version);
    }

    [Fact]
    public void OfTheSpec_WhatChangesInMidRun_IsTheControllersAlone()
    {
        var record = new RunRecord
        {
            RunId = "r",
            State = RunState.Running,
            Spec = SmallRuns.Spec(),
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
            Changes = [new(2, "rollout.temperature", "0.5", 1), new(4, "run.steps", "9", 2),
                new(4, "rollout.temperature", "0.7", 2)],
        };
        var settings = new RunSettings(record);
        Assert.Equal([1, 1, 0.5, 0.5, 0.7], Enumerable.Range(0, 5).Select(step => settings.At(step).Rollout.Temperature));
        Assert.Equal((6, 9, 9), (settings.At(3).Run.Steps, settings.At(4).Run.Steps, settings.Newest.Run.Steps));
        // Of the same field the newest request holds, also where it holds from an earlier step: the run has gone back meanwhile.
        settings.Record(settings.Read(new RunRequest(3, RequestKind.Set, "", ["rollout.temperature=0.9"], default, ""), 3));
        Assert.Equal([0.5, 0.9, 0.9], Enumerable.Range(2, 3).Select(step => settings.At(step).Rollout.Temperature));
        // A fork takes along what holds later, but for what it sets itself.
        RunSpec there = settings.At(2);
        Assert.Equal(["run.steps", "rollout.temperature"],
            RunSettings.Later(record, 2, there, [])!.Select(change => change.Field));
        Assert.Equal(["rollout.temperature"],
            RunSettings.Later(record, 2, there with { Run = there.Run with { Steps = 7 } }, [])!.Select(change => change.Field));
        // be it to what it is
        Assert.Equal(["run.steps"], RunSettings.Later(record, 2, there, ["rollout.temperature"])!.Select(change => change.Field));
        Assert.Null(RunSettings.Later(record, 4, there, []));
        // it counts requests of its own
        Assert.All(RunSettings.Later(record, 2, there, [])!, change => Assert.Equal(0, change.Request));
    }

    private RunStore Store(string run) => _runs.Store(run);

    private async Task Ask(string run, IRunGrain? grain, RequestKind kind, params string[] fields)
    {
        await Store(run).AskAsync(kind, "test", fields);
        await (grain?.CheckRequests() ?? Task.CompletedTask);
    }
}
