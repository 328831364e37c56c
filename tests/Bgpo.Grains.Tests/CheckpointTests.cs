using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>
/// Which checkpoints a run saves, and which of them stay: through real grains in one silo, at a size of seconds.
/// </summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task WhereTheStoreIsSlow_WhatIsSavedWasDue()
    {
        string undisturbed = (await _runs.Complete("a", 2, "run.steps=10")).WeightsSha256;
        var slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isSlow = false;
        var store = new AbsentStore(_runs.Blobs, () => false, before: name =>
            isSlow && name.EndsWith(".safetensors", StringComparison.Ordinal) ? slow.Task : Task.CompletedTask);
        List<RunEvent> events = await _runs.Events(
            "b", 2,
            async grain =>
            {
                await grain.Start(SmallRuns.Spec("run.steps=10"));
                isSlow = true;
            },
            (_, e) =>
            {
                if (e is StepCommitted { Metrics.Version: 7 })
                {
                    slow.SetResult(); // version 2 has been on its way since; 4 and 6 have come due
                }
                return Task.CompletedTask;
            },
            store);
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        IReadOnlyList<int> saved = await _runs.Store("b").ListCheckpointsAsync();
        Assert.Contains(saved, version => version is 6 or 8);
        Assert.All(saved, version => Assert.Equal(0, version % 2));
        Assert.Contains(events, e => e is Noticed { Message: var said }
            && said.StartsWith("no checkpoint of version 4", StringComparison.Ordinal));
        foreach (int version in saved.Intersect(await _runs.Store("a").ListCheckpointsAsync()))
        {
            Assert.Equal(await _runs.HashAt("a", version), await _runs.HashAt("b", version));
        }
    }

    [Theory]
    [InlineData("checkpoint.keepLast=2", 2, 8)]
    [InlineData("checkpoint.keepLast=2,checkpoint.keepEvery=4", 2, 4)]
    [InlineData("checkpoint.keepLast=0", 100, 8)]
    public async Task OlderCheckpoints_GoAsTheSpecSays(string fields, int last, int every)
    {
        string undisturbed = (await _runs.Complete("a", 2, "run.steps=8")).WeightsSha256;
        List<RunEvent> events = await _runs.Events(
            "b", 2, grain => grain.Start(SmallRuns.Spec(["run.steps=8", .. fields.Split(',')])));
        Assert.Equal(undisturbed, events.OfType<RunCompleted>().Single().WeightsSha256);
        int[] saved = [0, .. events.OfType<CheckpointSaved>().Select(checkpoint => checkpoint.Version)];
        Assert.True(saved.Length > 3, "nothing would have to go");
        Assert.Equal(
            saved.Where((version, i) => version == 0 || i >= saved.Length - last || version % every == 0),
            await _runs.Store("b").ListCheckpointsAsync());
        foreach (int version in await _runs.Store("b").ListCheckpointsAsync())
        {
            Assert.Empty((await _runs.Store("b").VerifyCheckpointAsync(version)).Faults);
        }
    }

    [Fact]
    public async Task WhatStays_CanBeChangedInMidRun()
    {
        await _runs.StopAfter("b", 2, steps: 2, ["run.steps=8"]);
        await _runs.Store("b").AskAsync(RequestKind.Set, "", ["checkpoint.keepLast=1"]);
        await _runs.Resume("b");
        Assert.Equal([0, 8], await _runs.Store("b").ListCheckpointsAsync());
    }
}
