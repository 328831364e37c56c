using Bgpo.Spec;

namespace Bgpo.Tasks.Tests;

/// <summary>Sums come with right steps, keep held-out numbers apart, and are judged by what they come to.</summary>
public sealed class ArithmeticTaskTests
{
    [Theory]
    [InlineData(2, 10)]
    [InlineData(3, 50)]
    [InlineData(6, 999)]
    public async Task AWorkedAnswer_IsRight_AndOfTheLengthThatThePromptLeaves(int terms, int maxNumber)
    {
        await using ITask task = Create(terms, maxNumber);
        for (int i = 0; i < 200; i++)
        {
            Example example = task.TrainingExample(1, i, 0, answerNoise: 0);
            Assert.Equal((4 * terms, (2 * terms * (terms - 1)) - 1), (example.Prompt.Text.Length, example.Answer.Length));
            Assert.Equal(new Score(1, true), await task.ScoreAsync(example.Prompt, example.Answer, default));
        }
    }

    [Fact]
    public async Task OnlyWhatStandsBehindTheLastEqualsSignCounts()
    {
        await using ITask task = Create(3, 50);
        var prompt = new Prompt("arithmetic:23+48-17=", " 23+ 48- 17=", "54");
        async Task<(double, Outcome)> Score(string completion) =>
            await task.ScoreAsync(prompt, completion, default) is var score ? (score.Reward, score.Outcome) : default;
        Assert.Equal((1, Outcome.Scored), await Score(" 71- 17= 54"));
        Assert.Equal((1, Outcome.Scored), await Score("=54"));
        Assert.Equal((0, Outcome.Scored), await Score(" 71- 17= 55"));
        Assert.Equal((0, Outcome.Scored), await Score(" 54= 55"));
        Assert.Equal((0, Outcome.Scored), await Score("=54,55"));
        Assert.Equal((0, Outcome.Malformed), await Score("54"));
        Assert.Equal((0, Outcome.Malformed), await Score("54="));
        Assert.Equal((0, Outcome.Malformed), await Score(""));
        Assert.Equal((0, Outcome.Scored), await Score("=9**9**9**9"));
    }

    [Fact]
    public async Task NoTrainingProblem_HasTheNumbersOfAHeldOutOne()
    {
        await using ITask task = Create(3, 12);
        static string Numbers(Prompt prompt) =>
            string.Join(' ', prompt.Text.Split('+', '-', '=').Where(part => part.Length > 0).Select(int.Parse).Order());
        HashSet<string> heldOut = [.. task.HeldOut(256).Select(Numbers)];
        Assert.True(heldOut.Count > 20);
        for (int i = 0; i < 2000; i++)
        {
            Assert.DoesNotContain(Numbers(task.TrainingPrompt(1, i, 0)), heldOut);
            Assert.DoesNotContain(Numbers(task.TrainingExample(1, i, 0, 0).Prompt), heldOut);
        }
    }

    [Fact]
    public async Task Noise_TouchesOnlyDigitsOfValues()
    {
        await using ITask task = Create(3, 50);
        int changed = 0;
        for (int i = 0; i < 100; i++)
        {
            string clean = task.TrainingExample(1, i, 0, 0).Answer;
            string noisy = task.TrainingExample(1, i, 0, 0.5).Answer;
            Assert.Equal(clean.Select(char.IsDigit), noisy.Select(char.IsDigit));
            Assert.Equal(clean.Split('=').Select(Given), noisy.Split('=').Select(Given));
            changed += clean == noisy ? 0 : 1;
        }
        Assert.InRange(changed, 50, 100);

        // What follows the first number of a step is given by the prompt.
        static string Given(string step) => step[3..];
    }

    private static ITask Create(int terms, int maxNumber) =>
        TaskRegistry.Create(new TaskSection { Name = "arithmetic", Terms = terms, MaxNumber = maxNumber });
}
