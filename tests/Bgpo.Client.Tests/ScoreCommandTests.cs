using System.Text.Json.Nodes;

namespace Bgpo.Client.Tests;

/// <summary>Completions scored offline, and the list of tasks.</summary>
public sealed class ScoreCommandTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public ScoreCommandTests()
    {
        _console.WorkFile("f.csv", "Puzzle,Solution\n3102200002100320,3142243142131324\n0140432014020000,2143432114323214\n");
        _console.WorkFile("g.jsonl", """
            {"completion": "3142243142131324", "id": 7}
            {"completion": "no idea"}

            """);
    }

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Json_IsALineForEachCompletion_AndASummary()
    {
        Assert.Equal(0, await _console.Run(
            "score", "--task", "sudoku4x4", "--data", "f.csv", "--completions", "g.jsonl", "--json"));
        Assert.Equal(
            """
            {"reward":1,"exact":true,"outcome":"scored","info":""}
            {"reward":0,"exact":false,"outcome":"malformed","info":"not sixteen digits from 1 to 4"}
            {"mean":0.5,"count":2,"scored":1,"malformed":1,"failed":0,"exact":1}

            """,
            _console.Out.ToString());
    }

    [Fact]
    public async Task Text_IsForPeople()
    {
        Assert.Equal(0, await _console.Run("score", "--task", "sudoku4x4", "--data", "f.csv", "--completions", "g.jsonl"));
        Assert.Equal(
            """
                 1  reward 1.000 solved   
                 2  reward 0.000 malformed  [not sixteen digits from 1 to 4]
            mean reward 0.500 of 2 completions: 1 scored, 1 malformed, 0 not judged

            """,
            _console.Out.ToString());
    }

    [Theory]
    [InlineData("{\"completion\": \"x\"}\n", "g.jsonl has 1 completion, and ")]
    [InlineData("{\"completion\": \"x\"}\n{\"completion\": 3}\n", "g.jsonl, line 2: found '{\"completion\": 3}'; expected a JSON object")]
    [InlineData("{\"completion\": \"x\"}\nno\n", "g.jsonl, line 2: found 'no'; expected a JSON object")]
    [InlineData("{\"completion\": \"x\"}\n\n{\"completion\": \"x\"}\n", "g.jsonl, line 2: blank; expected a JSON object")]
    public async Task CompletionsThatDoNotFit_AreRefused_ByLine(string completions, string expected)
    {
        _console.WorkFile("g.jsonl", completions);
        Assert.Contains(
            expected, await _console.Refused(2, "score", "--task", "sudoku4x4", "--data", "f.csv", "--completions", "g.jsonl"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("option --task: value 'sudoku': one of ", "score", "--task", "sudoku", "--data", "f.csv", "--completions", "g.jsonl")]
    [InlineData("score needs --data FILE", "score", "--task", "sudoku4x4", "--completions", "g.jsonl")]
    [InlineData("score needs --completions FILE", "score", "--task", "sudoku4x4", "--data", "f.csv")]
    [InlineData("score needs --task TASK or --config FILE", "score", "--data", "f.csv", "--completions", "g.jsonl")]
    [InlineData("option --data: value 'x.csv': no such file", "score", "--task", "sudoku4x4", "--data", "x.csv", "--completions", "g")]
    [InlineData("task.command.run: value ''", "score", "--task", "command", "--data", "f.csv", "--completions", "g.jsonl")]
    public async Task WhatIsWrong_IsNamed(string expected, params string[] arguments) =>
        Assert.Contains(expected, await _console.Refused(2, arguments), StringComparison.Ordinal);

    [Fact]
    public async Task AGraderThatJudgesNothing_EndsWithOne_AndIsNoZero()
    {
        _console.WorkFile("f.jsonl", """{"prompt": "1+1"}""");
        _console.WorkFile("g.jsonl", """{"completion": "2"}""");
        Assert.Equal(1, await _console.Run(
            "score", "--task", "command", "--set", "task.command.run=true", "--set", "task.rewards.attempts=1", "--data", "f.jsonl",
            "--completions", "g.jsonl", "--json"));
        string[] lines = _console.Out.ToString().TrimEnd().Split('\n');
        Assert.Equal("failed", (string)JsonNode.Parse(lines[0])!["outcome"]!);
        Assert.Null(JsonNode.Parse(lines[1])!["mean"]);
        Assert.Equal(1, (int)JsonNode.Parse(lines[1])!["failed"]!);
    }

    [Fact]
    public async Task Tasks_AreListed_EachWithAnExample()
    {
        Assert.Equal(0, await _console.Run("tasks", "--json"));
        JsonNode[] tasks = [.. _console.Out.ToString().TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(Bgpo.Tasks.TaskRegistry.Names, tasks.Select(task => (string)task["name"]!));
        Assert.All(tasks, task => Assert.True(((string)task["prompt"]!).Length > 0 && ((string)task["answer"]!).Length > 0));
        Assert.Equal(0, await _console.Run("tasks"));
        Assert.Contains("  prompt   3102200002100320\n", _console.Out.ToString(), StringComparison.Ordinal);
    }
}
