using Bgpo.Silo;
using Bgpo.Spec;
using Bgpo.Storage;
using Bgpo.Storage.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Bgpo.Grains.Tests;

/// <summary>Whole runs through real grains in one silo, at a size of seconds.</summary>
public sealed partial class RunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ARun_ReachesItsLastStep_AndSaysWhatItCameTo()
    {
        RunCompleted completed = await Complete("a", devices: 2);
        Assert.Equal(6, completed.Version);
        Assert.Equal(64, completed.WeightsSha256.Length);
        Assert.NotEqual(await HashAt("a", 0), completed.WeightsSha256);
        Assert.Equal(await HashAt("a", 6), completed.WeightsSha256);
    }

    [Fact]
    public async Task TheSameSpec_EndsInTheSameWeights_OnOneDeviceAndOnThree()
    {
        string one = (await Complete("a", devices: 1)).WeightsSha256;
        string three = (await Complete("b", devices: 3)).WeightsSha256;
        Assert.Equal(one, three);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task AStoppedAndResumedRun_EndsInTheSameWeights(int minibatches, int epochs)
    {
        string[] overrides = [$"objective.minibatches={minibatches}", $"objective.epochs={epochs}"];
        string undisturbed = (await Complete("a", 2, overrides)).WeightsSha256;

        int stoppedAt = await StopAfter("b", 2, steps: 3, overrides);
        RunCompleted resumed = await Resume("b");

        Assert.InRange(stoppedAt, 3, 5);
        Assert.Equal(undisturbed, resumed.WeightsSha256);
    }

    [Fact]
    public async Task AnotherSeed_EndsInOtherWeights()
    {
        string one = (await Complete("a", 2)).WeightsSha256;
        string other = (await Complete("b", 2, "run.seed=2")).WeightsSha256;
        Assert.NotEqual(one, other);
    }

    [Fact]
    public async Task ARunId_CannotBeStartedTwice()
    {
        await Complete("a", 1);
        RunException refused = await Assert.ThrowsAsync<RunException>(() => Complete("a", 1));
        Assert.Contains("'a'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResumingARunThatIsNot_SaysSo()
    {
        RunException refused = await Assert.ThrowsAsync<RunException>(() => Resume("nowhere"));
        Assert.Contains("no run 'nowhere'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryStep_CountsEverySampleOnce()
    {
        List<RunEvent> events = await Events("a", 2, run => run.Start(SpecText([])));
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
        await Complete("a", 2, "objective.minibatches=2", "objective.epochs=2");
        LedgerReport report = await Ledger.Check(new RunStore(new LocalBlobStore(Path.Combine(_folder, "runs")), "a"));
        Assert.Empty(report.Faults);
        Assert.Equal(6, report.Steps);
        Assert.True(report.Samples > 0);
    }

    [Theory]
    [InlineData(32, false)] // training goes on meanwhile
    [InlineData(1, true)] // training waits
    public async Task AStoreThatIsAwayForAWhile_CostsNothing(int maxBehind, bool waits)
    {
        string undisturbed = (await Complete("a", 2)).WeightsSha256;
        bool away = false;
        var store = new AbsentStore(new LocalBlobStore(Path.Combine(_folder, "runs")), () => away);

        List<RunEvent> events = await Events(
            "b", 2, grain => grain.Start(SpecText([$"checkpoint.maxBehind={maxBehind}"])),
            (_, e) =>
            {
                // Away from the first step on; back once that has been felt.
                away = e is StepCommitted { Metrics.Version: 1 }
                    || (away && !(e is StoreStanding { Waiting: true } || e is StepCommitted { Metrics.Version: 5 }));
                return Task.CompletedTask;
            },
            store);

        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        StoreStanding[] standings = [.. events.OfType<StoreStanding>()];
        Assert.Contains(standings, standing => !standing.Healthy);
        Assert.Equal(waits, standings.Any(standing => standing.Waiting));
        Assert.True(standings[^1].Healthy);
        Assert.Equal([1, 2, 3, 4, 5, 6], events.OfType<StepCommitted>().Select(e => e.Metrics.Version));
        Assert.Empty((await Ledger.Check(new RunStore(store, "b"))).Faults);
    }

    [Fact]
    public async Task AStoreThatStaysAway_EndsAStoppedRun_WhichCanBeResumed()
    {
        string undisturbed = (await Complete("a", 2)).WeightsSha256;
        bool away = false;
        var store = new AbsentStore(new LocalBlobStore(Path.Combine(_folder, "runs")), () => away);
        List<RunEvent> events = await Events(
            "b", 2, grain => grain.Start(SpecText(["checkpoint.maxBehind=1"])),
            async (grain, e) =>
            {
                away = away || e is StepCommitted { Metrics.Version: 3 };
                if (e is StoreStanding { Waiting: true })
                {
                    await grain.Stop("test");
                }
            },
            store, fails: true);

        RunFailed failed = events.OfType<RunFailed>().Single();
        Assert.True(failed.Store);
        Assert.Contains("--resume b", failed.Message, StringComparison.Ordinal);
        Assert.Equal(undisturbed, (await Resume("b")).WeightsSha256);
    }

    [Fact]
    public async Task ARunThatFails_SaysWhy_AndKeepsNothingInMemory()
    {
        using IHost host = Silo(1, new AbsentStore(
            new LocalBlobStore(Path.Combine(_folder, "runs")), () => false, name => name.Contains("journal/00000003", StringComparison.Ordinal)));
        await host.StartAsync();
        IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
        IRunGrain run = grains.GetGrain<IRunGrain>("a");
        await run.Start(SpecText([]));
        List<RunEvent> events = [];
        await foreach (RunEvent e in run.Watch(0))
        {
            events.Add(e);
        }

        Assert.NotEmpty(events.OfType<StepCommitted>());
        Assert.Contains("refused", Assert.IsType<RunFailed>(events[^1]).Message, StringComparison.Ordinal);
        Assert.Equal("failed", (await run.GetStatus()).State);
        ShardStanding standing = await grains.GetGrain<IAccumulatorGrain>(ShardKey.Of("a", 0)).GetStanding();
        Assert.Equal(-1, standing.Version);
        await host.StopAsync();
    }

    private IHost Silo(int devices, IBlobStore? store = null) =>
        BgpoSilo.Build(new SiloSettings(store ?? new LocalBlobStore(Path.Combine(_folder, "runs")), devices));

    private async Task<RunCompleted> Complete(string run, int devices, params string[] overrides) =>
        (await Events(run, devices, grain => grain.Start(SpecText(overrides)))).OfType<RunCompleted>().Single();

    private async Task<RunCompleted> Resume(string run) =>
        (await Events(run, 1, grain => grain.Resume())).OfType<RunCompleted>().Single();

    private async Task<int> StopAfter(string run, int devices, int steps, string[] overrides)
    {
        List<RunEvent> events = await Events(
            run, devices, grain => grain.Start(SpecText(overrides)),
            (grain, e) => e is StepCommitted step && step.Metrics.Version == steps ? grain.Stop("test") : Task.CompletedTask);
        return events.OfType<RunStopped>().Single().Version;
    }

    private async Task<List<RunEvent>> Events(
        string run, int devices, Func<IRunGrain, Task> begin, Func<IRunGrain, RunEvent, Task>? react = null, IBlobStore? store = null,
        bool fails = false)
    {
        using IHost host = Silo(devices, store);
        await host.StartAsync();
        IRunGrain grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);
        List<RunEvent> events = [];
        await begin(grain);
        await foreach (RunEvent e in grain.Watch(0))
        {
            events.Add(e);
            await (react?.Invoke(grain, e) ?? Task.CompletedTask);
        }
        await host.StopAsync();
        Assert.Equal(fails, events.OfType<RunFailed>().Any());
        return events;
    }

    private async Task<string> HashAt(string run, int version) =>
        (await new RunStore(new LocalBlobStore(Path.Combine(_folder, "runs")), run).ReadManifestAsync(version))!.WeightsSha256;

    /// <summary>The project's own base model: an untrained one earns no rewards, and a run of it would teach nothing.</summary>
    private static string BaseModel()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder!.FullName, "models", "sudoku-base");
    }

    private static string SpecText(string[] overrides)
    {
        string yaml = $"""
            run: {"{"} seed: 1, steps: 6 {"}"}
            model: {"{"} path: {BaseModel()} {"}"}
            task: {"{"} name: sudoku4x4 {"}"}
            rollout: {"{"} prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 {"}"}
            objective: {"{"} samples: 2 {"}"}
            units: {"{"} samples: 3, microbatch: 2 {"}"}
            optimizer: {"{"} learningRate: 0.0004 {"}"}
            evaluation: {"{"} count: 8, every: 0 {"}"}
            checkpoint: {"{"} every: 2 {"}"}
            """;
        return SpecWriter.Write(SpecLoader.Load<RunSpec>(yaml, "test", overrides));
    }
}
