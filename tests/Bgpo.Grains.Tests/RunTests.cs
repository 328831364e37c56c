using System.Text.Json;
using Bgpo.Grains.Runs;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Grains.Tests;

/// <summary>Whole runs through real grains in one silo, at a size of seconds.</summary>
public sealed partial class RunTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task ARun_ReachesItsLastStep_AndSaysWhatItCameTo()
    {
        RunCompleted completed = await _runs.Complete("a", devices: 2);
        Assert.Equal(6, completed.Version);
        Assert.Equal(64, completed.WeightsSha256.Length);
        Assert.NotEqual(await _runs.HashAt("a", 0), completed.WeightsSha256);
        Assert.Equal(await _runs.HashAt("a", 6), completed.WeightsSha256);
    }

    [Fact]
    public async Task TheSameSpec_EndsInTheSameWeights_OnOneDeviceAndOnThree()
    {
        string one = (await _runs.Complete("a", devices: 1)).WeightsSha256;
        string three = (await _runs.Complete("b", devices: 3)).WeightsSha256;
        Assert.Equal(one, three);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task AStoppedAndResumedRun_EndsInTheSameWeights(int minibatches, int epochs)
    {
        string[] overrides = [$"objective.minibatches={minibatches}", $"objective.epochs={epochs}"];
        string undisturbed = (await _runs.Complete("a", 2, overrides)).WeightsSha256;

        int stoppedAt = await _runs.StopAfter("b", 2, steps: 3, overrides);
        RunCompleted resumed = await _runs.Resume("b");

        Assert.InRange(stoppedAt, 3, 5);
        Assert.Equal(undisturbed, resumed.WeightsSha256);
    }

    [Fact]
    public async Task AnotherSeed_EndsInOtherWeights()
    {
        string one = (await _runs.Complete("a", 2)).WeightsSha256;
        string other = (await _runs.Complete("b", 2, "run.seed=2")).WeightsSha256;
        Assert.NotEqual(one, other);
    }

    [Fact]
    public async Task ARunId_CannotBeStartedTwice()
    {
        await _runs.Complete("a", 1);
        RunException refused = await Assert.ThrowsAsync<RunException>(() => _runs.Complete("a", 1));
        Assert.Contains("'a'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AResponseLongerThanTheModelReads_IsRefused_WithoutANegativeRoom()
    {
        RunException refused = await Assert.ThrowsAsync<RunException>(
            () => _runs.Complete("long", 1, "rollout.responseLength=4096", "rollout.blockLength=4096"));
        Assert.Matches(@"rollout\.responseLength 4096 leaves no room for a prompt: the model's max_sequence_length, which holds prompt and response, is \d+\.", refused.Message);
    }

    [Fact]
    public async Task ARunWhoseChangesAreBad_IsRefused_AndLeftAsItIs()
    {
        await _runs.StopAfter("a", 1, 2, []);
        StoredRun stopped = (await _runs.Store("a").ReadAsync())!;
        stopped = (await _runs.Store("a")
            .UpdateAsync(stopped.Record with { Changes = [new SpecChange(3, "rollout.temperature", "-1", 1)] }, stopped.ETag))!;

        RunException refused = await Assert.ThrowsAsync<RunException>(() => _runs.Resume("a"));

        Assert.Contains("rollout.temperature", refused.Message, StringComparison.Ordinal);
        Assert.Equal(stopped.ETag, (await _runs.Store("a").ReadAsync())!.ETag);
    }

    [Fact]
    public async Task ResumingARunThatIsNot_SaysSo()
    {
        RunException refused = await Assert.ThrowsAsync<RunException>(() => _runs.Resume("nowhere"));
        Assert.Contains("no run 'nowhere'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryStep_CountsEverySampleOnce()
    {
        List<RunEvent> events = await _runs.Events("a", 2, run => run.Start(SmallRuns.Spec()));
        foreach (StepMetrics step in events.OfType<StepCommitted>().Select(e => e.Metrics))
        {
            Assert.Equal(step.ActiveGroups * 4 * 2, step.Samples);
            Assert.True(step.ActiveGroups > 0 && step.GradientNorm > 0, "a step that teaches nothing proves nothing");
        }
        Assert.Equal([1, 2, 3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
    }

    [Fact]
    public async Task EveryStepsLedger_HasEverySampleOnce()
    {
        await _runs.Complete("a", 2, "objective.minibatches=2", "objective.epochs=2");
        LedgerReport report = await Ledger.Check(_runs.Store("a"));
        Assert.Empty(report.Faults);
        Assert.Equal(6, report.Steps);
        Assert.True(report.Samples > 0);
    }

    [Theory]
    [InlineData(32, false)] // training goes on meanwhile
    [InlineData(1, true)] // training waits
    public async Task AStoreThatIsAwayForAWhile_CostsNothing(int maxBehind, bool waits)
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;
        bool away = false;
        var store = new AbsentStore(_runs.Blobs, () => away);

        List<RunEvent> events = await _runs.Events(
            "b", 2, grain => grain.Start(SmallRuns.Spec([$"checkpoint.maxBehind={maxBehind}"])),
            (_, e) =>
            {
                // Away from the first step on; back once that has been felt.
                away = e is StepCommitted { Metrics.Version: 1 }
                    || (away && !(e is StoreStatus { Waiting: true } || e is StepCommitted { Metrics.Version: 5 }));
                return Task.CompletedTask;
            },
            store);

        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        StoreStatus[] statuses = [.. events.OfType<StoreStatus>()];
        Assert.Contains(statuses, status => !status.Healthy);
        Assert.Equal(waits, statuses.Any(status => status.Waiting));
        Assert.True(statuses[^1].Healthy);
        Assert.Equal([1, 2, 3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
        Assert.Empty((await Ledger.Check(new RunStore(store, "b"))).Faults);
    }

    [Fact]
    public async Task AStoreThatStaysAway_EndsAStoppedRun_WhichCanBeResumed()
    {
        string undisturbed = (await _runs.Complete("a", 2)).WeightsSha256;
        bool away = false;
        var store = new AbsentStore(_runs.Blobs, () => away);
        List<RunEvent> events = await _runs.Events(
            "b", 2, grain => grain.Start(SmallRuns.Spec(["checkpoint.maxBehind=1"])),
            async (grain, e) =>
            {
                away = away || e is StepCommitted { Metrics.Version: 3 };
                if (e is StoreStatus { Waiting: true })
                {
                    await grain.Stop("test");
                }
            },
            store, fails: true);

        RunFailed failed = events.OfType<RunFailed>().Single();
        Assert.True(failed.Store);
        Assert.Contains("--resume b", failed.Message, StringComparison.Ordinal);
        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);
    }

    [Fact]
    public async Task AStoreThatIsOnlySlow_IsWaitedFor_WhenTheRunStops()
    {
        var time = new FastTime(30);
        bool isStopping = false;
        var store = new AbsentStore(_runs.Blobs, () => false, before: name =>
            isStopping && name.EndsWith(".safetensors", StringComparison.Ordinal) ? Task.Delay(TimeSpan.FromSeconds(15), time)
                : Task.CompletedTask);
        List<RunEvent> events = await _runs.Events(
            "b", 2, grain => grain.Start(SmallRuns.Spec("checkpoint.every=100")),
            async (grain, e) =>
            {
                if (e is StepCommitted { Metrics.Version: 2 })
                {
                    isStopping = true;
                    await grain.Stop("test");
                }
            },
            store, time: time);
        Assert.Single(events.OfType<RunStopped>());
    }

    [Fact]
    public async Task AControllerThatHasNothingElseToWrite_GivesWord()
    {
        var word = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isPaused = false;
        var store = new AbsentStore(_runs.Blobs, () => false, before: name =>
        {
            if (isPaused && name.EndsWith("/run.json", StringComparison.Ordinal))
            {
                word.TrySetResult();
            }
            return Task.CompletedTask;
        });
        await _runs.Events(
            "b", 2, grain => grain.Start(SmallRuns.Spec()),
            async (grain, e) =>
            {
                if (e is StepCommitted { Metrics.Version: 2 })
                {
                    await _runs.Store("b").AskAsync(RequestKind.Pause, "", []);
                    await grain.CheckRequests();
                }
                if (e is RunPaused)
                {
                    isPaused = true;
                    await word.Task.WaitAsync(TimeSpan.FromMinutes(1));
                    await grain.Resume();
                }
            },
            store, time: new FastTime(30));
    }

    [Fact]
    public async Task AStartThatIsMadeAgain_FindsItsOwnRun_AndNobodyElses()
    {
        List<RunEvent> events = await _runs.Events("b", 2, async grain =>
        {
            await grain.Start(SmallRuns.Spec(), "mine");
            Assert.Equal(RunState.Running, (await grain.Start(SmallRuns.Spec(), "mine")).State);
            foreach (string other in (string[])["", "another"])
            {
                Assert.Contains(
                    "exists already", (await Assert.ThrowsAsync<RunException>(() => grain.Start(SmallRuns.Spec(), other)))
                        .Message, StringComparison.Ordinal);
            }
        });
        Assert.Single(events.OfType<RunCompleted>());
        events = await _runs.Events("b", 2, async grain =>
        {
            var back = new Resumption(2, Key: "mine");
            Assert.Equal(2, (await grain.ResumeAs(back)).Version);
            Assert.Equal(RunState.Running, (await grain.ResumeAs(back)).State);
        });
        Assert.Single(events.OfType<RunStarted>());
    }

    [Fact]
    public async Task AResumeThatIsMadeAgain_AfterItsControllerWent_IsNotDoneTwice()
    {
        await _runs.Complete("b", 2);
        StoredRun stored = (await _runs.Store("b").ReadAsync())!;
        // As the silo leaves it that went with the first call's answer, after it had gone back and taken three more steps.
        await _runs.Store("b").UpdateAsync(stored.Record with { State = RunState.Running, ResumedBy = "mine" }, stored.ETag);
        List<RunEvent> events = await _runs.Events("b", 2, async grain =>
        {
            await grain.EnsureRunning();
            await grain.ResumeAs(new Resumption(2, Key: "mine"));
        });
        Assert.Single(events.OfType<RunCompleted>());
        Assert.DoesNotContain(
            events, e => e is Noticed { Message: var said } && said.Contains("goes back", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARunsTime_CountsOverTheDeathOfItsController_AndOverStops(bool isTold)
    {
        await _runs.StopAfter("b", 2, 2, []);
        DateTimeOffset since = DateTimeOffset.UtcNow.AddHours(-2);
        StoredRun stored = (await _runs.Store("b").ReadAsync())!;
        await _runs.Store("b").UpdateAsync(stored.Record with { State = RunState.Running, Since = since }, stored.ETag);
        List<RunEvent> events = await _runs.Events("b", 2, grain => isTold ? grain.Resume() : grain.EnsureRunning());
        double hours = events.OfType<RunCompleted>().Single().Seconds / 3600;
        Assert.InRange(hours, 2, 3);
        // What passed between its stop and its going on does not.
        Assert.Equal(isTold, events.OfType<RunStarted>().Single().SinceUnixMilliseconds > since.ToUnixTimeMilliseconds());
        // What it came to is told again later on.
        List<RunEvent> later = await _runs.Events("b", 2, grain => grain.Resume());
        Assert.Equal(hours, later.OfType<RunCompleted>().Single().Seconds / 3600);
    }

    [Fact]
    public async Task AJournalThatIsDamaged_IsMadeAgain_ToTheSameBits()
    {
        string undisturbed = (await _runs.Complete("b", 2)).WeightsSha256;
        await _runs.Blobs.PutAsync("b/journal/00000004.json", new byte[] { 1, 2, 3 });
        _runs.Forget("b", journal: false);
        List<RunEvent> events = await _runs.Events("b", 2, grain => grain.Resume());
        Assert.Contains(events,
            e => e is Noticed { Message: var said } && said.Contains("journal/00000004.json", StringComparison.Ordinal));
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        Assert.NotNull(await _runs.Store("b").ReadJournalAsync(4));
    }

    [Fact]
    public async Task ARunWhoseFolderCannotBeTidied_IsCompletedAllTheSame()
    {
        List<RunEvent> events = await _runs.Events(
            "a", 1, grain => grain.Start(SmallRuns.Spec("run.steps=2")),
            store: new AbsentStore(_runs.Blobs, () => false) { TidyFails = true });
        Assert.Single(events.OfType<RunCompleted>());
        Assert.Contains(events,
            e => e is Noticed { Message: var said } && said.Contains("cannot be tidied", StringComparison.Ordinal));
        Assert.Equal(RunState.Completed, (await _runs.Store("a").ReadAsync())!.Record.State);
    }

    [Fact]
    public async Task ARunStoppedBeforeItsLastEvaluation_AndResumedElsewhere_HasThatInItsLastStepsMetrics()
    {
        IRunGrain? run = null;
        var store = new AbsentStore(_runs.Blobs, () => false)
        {
            BeforeWrite = (name, _) =>
                name.EndsWith("checkpoints/00000003.json", StringComparison.Ordinal) ? run!.Stop("test") : Task.CompletedTask,
        };
        List<RunEvent> stopped = await _runs.Events(
            "a", 1,
            grain =>
            {
                run = grain;
                return grain.Start(SmallRuns.Spec("run.steps=3"));
            },
            store: store);
        Assert.Equal(3, Assert.Single(stopped.OfType<RunStopped>()).Version);
        Assert.Null((await LastStepAsync()).Evaluation);
        RunCompleted completed = await _runs.Resume("a");
        Assert.Equal(completed.After, (await LastStepAsync()).Evaluation);

        async Task<StepMetrics> LastStepAsync()
        {
            StoredMetrics? last = null;
            await foreach (StoredMetrics stored in _runs.Store("a").ReadMetricsAsync(3))
            {
                last = stored;
            }
            return last!.Values.Deserialize<StepMetrics>()!;
        }
    }

    [Theory]
    [InlineData("-a")]
    [InlineData("a b")]
    [InlineData("a~b")]
    public async Task AnIdThatNoRunCanHave_IsRefused(string id)
    {
        using IHost host = BgpoSilo.Build(new SiloSettings(_runs.Blobs, 1));
        await host.StartAsync();
        IRunGrain run = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(id);
        Func<Task>[] calls = [
            () => run.Start(SmallRuns.Spec()), () => run.Resume(), run.EnsureRunning, () => run.GetStatus(), () => run.Stop("")];
        foreach (Func<Task> call in calls)
        {
            Assert.StartsWith($"run id '{id}' is not allowed", (await Assert.ThrowsAsync<RunException>(call)).Message,
                StringComparison.Ordinal);
        }
        await host.StopAsync();
    }

    [Fact]
    public async Task AFailedRunThatIsResumed_DoesNotTellItsFormerFailure()
    {
        bool isRefused = true;
        List<RunStatus> statuses = [];
        IRunGrain? run = null;
        var store = new AbsentStore(_runs.Blobs, () => false)
        {
            BeforeWrite = (name, _) => isRefused && name.EndsWith("checkpoints/00000002.json", StringComparison.Ordinal)
                ? throw new InvalidOperationException("an odd failure")
                : Task.CompletedTask,
            BeforeList = async _ =>
            {
                if (!isRefused)
                {
                    statuses.Add(await run!.GetStatus());
                }
            },
        };
        using IHost host = BgpoSilo.Build(new SiloSettings(store, 1));
        await host.StartAsync();
        run = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>("a");
        await run.Start(SmallRuns.Spec("run.steps=4"));
        RunEvent? last = null;
        await foreach (RunEvent e in run.Watch(0))
        {
            last = e;
        }
        Assert.IsType<RunFailed>(last);
        isRefused = false;
        await run.Resume();
        Assert.Contains(statuses,
            status => status.State == RunState.Failed && status.Message.Contains("odd failure", StringComparison.Ordinal));
        Assert.Contains(statuses, status => status.State == RunState.Running);
        Assert.All(statuses.Where(status => status.State == RunState.Running), status => Assert.Equal("", status.Message));
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunThatFails_SaysWhy_AndKeepsNothingInMemory()
    {
        using IHost host = BgpoSilo.Build(new SiloSettings(
            new AbsentStore(_runs.Blobs, () => false, name => name.Contains("journal/00000003", StringComparison.Ordinal)), 1));
        await host.StartAsync();
        IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
        IRunGrain run = grains.GetGrain<IRunGrain>("a");
        await run.Start(SmallRuns.Spec());
        List<RunEvent> events = [];
        await foreach (RunEvent e in run.Watch(0))
        {
            events.Add(e);
        }

        Assert.NotEmpty(events.OfType<StepCommitted>());
        Assert.Contains("refused", Assert.IsType<RunFailed>(events[^1]).Message, StringComparison.Ordinal);
        Assert.Equal(RunState.Failed, (await run.GetStatus()).State);
        ShardStatus status =
            await grains.GetGrain<IAccumulatorGrain>(
                ShardKey.Of(RunKey.Of("a", (await _runs.Store("a").ReadAsync())!.Record.Identity), 0)).GetStatus();
        Assert.Equal(-1, status.Version);
        await host.StopAsync();
    }
}
