using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Tests.Mathematics;

/// <summary>GSM8K's and MATH's files train as they are; a solution scores 1, and another answer 0.</summary>
public sealed class MathTaskTests : IDisposable
{
    private readonly DataFolder _folder = new();

    private static readonly (object Record, string Right, string Wrong)[] s_problems =
    [
        (new { question = "How much?", answer = "She makes 9 * 2 = $<<9*2=18>>18.\n#### 18" }, "#### 18", "#### 19"),
        (new { question = "How many?", answer = "70,000 in all\n#### 70,000" }, "The answer is $70000.", "#### 70001"),
        (new { problem = "Halve.", level = "Level 1", type = "Algebra", solution = @"It is $\boxed{\frac{1}{2}}$." }, @"\boxed{0.5}",
            @"\boxed{\frac{2}{1}}"),
        (new { problem = "Solve.", solution = @"Long, \boxed{x = 3}", answer = "3" }, "<answer>x=3</answer>", "<answer>4</answer>"),
        (new { question = "Factor.", answer = "2(x+1)" }, @"\boxed{2x+2}", @"\boxed{2x+1}"),
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AReferenceScores1_AndAnotherAnswer0()
    {
        await using ITask task = Open(new MathSection());
        IReadOnlyList<Prompt> prompts = task.HeldOut(10);
        Assert.Equal(s_problems.Length, prompts.Count);
        Assert.Equal(["18", "70,000", @"\frac{1}{2}", "3", "2(x+1)"], prompts.Select(prompt => prompt.Reference));
        Assert.Equal(("How much?", "a.jsonl:1"), (prompts[0].Text, prompts[0].Id));
        foreach ((Prompt prompt, (_, string right, string wrong)) in prompts.Zip(s_problems))
        {
            Assert.Equal(new Score(1, true), await task.ScoreAsync(prompt, "Let me see. " + right, default));
            Score other = await task.ScoreAsync(prompt, wrong, default);
            Assert.Equal((0, false, Outcome.Scored), (other.Reward, other.Exact, other.Outcome));
            Score none = await task.ScoreAsync(prompt, @"I do not know \boxed{18", default);
            Assert.Equal((0, false, Outcome.Malformed), (none.Reward, none.Exact, none.Outcome));
            Assert.NotEmpty(none.Info);
        }
    }

    [Theory]
    [InlineData("plain", "How much?")]
    [InlineData("boxed", "How much?\n\nSolve it step by step and put the final answer in \\boxed{}.")]
    [InlineData("d1", "\nRespond in the following format:\n<reasoning>\n...\n</reasoning>\n<answer>\n...\n</answer>\n\n\nHow much?")]
    [InlineData("Q: {question}\nA:", "Q: How much?\nA:")]
    public async Task TheQuestionStandsInThePromptThatTheSpecChooses(string prompt, string expected)
    {
        await using ITask task = Open(new MathSection { Prompt = prompt });
        Assert.Equal(expected, task.HeldOut(1)[0].Text);
        Assert.Contains(task.TrainingPrompt(1, 0, 0).Text, task.HeldOut(9).Select(one => one.Text));
    }

    [Theory]
    [InlineData(MathFormat.D1, "<reasoning>\n9 * 2\n</reasoning>\n<answer>\n18\n</answer>\n", 1)]
    [InlineData(MathFormat.D1, "<reasoning>\n9 * 2\n</reasoning>\n<answer>\n19\n</answer>\n", 0.4286)]
    [InlineData(MathFormat.D1, "<reasoning>\n9 * 2\n</reasoning>\n<answer>\n18\n</answer>\n0123456789", 0.8514)]
    [InlineData(MathFormat.D1, "<answer>18</answer>", 0.7143)]
    [InlineData(MathFormat.D1, "<reasoning>9 * 2</reasoning> <answer>18</answer>", 0.8571)]
    [InlineData(MathFormat.D1, "nothing", 0)]
    [InlineData(MathFormat.D1, "18", 0.1429)]
    [InlineData(MathFormat.D1Boxed, @"<answer>\boxed{18}</answer>", 1)]
    [InlineData(MathFormat.D1Boxed, @"<answer>\boxed{19}</answer>", 0.3333)]
    [InlineData(MathFormat.D1Boxed, "<answer>18</answer>", 0.9167)]
    [InlineData(MathFormat.D1Boxed, "nothing", 0.0833)]
    [InlineData(MathFormat.None, "<reasoning>\n9 * 2\n</reasoning>\n<answer>\n19\n</answer>\n", 0)]
    public async Task SharesForTheForm_AreThoseOfD1(MathFormat format, string completion, double reward)
    {
        await using ITask task = Open(new MathSection { Format = format });
        Score score = await task.ScoreAsync(task.HeldOut(1)[0], completion, default);
        Assert.Equal(reward, score.Reward, 3);
        Assert.Equal(reward > 0.6, score.Exact);
    }

    [Fact]
    public void AReferenceWithoutAnAnswer_IsNamedByItsLine()
    {
        string path = _folder.Write("bad.jsonl", """{"question": "a", "answer": "1"}""" + "\n" + """{"question": "b", "answer": "####"}""");
        TaskDataException error = Assert.Throws<TaskDataException>(
            () => TaskRegistry.Create(new TaskSection { Name = "math", Data = [path] }));
        Assert.Equal(2, error.Line);
    }

    private ITask Open(MathSection math)
    {
        string path = _folder.Write("a.jsonl", string.Join('\n', s_problems.Select(one => JsonSerializer.Serialize(one.Record))));
        return TaskRegistry.Create(new TaskSection { Name = "math", Data = [path], EvaluationData = path, Math = math });
    }
}
