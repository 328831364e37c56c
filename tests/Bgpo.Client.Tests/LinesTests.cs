using System.Text.Json;
using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Tests;

public class LinesTests
{
    [Fact]
    public void Plain_IsOneLineForEachEventThatMatters()
    {
        var lines = new PlainLines();
        Assert.Equal(
            [
                "run sudoku-1: starts, 120 steps, sudoku4x4, 216,512 parameters in 1 shard, store /s/runs/sudoku-1",
                null,
                "held out at version 0: greedy 0.301  sampled 0.051  reward 0.610  (256 problems)",
                "version   7/120  reward 0.500  solved 0.250  groups 12/16  norm 0.43  lr 3.2e-04  0.80 s    640 samples/s  " +
                    "512 MiB",
                "checkpoint of version 40: /s/runs/sudoku-1/checkpoints/00000040.json (0.03 s)",
                "notice: hm",
                null,
            ],
            new RunEvent[]
            {
                Events.Started, Events.Rollout, Events.Before, Events.Step(7), Events.Checkpoint, new Noticed(9, "hm"),
                    Events.Completed,
            }
                .Select(lines.Of));
    }

    [Fact]
    public void Plain_NamesSilosThatComeAndGo_ButNotThoseOfTheBeginning()
    {
        var lines = new PlainLines();
        Assert.Equal(
            [null, "silos: lost a, c joined; 2 silos with 2 devices"],
            new[] { new RosterChanged(1, 2, 2, ["a", "b"], [], 1), new RosterChanged(2, 2, 2, ["c"], ["a"], 2) }.Select(
                lines.Of));
    }

    [Fact]
    public void Plain_SaysFromWhereAResumedRunGoesOn() => Assert.StartsWith(
        "run sudoku-1: goes on at version 40 of 120 steps", new PlainLines().Of(Events.Started with { Version = 40 }),
        StringComparison.Ordinal);

    [Fact]
    public void Json_CompletedLine_IsWhatScriptsAreToldToExpect() => Assert.Equal(
        """{"event":"completed","run":"sudoku-1","version":120,"weightsSha256":"0123abcd","evalBefore":{"greedyExact":0.3,"sampledExact":0.05,"meanReward":0.61,"malformedShare":0,"failed":0,"failedSampled":0},"evalAfter":{"greedyExact":0.836,"sampledExact":0.82,"meanReward":0.912,"malformedShare":0,"failed":0,"failedSampled":0},"seconds":93.1,"peakRssMiB":612.3,"checkpoint":"/s/runs/sudoku-1/checkpoints/00000120.json","warnings":[]}""",
        JsonLines.Of(Events.Completed, 612.3456));

    [Fact]
    public void Json_EventsBearTheirFields()
    {
        Assert.Equal(
            """{"event":"started","run":"sudoku-1","version":0,"steps":120,"parameters":216512,"shards":1,"epoch":1,"task":"sudoku4x4","store":"/s/runs/sudoku-1","fingerprint":"libtorch 1.13","checkpoint":0,"sinceUnixMilliseconds":0}""",
            JsonLines.Of(Events.Started, 0));
        Assert.Equal("""{"event":"progress","version":47,"phase":"rollout","done":12,"total":16,"inFlight":4,"devices":2}""",
            JsonLines.Of(Events.Rollout, 0));
        Assert.Equal(
            """{"event":"evaluated","version":40,"final":false,"greedyExact":0.742,"sampledExact":0.262,"meanReward":0.853,"count":64,"malformedShare":0,"failed":0,"failedSampled":0}""",
            JsonLines.Of(Events.Between, 0));
        Assert.Equal("""{"event":"failed","run":"r","version":3,"message":"no \"x\"","store":false}""",
            JsonLines.Of(new RunFailed(1, "r", 3, "no \"x\"", false), 0));
        Assert.Equal(
            """{"event":"stopped","run":"sudoku-1","version":48,"reason":"interrupted","weightsSha256":"0123abcd","checkpoint":"/s/runs/sudoku-1/checkpoints/00000048.json","warnings":[]}""",
            JsonLines.Of(Events.Stopped, 0));
    }

    [Fact]
    public void Json_StepLine_HoldsEveryMetric()
    {
        using var line = JsonDocument.Parse(JsonLines.Of(Events.Step(7), 0));
        var names = line.RootElement.EnumerateObject().Select(p => p.Name).ToHashSet();
        Assert.All(typeof(StepMetrics).GetProperties(),
            p => Assert.Contains(JsonNamingPolicy.CamelCase.ConvertName(p.Name), names));
        Assert.Equal(7, line.RootElement.GetProperty("version").GetInt32());
    }

    [Fact]
    public void Json_NotFiniteNumbersAndLineBreaks_StayOneValidLine()
    {
        foreach (var happened in new RunEvent[] { Events.Step(1, double.NaN), new Noticed(1, "a\nb\u2028") })
        {
            var line = JsonLines.Of(happened, 0);
            Assert.DoesNotContain('\n', line);
            using var parsed = JsonDocument.Parse(line);
            Assert.Equal(JsonValueKind.Object, parsed.RootElement.ValueKind);
        }
    }

    [Fact]
    public void EveryKindOfEvent_HasAJsonName()
    {
        var kinds = typeof(RunEvent).Assembly.GetTypes().Where(t => t.BaseType == typeof(RunEvent)).ToHashSet();
        RunEvent[] all =
        [
            Events.Started, Events.Rollout, Events.Step(1), Events.Before, Events.Checkpoint, new Noticed(1, ""),
            Events.Completed, Events.Stopped,
            new RunFailed(1, "r", 0, "m", false), new WorkMoved(1, "a", "b", "m", 1), new StoreStatus(1, true, 0, false, ""),
            new RosterChanged(1, 1, 1, [], [], 1), new RunPaused(1, "r", 1, ""), new RunWentOn(1, "r", 1),
            new SpecChanged(1, "r", 1, 9, []),
            new LearningWarned(1, 1, LearningConcern.NoSpread, false, "m"), new GroupLeftOut(1, 2, 3, "p", 1, 8, "m"),
        ];
        Assert.Equal(kinds, all.Select(e => e.GetType()).ToHashSet());
        Assert.Equal(
            ["started", "progress", "step", "evaluated", "checkpoint", "notice", "completed", "stopped", "failed", "moved",
                "store", "silos", "paused", "continued", "changed", "warning", "leftOut"],
            all.Select(e => JsonDocument.Parse(JsonLines.Of(e, 0)).RootElement.GetProperty("event").GetString()));
    }

    [Fact]
    public void WhatKeepsARunFromLearning_IsInLines_Json_AndSummary()
    {
        var warned = new LearningWarned(1, 3, LearningConcern.NoSpread, IsOver: false, "every completion earns 0");
        Assert.Equal("warning: every completion earns 0", new PlainLines().Of(warned));
        Assert.Equal("no longer: every completion earns 0", new PlainLines().Of(warned with { IsOver = true }));
        Assert.Contains("\"concern\":\"noSpread\"", JsonLines.Of(warned, null), StringComparison.Ordinal);
        string[] warnings = ["every completion earns 0 (from version 1 on)"];
        var summary = new RunSummary(new ProjectPaths("/s", null, "./bgpo"));
        Assert.Contains("warning     " + warnings[0], summary.Completed(Events.Completed with { Warnings = warnings }, "", null));
        Assert.Contains("warning     " + warnings[0], summary.Stopped(Events.Stopped with { Warnings = warnings }, ""));
        Assert.Contains(warnings[0], JsonLines.Of(Events.Completed with { Warnings = warnings }, null), StringComparison.Ordinal);
    }

    [Fact]
    public void ALeftOutGroup_IsInLines_WithWhatTheGraderSaid()
    {
        var left = new GroupLeftOut(1, 17, 3, "p:9", 2, 8, "no score within 60 s");
        Assert.Equal(
            "left out: group 3 of step 17 (p:9) is left out: 2 of 8 completions could not be scored: no score within 60 s",
            new PlainLines().Of(left));
        Assert.Equal(
            """{"event":"leftOut","step":17,"group":3,"promptId":"p:9","failed":2,"completions":8,"reason":"no score within 60 s"}""",
            JsonLines.Of(left, null));
        var step = Events.Step(18);
        step = step with { Metrics = step.Metrics with { LeftOutGroups = 1, RewardsFailed = 2 } };
        Assert.EndsWith("  left out 1", new PlainLines().Of(step), StringComparison.Ordinal);
    }

    [Fact]
    public void AnEvaluationThatTheGraderFailed_SaysSo_AndIsNoZero()
    {
        var result = new EvaluationSummary(double.NaN, 0.5, double.NaN, 8) { Failed = 8, FailedSampled = 2 };
        string line = new PlainLines().Of(new Evaluated(1, 4, result, true))!;
        Assert.Equal(
            "held out at version 4: greedy NaN  sampled 0.500  reward NaN  (8 problems; not judged: greedy 8, sampled 2)", line);
        var summary = new RunSummary(new ProjectPaths("/s", null, "./bgpo"));
        Assert.Contains(
            "  not judged, greedy                0         8", summary.Completed(Events.Completed with { After = result }, "", null));
    }

    [Fact]
    public void Summary_ShowsBeforeAndAfter_WhereItLies_AndWhatToTypeNext()
    {
        var lines = new RunSummary(new ProjectPaths("/s", null, "./bgpo")).Completed(Events.Completed, "sudoku4x4", 612.3);
        Assert.Equal(
            """

            held out (256 problems)        before     after    change
              solved, greedy               30.0 %    83.6 %     +53.6
              solved, sampled               5.0 %    82.0 %     +77.0
              mean reward, greedy           0.610     0.912    +0.302

            run         sudoku-1: version 120 in 1:33, peak memory 612 MiB
            checkpoint  runs/sudoku-1/checkpoints/00000120.json
            weights     sha256 0123abcd
            next        ./bgpo eval --model runs/sudoku-1 --task sudoku4x4
                        ./bgpo generate --model runs/sudoku-1 3102200002100320
            """,
            string.Join('\n', lines));
    }

    [Fact]
    public void CommandsToTypeNext_SurviveSpaces() =>
        Assert.Equal("bgpo train --resume r --store '/my runs/it'\\''s'",
            new RunSummary(new ProjectPaths("/", null, "bgpo")).Resume("r", "/my runs/it's"));
}
