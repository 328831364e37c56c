using Bgpo.Spec;

namespace Bgpo.Tasks.Tests;

/// <summary>Rewards by a program that answers, ends, hangs or talks nonsense; nothing is left of it.</summary>
public sealed class CommandTaskTests : IDisposable
{
    /// <summary>A program that does what the completion tells it to.</summary>
    private const string Program = """
        import json, os, subprocess, sys, time
        print("started", file=sys.stderr, flush=True)
        for line in sys.stdin:
            q = json.loads(line)
            what, _, rest = q["completion"].partition(":")
            if what == "die":
                print("cannot go on", file=sys.stderr, flush=True)
                os._exit(3)
            if what == "hang":
                subprocess.Popen(["sleep", "600"])
                time.sleep(600)
            if what == "say":
                print(rest, flush=True)
            elif what == "pid":
                print(json.dumps({"id": q["id"], "reward": 0, "info": str(os.getpid())}), flush=True)
            else:
                print(json.dumps({"id": q["id"], **json.loads(q["completion"])}), flush=True)
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-command-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public CommandTaskTests()
    {
        File.WriteAllText(Path.Combine(_folder, "judge.py"), Program);
        File.WriteAllText(Path.Combine(_folder, "data.jsonl"), """
            {"prompt": "1+1", "reference": "2"}
            {"question": "2+2"}
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"reward": 0.25}""", 0.25, false, Outcome.Scored, "")]
    [InlineData("""{"reward": 1}""", 1, true, Outcome.Scored, "")]
    [InlineData("""{"reward": 1, "exact": false, "info": "by luck"}""", 1, false, Outcome.Scored, "by luck")]
    [InlineData("""{"reward": 0.1, "outcome": "malformed", "info": "no digits"}""", 0.1, false, Outcome.Malformed, "no digits")]
    [InlineData("""{"outcome": "failed", "info": "no licence"}""", 0, false, Outcome.Failed, "no licence")]
    public async Task WhatTheProgramAnswers_IsTheScore(string answer, double reward, bool exact, Outcome outcome, string info)
    {
        await using ITask task = Make();
        Assert.Equal(new Score(reward, exact, outcome, info), await ScoreAsync(task, answer));
    }

    [Theory]
    [InlineData("say:hello", "'hello', which is not JSON")]
    [InlineData("say:[1]", "no JSON object")]
    [InlineData("say:{\"id\": \"99\", \"reward\": 1}", "id '99' to the request")]
    [InlineData("say:{\"reward\": 1}", "id '' to the request")]
    [InlineData("{\"reward\": 1.5}", "the reward 1.5; expected a number from 0 to 1")]
    [InlineData("{\"reward\": -0.1}", "the reward -0.1")]
    [InlineData("{\"reward\": NaN}", "NaN")]
    [InlineData("{\"reward\": \"1\"}", "the reward \"1\"")]
    [InlineData("{}", "the reward none")]
    [InlineData("{\"reward\": 1, \"outcome\": \"great\"}", "the outcome 'great'")]
    public async Task AnAnswerThatIsNone_IsAFailure_ThatNamesIt(string completion, string named)
    {
        await using ITask task = Make();
        Score score = await ScoreAsync(task, completion);
        Assert.Equal(Outcome.Failed, score.Outcome);
        Assert.Contains(named, score.Info, StringComparison.Ordinal);
        Assert.Equal(Score.Scored(0.5, false), await ScoreAsync(task, """{"reward": 0.5}"""));
    }

    [Fact]
    public async Task AProgramThatDies_IsStartedAgain_AndItsLastWordsAreTold()
    {
        await using ITask task = Make();
        Score score = await ScoreAsync(task, "die");
        Assert.Equal(Outcome.Failed, score.Outcome);
        Assert.Contains("ended with exit code 3: cannot go on", score.Info, StringComparison.Ordinal);
        Assert.Equal(Score.Scored(0.5, false), await ScoreAsync(task, """{"reward": 0.5}"""));
    }

    [Fact]
    public async Task AProgramThatLives_IsAskedAgain_NotStartedAnew()
    {
        await using ITask task = Make();
        Assert.Equal((await ScoreAsync(task, "pid")).Info, (await ScoreAsync(task, "pid")).Info);
    }

    [Fact]
    public async Task AProgramThatAlwaysDies_IsGivenUp_AfterItsRestarts()
    {
        await using ITask task = Make(command => command with { Restarts = 2 });
        for (int i = 0; i < 3; i++)
        {
            Assert.Contains("exit code 3", (await ScoreAsync(task, "die")).Info, StringComparison.Ordinal);
        }
        Score score = await ScoreAsync(task, """{"reward": 0.5}""");
        Assert.Equal(Outcome.Failed, score.Outcome);
        Assert.Contains("failed 3 times on end", score.Info, StringComparison.Ordinal);
        Assert.Contains("cannot go on", score.Info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProgramThatHangs_IsKilledInItsTime_WithWhatItStarted()
    {
        await using ITask task = Make(command => command with { Timeout = 0.5 });
        int pid = int.Parse((await ScoreAsync(task, "pid")).Info);
        Score score = await ScoreAsync(task, "hang");
        Assert.Contains("no answer within 0.5 s (task.command.timeout)", score.Info, StringComparison.Ordinal);
        await AreGoneAsync(pid);
        Assert.Equal(Score.Scored(0.5, false), await ScoreAsync(task, """{"reward": 0.5}"""));
    }

    [Fact]
    public async Task GivingUp_KillsTheProcess_AndTheNextIsAnsweredByAnother()
    {
        await using ITask task = Make();
        int pid = int.Parse((await ScoreAsync(task, "pid")).Info);
        using var cancel = new CancellationTokenSource();
        ValueTask<Score> hung = task.ScoreAsync(new Prompt("p", "1+1"), "hang", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hung.AsTask());
        await AreGoneAsync(pid);
        Assert.NotEqual($"{pid}", (await ScoreAsync(task, "pid")).Info);
    }

    [Fact]
    public async Task Disposing_LeavesNoProcess()
    {
        ITask task = Make(command => command with { Processes = 3 });
        string[] pids = [.. (await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ScoreAsync(task, "pid").AsTask())))
            .Select(score => score.Info)];
        Assert.InRange(pids.Distinct().Count(), 1, 3);
        await task.DisposeAsync();
        foreach (string pid in pids)
        {
            await AreGoneAsync(int.Parse(pid));
        }
    }

    [Fact]
    public async Task ACompletionOfAnyCharacters_ArrivesInOneLine()
    {
        await using ITask task = Make();
        Assert.Equal("a\nb\u2028\t\0é漢\U0001F600",
            (await ScoreAsync(task, """{"reward": 0, "info": "a\nb\u2028\t\u0000é漢\ud83d\ude00"}""")).Info);
        Assert.Equal(Outcome.Failed, (await ScoreAsync(task, "\ud800 say \0\r\n")).Outcome); // it is no JSON to the program, which ends
    }

    [Theory]
    [InlineData("no-such-program-here x", "there is no program 'no-such-program-here' in PATH")]
    [InlineData("./missing.sh", "there is no program './missing.sh' in")]
    [InlineData("", "task.command.run names no program")]
    public async Task AProgramThatIsNotThere_IsToldBeforeTheRun(string run, string expected)
    {
        await using ITask task = Make(command => command with { Run = run });
        Assert.Contains(expected, await task.CheckAsync(Cancelled), StringComparison.Ordinal);
        await using ITask good = Make();
        Assert.Null(await good.CheckAsync(Cancelled));
    }

    [Fact]
    public async Task Problems_ComeFromFiles_WithPromptAndReference()
    {
        await using ITask task = Make();
        Assert.Equal(["data.jsonl:1 1+1 2", "data.jsonl:2 2+2 "],
            task.HeldOut(9).Select(prompt => $"{prompt.Id} {prompt.Text} {prompt.Reference}"));
    }

    [Theory]
    [InlineData("python3 a.py", "python3|a.py")]
    [InlineData("  sh -c 'echo \"a b\"'  x", "sh|-c|echo \"a b\"|x")]
    [InlineData("a \"\" b\"c d\"e", "a||bc de")]
    public void Words_ArePartedBySpaces_AndKeptTogetherByQuotes(string line, string words) =>
        Assert.Equal(words.Split('|'), External.CommandLine.Split(line));

    private static ValueTask<Score> ScoreAsync(ITask task, string completion) =>
        task.ScoreAsync(new Prompt("p", "1+1", "2"), completion, Cancelled);

    private static async Task AreGoneAsync(int pid)
    {
        while (Directory.Exists($"/proc/{pid}")
            && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal))
        {
            Cancelled.ThrowIfCancellationRequested();
            await Task.Delay(10, Cancelled);
        }
    }

    private ITask Make(Func<CommandSection, CommandSection>? change = null)
    {
        var command = new CommandSection { Run = "python3 judge.py", Folder = _folder, Processes = 1, Timeout = 60 };
        return TaskRegistry.Create(new TaskSection
        {
            Name = "command",
            EvaluationData = Path.Combine(_folder, "data.jsonl"),
            Command = change?.Invoke(command) ?? command,
        });
    }
}
