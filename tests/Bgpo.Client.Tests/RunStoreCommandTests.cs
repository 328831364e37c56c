using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Bgpo.Grains;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary>Commands that need a run's store alone.</summary>
public sealed class RunStoreCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Samples_AreRankedByReward()
    {
        await Run("mine", 1e-4, [0.1, 0.2]);
        Assert.Equal(["c1", "c3"], await Completions("--best", "2"));
        Assert.Equal(["c2", "c0"], await Completions("--worst", "2"));
        Assert.Equal(["c1", "c3", "c2", "c0"], await Completions());
    }

    [Fact]
    public async Task Samples_OfAStep_AreThoseOfItsBatch()
    {
        await Run("mine", 1e-4, [0.1, 0.2]);
        Assert.Equal(0, await _console.Run("run", "samples", "mine", "--step", "2", "--json"));
        Assert.Equal(2, (int)JsonNode.Parse(_console.Out.ToString().Split('\n')[0])!["step"]!);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal("run 'mine' has no journal of step 3; it has 2 to 2",
            await _console.Refused(2, "run", "samples", "mine", "--step", "3"));
    }

    [Fact]
    public async Task Compare_NamesTheSpecsDifferences_AndWhereTheRunsPart()
    {
        await Run("a", 1e-4, [0.1, 0.2, 0.3]);
        await Run("b", 2e-4, [0.1, 0.2, 0.4]);
        Assert.Equal(0, await _console.Run("run", "compare", "a", "b", "--json"));
        JsonNode compared = JsonNode.Parse(_console.Out.ToString())!;
        Assert.Equal(3, (int)compared["firstDifferentVersion"]!);
        Assert.Equal("optimizer.learningRate", (string?)Assert.Single(compared["specDifferences"]!.AsArray())!["field"]);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "compare", "a", "b"));
        Assert.Contains("they differ from version 3 on\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_OfRunsWithoutACommonStep_SaysSo()
    {
        await Run("a", 1e-4, [0.1, 0.2]);
        await Run("b", 1e-4, [0.1, 0.2, 0.3]);
        File.Delete(Path.Combine(_console.Store, "b", "metrics", "00000001.json"));
        File.Delete(Path.Combine(_console.Store, "b", "metrics", "00000002.json"));
        Assert.Equal(0, await _console.Run("run", "compare", "a", "b"));
        Assert.Contains("they have no step in common: one has versions 1 to 2, the other 3 to 3\n", _console.Out.ToString(),
            StringComparison.Ordinal);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "compare", "a", "a"));
        Assert.Contains("every common step measured the same: versions 1 to 2\n", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_KeepsALargeVersionApartFromWhatFollows()
    {
        await Run("mine", 1e-4, [0.1]);
        File.Delete(Path.Combine(_console.Store, "mine", "metrics", "00000001.json"));
        await new RunCatalog(new LocalBlobStore(_console.Store)).Run("mine").WriteMetricsAsync(
            10_000, JsonSerializer.SerializeToNode(new StepMetrics { Version = 10_000, MeanReward = 0.5 })!.AsObject());
        Assert.Equal(0, await _console.Run("run", "status", "mine"));
        Assert.Contains("version 10000 mean reward 0.500, ", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("watch")]
    [InlineData("list")]
    public async Task ReasonWithControlCharacters_DrawsNothingInTheTerminal(string command)
    {
        await Run("mine", 1e-4, [0.1], state: RunState.Stopped);
        RunStore store = new RunCatalog(new LocalBlobStore(_console.Store)).Run("mine");
        StoredRun stored = (await store.ReadAsync())!;
        await store.UpdateAsync(
            stored.Record with { Reason = "x\u001b[2K\rrun mine: completed\nrun other: failed" }, stored.ETag);

        string[] arguments = command == "list" ? ["run", command] : ["run", command, "mine"];
        Assert.Equal(command == "watch" ? 130 : 0, await _console.Run(arguments));
        string said = _console.Out.ToString() + _console.Error;
        Assert.DoesNotContain('\u001b', said);
        Assert.DoesNotContain('\r', said);
        Assert.DoesNotContain("\nrun other: failed", said, StringComparison.Ordinal);
        if (command != "list")
        {
            Assert.Contains("x\\u001b[2K run mine: completed run other: failed", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void LineOnATerminal_ShowsControlCharacters()
    {
        using StringWriter output = new() { NewLine = "\n" };
        using GuardedWriter writer = new(output, Assert.Fail);
        writer.WriteLine("a\u001b]0;title\u0007\tb\nc\u009b1m");
        Assert.Equal("a\\u001b]0;title\\u0007\tb\nc\\u009b1m\n", output.ToString());
    }

    [Fact]
    public async Task Compare_NamesWhatWasChangedInMidRun()
    {
        await Run("a", 1e-4, [0.1, 0.2]);
        await Run("b", 1e-4, [0.1, 0.2]);
        RunStore store = new RunCatalog(new LocalBlobStore(Path.Combine(_console.Work, "runs"))).Run("b");
        StoredRun stored = (await store.ReadAsync())!;
        await store.UpdateAsync(stored.Record with { Changes = [new(1, "rollout.temperature", "0.7", 1)] }, stored.ETag);
        Assert.Equal(0, await _console.Run("run", "compare", "a", "b", "--json"));
        JsonNode difference = Assert.Single(JsonNode.Parse(_console.Out.ToString())!["specDifferences"]!.AsArray())!;
        Assert.Equal(("rollout.temperature", "1", "1, 0.7 from step 1"),
            ((string?)difference["field"], (string?)difference["one"], (string?)difference["other"]));
    }

    [Fact]
    public async Task Plot_DrawsInTheTerminal_WithinItsWidth()
    {
        await Run("mine", 1e-4, [0.1, 0.9, 0.2, 0.5]);
        Assert.Equal(0, await _console.Run("run", "plot", "mine", "--curves", "reward"));
        string[] lines = _console.Out.ToString().Split('\n');
        Assert.Equal("mean reward", lines[0]);
        Assert.Contains('█', lines[1]);
        Assert.All(lines, line => Assert.True(line.Length < 80));
    }

    [Fact]
    public async Task Plot_WritesAPicture()
    {
        await Run("mine", 1e-4, [0.1, 0.9, 0.5]);
        Assert.Equal(0, await _console.Run("run", "plot", "mine", "--out", "p.svg", "--curves", "reward,norm"));
        Assert.Equal(2, Paths(File.ReadAllText(Path.Combine(_console.Work, "p.svg"))).Length);
    }

    [Fact]
    public async Task Plot_OfEvaluations_JoinsThem_FromBeforeTheFirstStepOn()
    {
        await Run("mine", 1e-4, [0.1, 0.9, 0.5], before: 0.25);
        Assert.Equal(0, await _console.Run("run", "plot", "mine", "--out", "p.svg", "--curves", "eval"));
        // Versions 0 and 3, over all of the width.
        Assert.Matches("^M70 [0-9.]+L700 [0-9.]+$", Assert.Single(Paths(File.ReadAllText(Path.Combine(_console.Work, "p.svg")))));
        _console.Out.GetStringBuilder().Clear();
        await Run("none", 1e-4, [0.1]);
        Assert.Equal("option --curves: value 'eval': run 'none' has no evaluation yet",
            await _console.Refused(2, "run", "plot", "none", "--curves", "eval"));
    }

    [Fact]
    public void APlotInTheTerminal_HasItsPointsWhereTheirVersionsAre()
    {
        string[] lines = [.. Plotting.TextPlot.Draw(new Plotting.Curve("t", [0, 90, 100], [1, 1, 0]), 31, 1)];
        Assert.Equal("███████████████████▁", lines[1][(lines[1].IndexOf('│') + 1)..]);
    }

    [Fact]
    public async Task Watch_OfARunThatHasEnded_TellsWhatCameOfIt()
    {
        await Run("mine", 1e-4, [0.1, 0.2], before: 0.25);
        Assert.Equal(0, await _console.Run("run", "watch", "mine", "--json", "--tensorboard", "boards"));
        JsonNode[] events = [.. _console.Out.ToString().TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(["evaluated", "step", "step", "evaluated", "completed"], events.Select(one => (string)one["event"]!));
        Assert.Equal((0.25, 0.75),
            ((double)events[^1]["evalBefore"]!["greedyExact"]!, (double)events[^1]["evalAfter"]!["greedyExact"]!));
        // TensorBoard's files can be had afterwards, with the evaluation before the first step.
        string file = Assert.Single(Directory.GetFiles(Path.Combine(_console.Work, "boards", "mine")));
        Assert.Equal(2, Metrics.EventFile.NewestStep(File.ReadAllBytes(file)));
        Assert.Equal(3, System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)).Split("eval/greedy").Length);
        _console.Out.GetStringBuilder().Clear();

        await Run("stopped", 1e-4, [0.1], state: RunState.Stopped);
        Assert.Equal(130, await _console.Run("run", "watch", "stopped"));
        Assert.Contains("run         stopped: stopped at version 1 (enough)\n", _console.Out.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("train --resume stopped", _console.Out.ToString(), StringComparison.Ordinal);
        await Run("failed", 1e-4, [0.1], state: RunState.Failed);
        Assert.Equal(1, await _console.Run("run", "watch", "failed"));
    }

    [Fact]
    public async Task Status_TellsHowFarARunHasCome()
    {
        await Run("mine", 1e-4, [0.1, 0.2], before: 0.25);
        Assert.Equal(0, await _console.Run("run", "status", "mine", "--json"));
        JsonNode progress = JsonNode.Parse(_console.Out.ToString())!["progress"]!;
        Assert.Equal(
            (2, 0.2, 0.5, 2, 0.75, 0.25),
            ((int)progress["version"]!, (double)progress["meanReward"]!, (double)progress["secondsAStep"]!,
                (int)progress["evaluatedVersion"]!,
                (double)progress["solved"]!, (double)progress["solvedBefore"]!));
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run("run", "status", "mine"));
        Assert.Contains("held out    solved 75.0 % greedily at version 2, 25.0 % before\n", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p.png", "expected a name that ends in .svg")]
    [InlineData("none/p.svg", "its folder is not there")]
    public async Task Plot_SaysWhyAPictureCannotBeWritten(string file, string why)
    {
        await Run("mine", 1e-4, [0.1, 0.9]);
        Assert.Equal($"option --out: value '{file}': {why}", await _console.Refused(2, "run", "plot", "mine", "--out", file));
    }

    [Fact]
    public async Task MetricsFromAVersionThatNeverComes_AreRefused()
    {
        await Run("mine", 1e-4, [0.1, 0.9]);
        Assert.Equal("option --from: value '101': run 'mine' ends at version 100",
            await _console.Refused(2, "run", "metrics", "mine", "--from", "101"));
        Assert.Equal(0, await _console.Run("run", "metrics", "mine", "--from", "3")); // nothing new
        Assert.Equal("", _console.Out.ToString());
    }

    [Fact]
    public async Task ARunThatIsLost_StandsAtTheNewestVersionThatWasMeasured_UnlessItGoesBack()
    {
        await Run("mine", 1e-4, [0.1, 0.2], state: RunState.Running);
        RunStore store = new RunCatalog(new LocalBlobStore(_console.Store)).Run("mine");
        StoredRun stored = (await store.ReadAsync())!;
        stored = (await store.UpdateAsync(stored.Record with { LatestCheckpoint = 1 }, stored.ETag))!;
        Assert.Equal(("lost", 2), await Standing());
        await store.UpdateAsync(stored.Record with { GoingBackTo = 1 }, stored.ETag);
        Assert.Equal(("lost", 1), await Standing());

        async Task<(string, int)> Standing()
        {
            _console.Out.GetStringBuilder().Clear();
            Assert.Equal(0, await _console.Run("run", "status", "mine", "--json"));
            JsonNode status = JsonNode.Parse(_console.Out.ToString())!;
            return ((string)status["state"]!, (int)status["version"]!);
        }
    }

    [Fact]
    public void AValueThatIsNotFinite_IsAGap()
    {
        var curve = new Plotting.Curve("a < b", [1, 2, 3, 4], [0.1, double.NaN, 0.5, 0.4]);
        Assert.Equal(2, Assert.Single(Paths(Plotting.SvgPlot.Draw("t", [curve]))).Count(c => c == 'M'));
        Assert.All(Plotting.TextPlot.Draw(curve, 60, 4), line => Assert.DoesNotContain("NaN", line, StringComparison.Ordinal));
    }

    private static string[] Paths(string picture)
    {
        XNamespace svg = "http://www.w3.org/2000/svg";
        return [.. XDocument.Parse(picture).Descendants(svg + "path").Select(path => (string)path.Attribute("d")!)];
    }

    [Fact]
    public async Task RunWithoutMetrics_IsOneLineAndExitCode2()
    {
        await Run("mine", 1e-4, []);
        Assert.Equal("run 'mine' has no metrics yet: no step is committed", await _console.Refused(2, "run", "plot", "mine"));
    }

    [Fact]
    public async Task Doctor_SaysWhatThereIs_AndLeavesNothing()
    {
        Assert.Equal(0, await _console.Run("doctor", "--json"));
        string[] checks = [.. _console.Out.ToString().TrimEnd().Split('\n')
            .Select(line => (string)JsonNode.Parse(line)!["check"]!)];
        Assert.Equal(["processor", "memory", "limits", "numerics", "gpu", "sandbox", "store", "disk", "clusters", "project"], checks);
        Assert.Empty(Directory.GetFileSystemEntries(_console.Work));
    }

    [Fact]
    public async Task Doctor_OfAStoreThatIsNotThere_MakesNone()
    {
        Assert.Equal(0, await _console.Run("doctor", "--store", "new/runs"));
        Assert.Contains("ok    store       new/runs, which the first run makes: written, replaced, read and deleted in ",
            _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_console.Work));
    }

    [Fact]
    public async Task Doctor_OfAStoreThatIsAFile_SaysHowToMendIt()
    {
        _console.WorkFile("f", "");
        Assert.Equal(1, await _console.Run("doctor", "--store", "f"));
        Assert.Contains("MEND  store", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("name a folder that you may write to with --store", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run st", "start,status,stop")]
    [InlineData("chaos --kill", "--kill-every")]
    [InlineData("trai", "train")]
    [InlineData("te", "test")]
    [InlineData("chaos --signal ", "abort,kill,stop,term")]
    [InlineData("run plot x --curves re", "reward")]
    [InlineData("eval --task ", "arithmetic,code,command,countdown,countdown3,http,math,pyfunc,sudoku4x4,sudoku9x9")]
    [InlineData("train --config ", "")] // left to the shell, which knows files
    public async Task Completion_GoesOnWithTheLastWord(string words, string expected)
    {
        Assert.Equal(0, await _console.Run(["complete", "--", .. words.Split(' ')]));
        Assert.Equal(expected.Split(',').Order(), _console.Out.ToString().TrimEnd().Split('\n').Order());
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task CompletionScript_CallsTheConsole(string shell)
    {
        Assert.Equal(0, await _console.Run("completion", shell));
        Assert.Contains(" complete -- ", _console.Out.ToString(), StringComparison.Ordinal);
    }

    private static JsonNode Evaluation(double greedy) =>
        JsonSerializer.SerializeToNode(new Grains.EvaluationSummary(greedy, 0, 0, 8))!;

    private async Task<string[]> Completions(params string[] arguments)
    {
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal(0, await _console.Run(["run", "samples", "mine", "--json", .. arguments]));
        return [.. _console.Out.ToString().TrimEnd().Split('\n').Select(line => (string)JsonNode.Parse(line)!["completion"]!)];
    }

    private async Task Run(string run, double rate, double[] rewards, double? before = null, RunState state = RunState.Completed)
    {
        RunStore store = new RunCatalog(new LocalBlobStore(Path.Combine(_console.Work, "runs"))).Run(run);
        await store.CreateAsync(new RunRecord
        {
            RunId = run,
            State = state,
            Reason = state == RunState.Completed ? null : "enough",
            LatestCheckpoint = rewards.Length,
            Result = before is { } share
                ? new JsonObject { ["evalBefore"] = Evaluation(share), ["evalAfter"] = Evaluation(1 - share) } : null,
            Spec = FormattableString.Invariant($"model:\n  path: models/base\noptimizer:\n  learningRate: {rate}\n"),
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = 1,
        });
        double[] worth = [0.1, 0.9, 0.2, 0.5];
        await store.WriteJournalAsync(new JournalStep
        {
            Step = 2,
            Groups =
            [
                new JournalGroup
                {
                    PromptId = "p",
                    Prompt = "12..",
                    PromptTokens = [1],
                    Completions = [.. worth.Select((_, i) => new JournalCompletion([i], $"c{i}"))],
                    Rewards = worth,
                    Exact = [false, true, false, false],
                    Advantages = [-1, 1, 0, 0],
                },
            ],
        });
        for (int i = 0; i < rewards.Length; i++)
        {
            var metrics = new StepMetrics
            {
                Version = i + 1,
                MeanReward = rewards[i],
                GradientNorm = 1,
                Seconds = 0.5,
                Evaluation = before is { } base0 && i == rewards.Length - 1 ? new(1 - base0, 0, 0, 8) : null,
            };
            JsonObject values = JsonSerializer.SerializeToNode(metrics)!.AsObject();
            await store.WriteMetricsAsync(i + 1, values);
        }
    }
}
