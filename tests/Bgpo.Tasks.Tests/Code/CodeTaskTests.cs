using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Tests.Code;

public sealed class CodeTaskTests(CodeFixture code) : IDisposable
{
    private const string HumanEval = """
        {"task_id": "T/0", "prompt": "def twice(x: int) -> int:\n    \"\"\" Two times x. \"\"\"\n", "entry_point": "twice", "canonical_solution": "    return 2 * x\n", "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-1) == -2\n"}
        """;

    private const string Mbpp = """
        {"task_id": 7, "text": "Write a function to double a number.", "code": "def dbl(x):\r\n  return 2*x", "test_setup_code": "import math", "test_list": ["assert dbl(2) == 4", "assert math.isclose(dbl(0.1), 0.2)", "assert dbl(0) == 0"]}
        """;

    private const string Pairs = """
        {"question": "Double the number.", "inputs": ["2\n", ["3"]], "outputs": ["4\n", ["6"]]}
        """;

    private const string Apps = """
        {"question": "Double the number.", "input_output": "{\"inputs\": [\"2\"], \"outputs\": [\"4\"]}"}
        """;

    private const string Ace = """
        {"id": "a1", "question": "Write `double`.", "test_cases": ["assert double(2) == 4", "assert double(3) == 6"]}
        """;

    private const string Kod = """
        {"question_id": "k1", "question": "Write `double`.", "test": "from solution import double\n\ndef test_two():\n    assert double(2) == 4\n"}
        """;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(HumanEval, "    return 2 * x\n", 1)]
    [InlineData(HumanEval, "    pass\n", 0)]
    [InlineData(Mbpp, "def dbl(x):\r\n  return 2*x", 1)]
    [InlineData(Mbpp, "def dbl(x):\n  return 4", 0)]
    [InlineData(Pairs, "print(2 * int(input()))", 1)]
    [InlineData(Pairs, "print(4)", 0)]
    [InlineData(Apps, "print(2 * int(input()))", 1)]
    [InlineData(Ace, "```python\ndef double(x):\n    return 2 * x\n```", 1)]
    [InlineData(Kod, "def double(x):\n    return 2 * x", 1)]
    [InlineData(Kod, "def double(x):\n    return x", 0)]
    public async Task PublicDataSets_WorkAsTheyAre(string record, string completion, double reward)
    {
        code.Need();
        await using ITask task = Create(record);
        Prompt prompt = Assert.Single(task.HeldOut(9));
        Score score = await task.ScoreAsync(prompt, completion, TestContext.Current.CancellationToken);
        Assert.Equal((reward, Outcome.Scored), (score.Reward, score.Outcome));
        // The same again, which is remembered, is the same.
        Assert.Equal(score, await task.ScoreAsync(prompt, completion, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task PromptsAndNames_AreTheRecords()
    {
        await using ITask human = Create(HumanEval);
        Assert.Equal(("code:T/0", "def twice(x: int) -> int:\n    \"\"\" Two times x. \"\"\"\n"), Of(human));
        await using ITask mbpp = Create(Mbpp);
        Assert.Equal(
            ("code:7", "Write a function to double a number.\nYour code should pass tests such as:\nassert dbl(2) == 4"), Of(mbpp));
        await using ITask pairs = Create(Pairs);
        Assert.Equal(($"code:{Path.GetFileName(_path)}:1", "Double the number."), Of(pairs));

        static (string, string) Of(ITask task) => task.HeldOut(1)[0] is var prompt ? (prompt.Id, prompt.Text) : default;
    }

    [Theory]
    [InlineData("""{"question": "What is it?"}""")]
    [InlineData("""{"text": "What is it?", "test_list": []}""")]
    [InlineData("""{"question": "What is it?", "inputs": ["1"], "outputs": []}""")]
    public void ARecordWithoutTests_IsRefusedByItsLine(string record)
    {
        TaskDataException error = Assert.Throws<TaskDataException>(() => Create(Mbpp.Trim() + "\n" + record));
        Assert.Contains($"{_path}, line 2: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AShareOfTests_EarnsItsShare_WhereTheSpecSaysSo()
    {
        code.Need();
        await using ITask task = Create(Mbpp, new CodeSection { Timeout = 20, Reward = CodeReward.Share });
        Score score = await task.ScoreAsync(
            task.HeldOut(1)[0], "def dbl(x): return 4 if x == 2 else 0", TestContext.Current.CancellationToken);
        Assert.Equal((2 / 3.0, false), (score.Reward, score.Exact));
    }

    private ITask Create(string records, CodeSection? settings = null)
    {
        File.WriteAllText(_path, records.Trim() + "\n");
        return TaskRegistry.Create(
            new TaskSection { Name = "code", EvaluationData = _path, Code = settings ?? new CodeSection { Timeout = 20 } });
    }
}
