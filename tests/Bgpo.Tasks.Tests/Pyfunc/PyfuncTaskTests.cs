using System.Text.RegularExpressions;
using Bgpo.Spec;
using Bgpo.Tasks.Pyfunc;
using Bgpo.Tasks.Tests.Code;

namespace Bgpo.Tasks.Tests.Pyfunc;

public class PyfuncTaskTests(CodeFixture code)
{
    private static Example[] Examples(double noise, int count)
    {
        var task = new PyfuncTask(new TaskSection { Name = "pyfunc" });
        return [.. Enumerable.Range(0, count).Select(i => task.TrainingExample(5, i, 0, noise))];
    }

    [Fact]
    public async Task CleanAnswers_PassTheirTestsInTheSandbox()
    {
        code.Need();
        await using var task = new PyfuncTask(new TaskSection { Name = "pyfunc", Code = new CodeSection { Timeout = 20 } });
        Score[] scores = await Task.WhenAll(Examples(0, 24).Select(async example =>
            await task.ScoreAsync(example.Prompt, example.Answer, TestContext.Current.CancellationToken)));
        Assert.All(scores, score => Assert.Equal((1, true, Outcome.Scored), (score.Reward, score.Exact, score.Outcome)));
    }

    [Theory]
    [InlineData("return a", 0, Outcome.Scored)]
    [InlineData("return 2*a-b", 0, Outcome.Scored)]
    [InlineData("return a+a+b", 1, Outcome.Scored)]
    [InlineData("return 2*a+", 0, Outcome.Malformed)]
    [InlineData("", 0, Outcome.Malformed)]
    public async Task AnAnswer_CountsByWhatItComputes(string completion, double reward, Outcome outcome)
    {
        code.Need();
        var problem = new PyfuncProblem(new Term(TermForm.Twice, 0), new Term(TermForm.Plain, 1), Joint.Plus, null, false);
        await using var task = new PyfuncTask(new TaskSection { Name = "pyfunc", Code = new CodeSection { Timeout = 20 } });
        Prompt prompt = problem.Pose("pyfunc");
        Assert.Equal("f(a,b): twice a plus b", prompt.Text.TrimEnd());
        Score score = await task.ScoreAsync(prompt, completion, TestContext.Current.CancellationToken);
        Assert.Equal((reward, outcome), (score.Reward, score.Outcome));
    }

    [Fact]
    public void HeldOutFunctions_AreNeverTrainedOn()
    {
        var task = new PyfuncTask(new TaskSection { Name = "pyfunc" });
        HashSet<string> heldOut = [.. task.HeldOut(256).Select(prompt => prompt.Id)];
        Assert.Equal(256, heldOut.Count);
        Assert.DoesNotContain(Examples(0, 5000), example => heldOut.Contains(example.Prompt.Id));
    }

    [Fact]
    public void PromptsAndAnswers_KeepToTheirLengthAndCharacters()
    {
        Assert.All(Examples(0.5, 5000), example =>
        {
            Assert.Equal(PyfuncProblem.PromptLength, example.Prompt.Text.Length);
            Assert.InRange(example.Answer.Length, 1, 23);
            Assert.Matches(new Regex("^[abcdefghilmnopqrstuwx0-9+*/(),: -]+$"), example.Prompt.Text + example.Answer);
        });
    }

    [Fact]
    public void NoisyAnswers_AreOfTheSameFormAndOftenWrong()
    {
        Example[] clean = Examples(0, 500);
        Example[] noisy = Examples(0.6, 500);
        Assert.InRange(clean.Zip(noisy).Count(pair => pair.First.Answer != pair.Second.Answer), 200, 490);
        Assert.All(noisy, example => Assert.StartsWith("return ", example.Answer, StringComparison.Ordinal));
    }
}
