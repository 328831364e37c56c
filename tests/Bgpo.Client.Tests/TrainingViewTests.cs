using Bgpo.Client.Watching;
using Bgpo.Grains;
using Spectre.Console;

namespace Bgpo.Client.Tests;

public class TrainingViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void RunInFullFlight_LooksLikeThis()
    {
        var view = Seen(Events.Started, Events.Before, Events.Between);
        for (var version = 1; version <= 47; version++)
        {
            view.On(Events.Step(version, reward: 0.4 + (0.005 * version), solved: 0.01 * version), Noon);
        }

        view.On(Events.Checkpoint, Noon.AddSeconds(30));
        view.On(Events.Rollout, Noon);
        view.On(new Noticed(99, "silo b left; 2 units go elsewhere"), Noon);
        view.On(new RosterChanged(100, 2, 2, ["silo-a", "silo-b"], [], Noon.ToUnixTimeMilliseconds()), Noon);
        view.On(new RosterChanged(101, 1, 1, [], ["silo-b"], Noon.AddSeconds(18).ToUnixTimeMilliseconds()), Noon);
        view.On(new RosterChanged(102, 2, 2, ["silo-c"], [], Noon.AddSeconds(25).ToUnixTimeMilliseconds()), Noon);

        Assert.Equal(
            """
            sudoku-1  sudoku4x4, 216,512 parameters in 1 shard
            version     47 of 120     ━━━━━━━───────────  0:38, about 0:58 left
            rollout     12 of 16      ━━━━━━━━━━━━━━────  4 in flight on 2 devices

            reward      0.635  ▁▁▁▁▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▇▇▇▇▇███  0.405 to 0.635
            solve rate  0.470  ▁▁▁▁▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▅▅▅▅▅▅▆▆▆▆▆▇▇▇▇▇███  0.010 to 0.470
            held out    greedy 0.301→0.742  sampled 0.051→0.262  reward 0.610→0.853  at 40

            a step      0.80 s  rollout 0.46  reward 0.00  gradient 0.31  commit 0.02
            rate        640 samples/s  2,560 tokens/s  12 of 16 groups teach
            optimizer   gradient norm 0.43  learning rate 3.2e-04  ELBO -12.35
            memory      512 MiB
            silos       2 with 2 devices  1 joined, 1 lost in 5 min; silo-b lost 0:20 ago
            checkpoint  version 40, 0:08 ago
            store       takes everything
            silo b left; 2 units go elsewhere
            Ctrl-C saves a checkpoint and stops
            """,
            Text(view, Noon.AddSeconds(38), 80));
    }

    [Fact]
    public void BeforeTheFirstEvent_SomethingIsShown() => Assert.Equal("starting…", Text(new TrainingView(), Noon, 80));

    [Fact]
    public void BeforeTheFirstStep_NothingIsMadeUp()
    {
        var text = Text(Seen(Events.Started), Noon, 80);

        Assert.Contains("version     0 of 120", text, StringComparison.Ordinal);
        Assert.Contains("reward      -", text, StringComparison.Ordinal);
        Assert.Contains("held out    -", text, StringComparison.Ordinal);
        Assert.Contains("checkpoint  version 0", text, StringComparison.Ordinal);
        Assert.DoesNotContain("left", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunThatHasEnded_ShowsHowLongItTook_AlsoLongAfter()
    {
        var started = Events.Started with { SinceUnixMilliseconds = Noon.ToUnixTimeMilliseconds() };
        Assert.Contains("1:33, completed", Text(Seen(started, Events.Step(120), Events.Completed), Noon.AddDays(1), 80),
            StringComparison.Ordinal);
        var step = Events.Step(48).Metrics with { UnixMilliseconds = Noon.AddSeconds(70).ToUnixTimeMilliseconds() };
        Assert.Contains("1:10, stopped", Text(Seen(started, new StepCommitted(9, step), Events.Stopped), Noon.AddDays(1), 80),
            StringComparison.Ordinal);
    }

    [Fact]
    public void ACheckpointThatIsDropped_IsShownNoLonger()
    {
        var text = Text(Seen(Events.Started, Events.Checkpoint, Events.Started with { Version = 20, Checkpoint = 20 }), Noon, 80);
        Assert.Contains("checkpoint  version 20\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(79)]
    [InlineData(80)]
    [InlineData(200)]
    public void NoLine_IsWiderThanTheTerminal(int width)
    {
        var view = Seen(Events.Started with { Run = new string('r', 63), Task = new string('t', 100) }, Events.Before,
            Events.Between, Events.Rollout);
        for (var version = 1; version <= 120; version++)
        {
            view.On(Events.Step(version, reward: 1e9), Noon);
        }

        view.On(new Noticed(200, new string('x', 500) + "\n漢字"), Noon);

        Assert.All(Text(view, Noon, width).Split('\n'), line => Assert.InRange(line.Length, 0, width));
    }

    [Fact]
    public void ReplayedVersions_ReplaceWhatWasSeenOfThem()
    {
        var view = Seen(Events.Started, Events.Step(1), Events.Step(2), Events.Step(3, reward: 0.9), Events.Step(2, reward: 0.7));

        var text = Text(view, Noon, 80);
        Assert.Contains("version     2 of 120", text, StringComparison.Ordinal);
        Assert.Contains("0.500 to 0.700", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ResumedRun_StartsItsCurveAtItsVersion()
    {
        var view = Seen(Events.Started with { Version = 40 });
        Assert.Contains("version     40 of 120", Text(view, Noon, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void EndedRun_SaysSo_AndOffersNoStop()
    {
        var text = Text(Seen(Events.Started, Events.Rollout, Events.Step(1), Events.Stopped), Noon, 80);
        Assert.Contains("0:00, stopped", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Ctrl-C", text, StringComparison.Ordinal);
        Assert.DoesNotContain("in flight", text, StringComparison.Ordinal);
    }

    [Fact]
    public void APausedRun_SaysSoInThePlaceOfItsPhase_UntilItGoesOn()
    {
        var view = Seen(Events.Started, Events.Rollout, Events.Step(17), new RunPaused(90, "sudoku-1", 17, "lunch"));
        Assert.Contains("paused      at version 17: lunch\n", Text(view, Noon, 80), StringComparison.Ordinal);
        Assert.Contains("0:00, paused\n", Text(view, Noon, 80), StringComparison.Ordinal);
        Assert.DoesNotContain("in flight", Text(view, Noon, 80), StringComparison.Ordinal);
        view.On(new RunWentOn(91, "sudoku-1", 17), Noon);
        Assert.DoesNotContain("paused", Text(view, Noon, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void AChangedLength_IsTheLengthFromThenOn()
    {
        var text = Text(Seen(Events.Started, new SpecChanged(9, "sudoku-1", 4, 200, ["run.steps=200"])), Noon, 80);
        Assert.Contains("version     0 of 200", text, StringComparison.Ordinal);
        Assert.Contains("from step 4 on: run.steps=200\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void AStoreThatIsAway_IsShown_UntilItIsBack()
    {
        var view = Seen(Events.Started, new StoreStatus(5, false, 3, false, "away"));
        Assert.Contains("store       takes nothing, 3 versions behind, 0:12\n", Text(view, Noon.AddSeconds(12), 80),
            StringComparison.Ordinal);
        view.On(new StoreStatus(6, true, 0, false, "back"), Noon.AddSeconds(13));
        view.On(Events.Step(1), Noon);
        view.On(new StepCommitted(40, Events.Step(2).Metrics with { StoreRetries = 4 }), Noon);
        Assert.Contains("store       takes everything  in the last 2 steps tried again 4 times, gave up 0\n",
            Text(view, Noon, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void OfSeveralEvaluations_ThereIsACurve()
    {
        var view = Seen(Events.Started, Events.Before, Events.Between,
            new Evaluated(8, 60, new EvaluationSummary(0.8, 0.3, 0.9, 64), false));
        Assert.Contains("  greedy    0.800  ▁▇█  0.301 to 0.800\n", Text(view, Noon, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTheConsoleSays_StandsInPlaceOfTheHint()
    {
        var view = Seen(Events.Started);
        view.Footer("stopping");
        Assert.EndsWith("\nstopping", Text(view, Noon, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void OfManyNotices_TheLastOnesAreShown()
    {
        var text = Text(Seen([Events.Started, .. Enumerable.Range(1, 9).Select(i => new Noticed(1 + i, $"notice {i}"))]),
            Noon, 80);
        Assert.Contains("notice 7\nnotice 8\nnotice 9\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("notice 6", text, StringComparison.Ordinal);
    }

    [Fact]
    public void MarkupInNames_IsShownAsItIs() =>
        Assert.Contains("[red]x[/]", Text(Seen(Events.Started, new Noticed(2, "[red]x[/]")), Noon, 80), StringComparison.Ordinal);

    [Fact]
    public void NotFiniteMetrics_DoNotBreakTheView()
    {
        var view = Seen(Events.Started, Events.Step(1, double.NaN, double.PositiveInfinity), Events.Step(2, double.NaN));
        Assert.Contains("reward      NaN", Text(view, Noon, 80), StringComparison.Ordinal);
    }

    private static TrainingView Seen(params RunEvent[] events)
    {
        var view = new TrainingView();
        foreach (var happened in events)
        {
            view.On(happened, Noon);
        }

        return view;
    }

    private static string Text(TrainingView view, DateTimeOffset now, int width)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(view.Render(now, width));
        return string.Join('\n',
            text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(line => line.TrimEnd()));
    }
}
