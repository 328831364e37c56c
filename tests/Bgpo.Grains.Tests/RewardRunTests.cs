using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Tests;

/// <summary>Whole runs whose grader is a program that fails for some problems.</summary>
public sealed class RewardRunTests : IDisposable
{
    /// <summary>Judges by the Python of the example, but for problems of even lines: there it fails, or dies.</summary>
    private const string Flaky = """
        import os, sys
        sys.path.insert(0, EXAMPLE)
        import json, reward
        for line in sys.stdin:
            request = json.loads(line)
            number = int(request["promptId"].split(":")[1]) if request["promptId"].startswith("train") else 1
            if FAILS and number % 4 == 0:
                os._exit(3)
            if FAILS and number % 4 == 2:
                print(json.dumps({"id": request["id"], "outcome": "failed", "info": "the judge sleeps"}), flush=True)
            else:
                print(json.dumps(reward.answer(request)), flush=True)
        """;

    private readonly SmallRuns _runs = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-judge-").FullName;

    private static string Example => Path.Combine(SmallRuns.BaseModel(), "..", "..", "examples", "reward-in-python");

    public void Dispose()
    {
        _runs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task GroupsThatTheGraderFails_AreLeftOut_AndStayOutWhenTheRunGoesOn()
    {
        Judge(fails: true);
        List<RunEvent> events = await _runs.Events("a", 2, run => run.Start(Spec()));
        string weights = events.OfType<RunCompleted>().Single().WeightsSha256;

        // The journal has each outcome, and why; what was left out is told, counted, and in no sum.
        StepMetrics[] steps = [.. events.OfType<StepCommitted>().Select(step => step.Metrics)];
        int leftOut = 0;
        foreach (StepMetrics step in steps)
        {
            JournalStep journal = (await _runs.Store("a").ReadJournalAsync(step.Version - 1))!;
            Assert.All(journal.Groups, group => Assert.Equal(
                int.Parse(group.PromptId.Split(':')[1]) % 2 == 0, group.IsLeftOut));
            Assert.Equal(journal.Groups.Count(group => group.IsLeftOut), step.LeftOutGroups);
            Assert.Equal(4 * step.LeftOutGroups, step.RewardsFailed);
            Assert.True(step.RewardRetries >= step.RewardsFailed);
            leftOut += step.LeftOutGroups;
        }
        Assert.True(leftOut > 0 && steps.Sum(step => step.ActiveGroups) > 0, "a run without both shows nothing");
        string[] told = [.. events.OfType<GroupLeftOut>().Select(left => left.Reason)];
        Assert.Equal(leftOut, told.Length);
        Assert.All(told, reason => Assert.True(
            reason.Contains("the judge sleeps", StringComparison.Ordinal)
                || reason.Contains("exit code 3", StringComparison.Ordinal), reason));
        Assert.Empty((await Ledger.Check(_runs.Store("a"))).Faults);

        // Taken again from the base by the journal, though the grader is well now.
        Judge(fails: false);
        _runs.Forget("a", journal: false);
        await _runs.SetState("a", RunState.Stopped);
        Assert.Equal(weights, (await _runs.Resume("a")).WeightsSha256);
    }

    [Fact]
    public async Task ATaskThatCannotScoreHere_IsRefused_BeforeAnythingIsWritten()
    {
        Judge(fails: false);
        RunException refused = await Assert.ThrowsAsync<RunException>(
            () => _runs.Events("b", 1, run => run.Start(Spec("task.command.run=no-such-judge --well"))));
        Assert.Contains("no program 'no-such-judge' in PATH", refused.Message, StringComparison.Ordinal);
        Assert.Null(await _runs.Store("b").ReadAsync());
    }

    private void Judge(bool fails) => File.WriteAllText(
        Path.Combine(_folder, "judge.py"),
        Flaky.Replace("EXAMPLE", $"'{Example}'", StringComparison.Ordinal)
            .Replace("FAILS", fails ? "True" : "False", StringComparison.Ordinal));

    private string Spec(params string[] overrides) => SmallRuns.Spec(
    [
        "task.name=command", $"task.data={Example}/train.jsonl", $"task.evaluationData={Example}/test.jsonl",
        "task.command.run=python3 judge.py", $"task.command.folder={_folder}", "task.command.restarts=1000",
        "task.rewards.attempts=2", "run.steps=2", "evaluation.count=4", .. overrides,
    ]);
}
