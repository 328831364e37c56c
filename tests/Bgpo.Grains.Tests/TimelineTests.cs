using System.Text.Json;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>What a run's store tells of how it came about, for who looks at it later.</summary>
public sealed class TimelineTests : IDisposable
{
    private readonly SmallRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task TheJournal_TellsWhenEachTokenWasSet_TheSameOnOneDeviceAndOnThree_AndSteps_WhoDidTheWork()
    {
        await _runs.Complete("a", devices: 1, "run.steps=2");
        await _runs.Complete("b", devices: 3, "run.steps=2");
        JournalStep one = (await _runs.Store("a").ReadJournalAsync(1))!;
        JournalStep three = (await _runs.Store("b").ReadJournalAsync(1))!;
        Assert.Equal(JsonSerializer.Serialize(one), JsonSerializer.Serialize(three));
        foreach (DenoisingTrace trace in one.Groups.SelectMany(group => group.Completions).Select(one => one.Trace!))
        {
            // 16 tokens in 4 denoising steps.
            Assert.Equal([4, 4, 4, 4], trace.SetIn.CountBy(step => step).OrderBy(step => step.Key).Select(step => step.Value));
            Assert.All(trace.Confidences, confidence => Assert.InRange(confidence, 0, 1000));
        }

        StepTimeline first = await TimelineOf("a", 1);
        StepMetrics metrics = (await _runs.Store("a").ReadMetricsOfAsync(1))!.Values.Deserialize<StepMetrics>()!;
        SiloWork silo = Assert.Single(first.Work!);
        Assert.True(silo.Done >= 4 + metrics.Units, $"{silo.Done} pieces of work for 4 rollouts and {metrics.Units} units");
        Assert.Equal(1, silo.Shards);
        TimelineEntry roster = Assert.Single(first.Timeline!, entry => entry.Kind == TimelineEntry.Roster);
        Assert.Equal((silo.Name, 1), (Assert.Single(roster.Silos!).Name, roster.Silos![0].Devices));
        Assert.NotEqual("", roster.Silos[0].Numerics);
        Assert.DoesNotContain((await TimelineOf("a", 2)).Timeline!, entry => entry.Kind == TimelineEntry.Roster);
    }

    [Fact]
    public void WhatHappened_IsTakenOnce_AndAFloodIsCutShort()
    {
        var timeline = new Timeline();
        timeline.Note([new TimelineSilo("left", 1, "x86")]);
        timeline.Note(new RosterChanged(1, 1, 1, [], ["lost"], 5), "1 silo", 9);
        for (int i = 0; i < 1000; i++)
        {
            timeline.Note(new WorkMoved(2, "x", "y", "gone", 6) { FromName = "lost" }, "work goes on", 9);
        }
        timeline.Note(new Progressed(3, 1, RunPhase.Rollout, 1, 2, 1, 1), "progress", 9);
        timeline.NoteDone("left");
        timeline.NoteDone("lost");

        timeline.NoteLeft(["lost", "other"]);
        TimelineEntry[] taken = timeline.Take();
        Assert.Equal((5, "lost", "left"), (taken[0].UnixMilliseconds, taken[0].Lost![0], taken[0].Silos![0].Name));
        Assert.Equal(("moved", "lost"), (taken[1].Kind, Assert.Single(taken[0].Left!)));
        Assert.InRange(taken.Length, 2, 100);
        Assert.Equal(
            [new SiloWork("left", 1, 7), new SiloWork("lost", 1, 0)],
            timeline.TakeWork(new Dictionary<string, int> { ["left"] = 7 }));
        Assert.Empty(timeline.Take());
        Assert.Equal([new SiloWork("left", 0, 7)], timeline.TakeWork(new Dictionary<string, int> { ["left"] = 7 }));
    }

    private async Task<StepTimeline> TimelineOf(string run, int version) =>
        (await _runs.Store(run).ReadMetricsOfAsync(version))!.Values.Deserialize<StepTimeline>()!;
}
