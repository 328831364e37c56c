using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Work;
using Bgpo.Silo.Devices;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Grains.Tests;

/// <summary>
/// A run is more than its id, and a version more than its number: what a silo keeps of another run or history is not taken for
/// it.
/// </summary>
public sealed class RunIdentityTests : IDisposable
{
    private static readonly string s_first = SmallRuns.Spec("run.steps=4");
    private static readonly string s_second = SmallRuns.Spec("run.steps=4", "run.seed=2");

    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task ARunStartedUnderTheIdOfADeletedOne_InTheSameSilo_IsItsOwn()
    {
        string alone = (await _runs.Complete("alone", 1, "run.steps=4", "run.seed=2")).WeightsSha256;
        using IHost host = await StartAsync();
        IRunGrain run = Run(host);
        await run.Start(s_first);
        await WatchAsync(run);
        _runs.Delete("a");

        await run.Start(s_second);
        List<RunEvent> events = await WatchAsync(run);

        Assert.Equal(alone, Assert.Single(events.OfType<RunCompleted>()).WeightsSha256);
        Assert.Equal([1, 2, 3, 4], events.OfType<StepCommitted>().Select(step => step.Metrics.Version));
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunDeletedInMidRun_AndStartedAnew_IsItsOwn()
    {
        string alone = (await _runs.Complete("alone", 1, "run.steps=4", "run.seed=2")).WeightsSha256;
        using IHost host = await StartAsync();
        IRunGrain run = Run(host);
        await run.Start(SmallRuns.Spec("run.steps=100000"));
        await foreach (RunEvent e in run.Watch(0))
        {
            if (e is StepCommitted { Metrics.Version: 5 })
            {
                break;
            }
        }
        string former = await KeyAsync();
        _runs.Delete("a");

        await run.Start(s_second);
        List<RunEvent> events = await WatchAsync(run);

        Assert.Equal(alone, Assert.Single(events.OfType<RunCompleted>()).WeightsSha256);
        Assert.Equal([1, 2, 3, 4], events.OfType<StepCommitted>().Select(step => step.Metrics.Version));
        await AssertFreedAsync(host, former);
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunDeletedInMidRun_Ends_AndKeepsNothingInMemory()
    {
        using IHost host = await StartAsync();
        IRunGrain run = Run(host);
        await run.Start(SmallRuns.Spec("run.steps=100000"));
        string key = "";
        await foreach (RunEvent e in run.Watch(0))
        {
            if (e is StepCommitted { Metrics.Version: 3 })
            {
                key = await KeyAsync();
                _runs.Delete("a");
            }
        }
        await AssertFreedAsync(host, key);
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunThatHasEnded_KeepsNothingOnTheDevices()
    {
        using IHost host = await StartAsync();
        IRunGrain run = Run(host);
        await run.Start(s_first);
        await WatchAsync(run);
        await AssertFreedAsync(host, await KeyAsync());
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunOfAnOlderRecord_IsKnownByItsCreation()
    {
        await _runs.StopAfter("a", 1, 2, []);
        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        stored = (await _runs.Store("a").UpdateAsync(stored.Record with { Uid = null, History = 0 }, stored.ETag))!;
        Assert.Equal(stored.Record.Identity, (await _runs.Store("a").ReadAsync())!.Record.Identity);
        Assert.Equal(6, (await _runs.Resume("a")).Version);
    }

    [Fact]
    public async Task AVersionOfAnOlderHistory_IsNotTakenForTheSameVersionOfTheNewOne()
    {
        await _runs.Complete("a", 1, "run.steps=4");
        using IHost host = await StartAsync();
        IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
        WeightsSource weights = host.Services.GetRequiredService<WeightsSource>();
        RunContext run = await host.Services.GetRequiredService<RunContexts>().Get(await KeyAsync());
        string silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        var before = new ShardSet(grains, run, 5) { History = 1 };
        var after = new ShardSet(grains, run, 5) { History = 2 };
        CheckpointManifest second = (await _runs.Store("a").ReadManifestAsync(2))!;
        await before.Load(second, [silo]);
        Weights old = await weights.Get(run, 1, 2);
        Assert.Same(old, await weights.Get(run, 1, 2));
        Assert.Equal(2, Assert.Single(await before.FindHeldVersions([silo])).Version);

        // A silo that has not heard that the run goes back to that version.
        Assert.Empty(await after.FindHeldVersions([silo]));
        await Assert.ThrowsAsync<StaleVersionException>(() => after.Replicate(2, [silo]));
        await Assert.ThrowsAsync<StaleVersionException>(() => after.Save(2));
        await Assert.ThrowsAsync<StaleVersionException>(() => weights.Get(run, 2, 2));

        await after.Load(second, [silo]);
        Assert.NotSame(old, await weights.Get(run, 2, 2));
        await Assert.ThrowsAsync<StaleVersionException>(() => weights.Get(run, 1, 2));
        await Assert.ThrowsAsync<StaleVersionException>(() => before.Save(2));
        await host.StopAsync();
    }

    [Fact]
    public async Task ACopyThatNoSiloTook_IsTold_WithTheSiloAndWhy()
    {
        await _runs.Complete("a", 1, "run.steps=2");
        using IHost host = await StartAsync();
        RunContext run = await host.Services.GetRequiredService<RunContexts>().Get(await KeyAsync());
        string silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        var shards = new ShardSet(host.Services.GetRequiredService<IGrainFactory>(), run, 5) { History = 1 };
        await shards.Load((await _runs.Store("a").ReadManifestAsync(2))!, [silo]);
        Assert.Equal("", await shards.Replicate(2, [silo])); // one alone has nobody to copy to
        const string Gone = "127.0.0.1:1@1";
        Assert.StartsWith($"{run.Shards} of {run.Shards} shards ({Gone}: ", await shards.Replicate(2, [silo, Gone]),
            StringComparison.Ordinal);
        await host.StopAsync();
    }

    [Fact]
    public async Task ARunThatGoesBack_BeginsAHistory()
    {
        await _runs.Complete("a", 1);
        long first = (await _runs.Store("a").ReadAsync())!.Record.History;
        await _runs.Events("a", 1, grain => grain.ResumeAs(new Resumption(2)));
        Assert.True((await _runs.Store("a").ReadAsync())!.Record.History > first);
    }

    private static IRunGrain Run(IHost host) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>("a");

    private static async Task<List<RunEvent>> WatchAsync(IRunGrain run)
    {
        List<RunEvent> events = [];
        await foreach (RunEvent e in run.Watch(0))
        {
            events.Add(e);
        }
        return events;
    }

    /// <summary>Nothing of a run is left: neither its shards nor the weights on the devices.</summary>
    private static async Task AssertFreedAsync(IHost host, string key)
    {
        IAccumulatorGrain shard = host.Services.GetRequiredService<IGrainFactory>()
            .GetGrain<IAccumulatorGrain>(ShardKey.Of(key, 0));
        try
        {
            Assert.Equal(-1, (await shard.GetStatus()).Version);
        }
        catch (Exception e) when (e is RunException or StoreUnavailableException)
        {
            // Made anew, it finds that the run is gone.
        }
        var devices = (PolicyDevices)host.Services.GetRequiredService<IPolicyDevices>();
        // A device that is busy with a piece of the run frees its replica after it.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (devices.Runs.Contains(key))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), patience.Token);
        }
    }

    private async Task<string> KeyAsync()
    {
        RunRecord record = (await _runs.Store("a").ReadAsync())!.Record;
        return RunKey.Of(record.RunId, record.Identity);
    }

    private async Task<IHost> StartAsync()
    {
        IHost host = BgpoSilo.Build(new SiloSettings(_runs.Blobs, 1));
        await host.StartAsync();
        return host;
    }
}
