using System.Diagnostics;
using Bgpo.Spec;

namespace Bgpo.Tasks.Tests;

/// <summary>examples/reward-in-python, as a command and as a service.</summary>
public sealed class ExampleRewardTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AsACommand_ItJudges()
    {
        await using ITask task = TaskRegistry.Create(new TaskSection
        {
            Name = "command",
            Data = [Path.Combine(Folder(), "train.jsonl")],
            EvaluationData = Path.Combine(Folder(), "test.jsonl"),
            Command = new CommandSection { Run = "python3 reward.py", Folder = Folder(), Timeout = 60 },
        });
        await JudgesAsync(task);
    }

    [Fact]
    public async Task AsAService_ItJudges()
    {
        using Process service = Process.Start(new ProcessStartInfo("python3", ["reward.py", "--http", "0"])
        {
            WorkingDirectory = Folder(),
            RedirectStandardOutput = true,
        })!;
        try
        {
            string line = (await service.StandardOutput.ReadLineAsync(Cancelled))!;
            await using ITask task = TaskRegistry.Create(new TaskSection
            {
                Name = "http",
                Data = [Path.Combine(Folder(), "train.jsonl")],
                EvaluationData = Path.Combine(Folder(), "test.jsonl"),
                Http = new HttpSection { Url = line[line.IndexOf("http", StringComparison.Ordinal)..], Timeout = 60 },
            });
            await JudgesAsync(task);
        }
        finally
        {
            service.Kill(entireProcessTree: true);
        }
    }

    private static async Task JudgesAsync(ITask task)
    {
        Prompt prompt = task.TrainingPrompt(1, 0, 0);
        Assert.Equal(Score.Scored(1, true), await task.ScoreAsync(prompt, prompt.Reference, Cancelled));
        Score wrong = await task.ScoreAsync(prompt, new string('1', 16), Cancelled);
        Assert.Equal((0, false, Outcome.Scored), (wrong.Reward, wrong.Exact, wrong.Outcome));
        Assert.Equal(Score.Malformed("not sixteen digits from 1 to 4"), await task.ScoreAsync(prompt, "?", Cancelled));
        Assert.Equal(32, task.HeldOut(100).Count);
        Score[] all = await Task.WhenAll(
            task.HeldOut(32).Select(one => task.ScoreAsync(one, one.Reference, Cancelled).AsTask()));
        Assert.All(all, score => Assert.True(score.Exact));
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder.FullName, "examples", "reward-in-python");
    }
}
