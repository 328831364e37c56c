using Bgpo.Spec;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Tests;

public class CountdownTaskTests
{
    private static readonly TaskSection Spec = new() { Name = CountdownTask.TaskName };
    private static readonly CountdownTask Task = new(Spec);
    private static readonly Prompt Given = new("p", " 30,100, 93= 23");

    [Theory]
    [InlineData("30+93-100")]
    [InlineData("93-100+30")] // through a negative number
    [InlineData("30-(100-93)")]
    [InlineData(" ( 30 + 93 ) - 100 ")]
    [InlineData("((((30))))+(93-100)")]
    public void ExpressionOfTheNumbersThatMakesTheTarget_EarnsAll(string completion) =>
        Assert.Equal(new Score(1, true), CountdownTask.Score(Given, completion));

    [Fact]
    public void Arithmetic_IsExact()
    {
        Assert.True(CountdownTask.Score(new Prompt("p", "2,3,9=6"), "2/3*9").Exact);
        Assert.True(CountdownTask.Score(new Prompt("p", "1,3,3=1"), "1/3*3").Exact);
        Assert.False(CountdownTask.Score(new Prompt("p", "7,2,1=3"), "7/2*1").Exact);
        Assert.True(CountdownTask.Score(new Prompt("p", "8,8,8=8"), "8-8+8").Exact);
    }

    [Theory]
    [InlineData("5/0")]
    [InlineData("5+1/(2/0)")]
    [InlineData("5+0*(2/0)")]
    [InlineData("5-(2/0)/(2/0)")]
    public void ExpressionThatDividesByZero_EqualsNothing(string text)
    {
        Expression expression = Expression.TryParse(text)!;
        Assert.DoesNotContain(Enumerable.Range(-10, 21), expression.Value.Is);
    }

    [Theory]
    [InlineData("30+100+93")] // another value
    [InlineData("23")] // not the numbers
    [InlineData("93-70")]
    [InlineData("30+93-100+0")]
    [InlineData("30+93-100*1")]
    [InlineData("1/0")]
    [InlineData("30/(100-100)")]
    [InlineData("1/(1/(1-1))")]
    [InlineData("0*(1/0)")]
    [InlineData("999999*999999*999999*999999*999999*999999*999999")]
    public void OtherExpression_EarnsATenth(string completion) =>
        Assert.Equal(new Score(0.1, false), CountdownTask.Score(Given, completion));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("30+93-100=23")]
    [InlineData("30+93-")]
    [InlineData("-100+93+30")]
    [InlineData("+30+93-100")]
    [InlineData("30 93-100")]
    [InlineData("3 0+93-100")]
    [InlineData("030+93-100")]
    [InlineData("30.0+93-100")]
    [InlineData("(30+93-100")]
    [InlineData("30+93-100)")]
    [InlineData("()")]
    [InlineData("30++93-100")]
    [InlineData("30(93)-100")]
    [InlineData("1234567")]
    [InlineData("٣٠+٩٣-١٠٠")]
    [InlineData("３０+９３-１００")]
    [InlineData("30−93")]
    [InlineData("30+93-100\n")]
    [InlineData("30+93-100\0")]
    [InlineData("\0")]
    [InlineData("no idea")]
    public void CompletionThatIsNoExpression_EarnsNothing(string completion) =>
        Assert.Equal(Score.Malformed("no expression"), CountdownTask.Score(Given, completion));

    [Fact]
    public void NestingAndLength_AreBounded()
    {
        Assert.Equal(0.1, CountdownTask.Score(Given, Nested(Expression.MaxDepth)).Reward);
        Assert.Equal(0, CountdownTask.Score(Given, Nested(Expression.MaxDepth + 1)).Reward);
        Assert.Equal(0, CountdownTask.Score(Given, Nested(5_000_000)).Reward);
        Assert.Equal(0, CountdownTask.Score(Given, new string('(', 5_000_000)).Reward);
        Assert.Equal(0.1, CountdownTask.Score(Given, "1".PadRight(Expression.MaxLength)).Reward);
        Assert.Equal(0, CountdownTask.Score(Given, "1".PadRight(Expression.MaxLength + 1)).Reward);

        static string Nested(int depth) => new string('(', depth) + "1" + new string(')', depth);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30,100=23")]
    [InlineData("30,100,93")]
    [InlineData("30,100,1000=23")]
    [InlineData("30,100,0=23")]
    [InlineData("30,-100,93=23")]
    [InlineData("30,100,93=23=23")]
    public void PromptThatIsNoProblem_IsRefusedByName(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => CountdownTask.Score(new Prompt("p", text), "1"));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_KeepsNumberSetsApart_InAnyOrder()
    {
        HashSet<string> heldOut = [.. Task.HeldOut(2000).Select(SetOf)];
        for (int i = 0; i < 20_000; i++)
        {
            Assert.DoesNotContain(SetOf(Task.TrainingPrompt(7, i / 16, i % 16)), heldOut);
            Assert.DoesNotContain(SetOf(Task.TrainingExample(7, i / 16, i % 16, 0.4).Prompt), heldOut);
        }
        Assert.True(new CountdownProblem(1, 2, 3, 6).IsHeldOut == new CountdownProblem(3, 1, 2, 9).IsHeldOut);
    }

    [Fact]
    public void Split_HoldsOutATenthOfTheSets()
    {
        int sets = 0;
        int heldOut = 0;
        for (int high = 1; high <= 60; high++)
        {
            for (int middle = 1; middle <= high; middle++)
            {
                for (int low = 1; low <= middle; low++)
                {
                    sets++;
                    heldOut += new CountdownProblem(middle, high, low, 1).IsHeldOut ? 1 : 0;
                }
            }
        }
        Assert.Equal(0.1, (double)heldOut / sets, 0.01);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(999)]
    public void Prompts_AllHaveTheSameLengthAndNumbersInRange(int maxNumber)
    {
        CountdownTask task = new(Spec with { MaxNumber = maxNumber });
        IEnumerable<Prompt> training = Enumerable.Range(0, 1000).Select(i => task.TrainingPrompt(3, 0, i));
        foreach (Prompt prompt in training.Concat(task.HeldOut(100)))
        {
            Assert.Equal(15, prompt.Text.Length);
            Assert.True(CountdownProblem.TryParse(prompt.Text, out CountdownProblem problem));
            Assert.InRange(problem.Sorted.Low, 1, maxNumber);
            Assert.InRange(problem.Sorted.High, 1, maxNumber);
            Assert.InRange(problem.Target, 1, maxNumber);
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(999)]
    public void Answer_WithoutNoise_SolvesItsProblem(int maxNumber)
    {
        CountdownTask task = new(Spec with { MaxNumber = maxNumber });
        HashSet<char> signs = [];
        for (int i = 0; i < 5000; i++)
        {
            Example example = task.TrainingExample(3, i, 0, 0);
            Assert.Equal(new Score(1, true), CountdownTask.Score(example.Prompt, example.Answer));
            Assert.InRange(example.Answer.Length, 5, CountdownTask.LongestAnswer);
            signs.UnionWith(example.Answer.Where(c => !char.IsAsciiDigit(c)));
        }
        Assert.Superset(new HashSet<char>("+-*/()"), signs);
    }

    [Theory]
    [InlineData(0, 1, 2, '-', '+', false, "7+2-8")] // (7 - 8) + 2
    [InlineData(1, 2, 0, '-', '-', true, "7+2-8")] // 7 - (8 - 2)
    [InlineData(2, 1, 0, '+', '-', true, "7-8-2")] // 7 - (2 + 8)
    [InlineData(2, 0, 1, '+', '+', false, "7+8+2")]
    [InlineData(2, 0, 1, '*', '+', false, "7*2+8")]
    [InlineData(2, 0, 1, '+', '*', false, "(7+2)*8")]
    [InlineData(2, 0, 1, '-', '/', false, "(2-7)/8")]
    [InlineData(1, 2, 0, '*', '-', true, "7-8*2")]
    [InlineData(1, 2, 0, '*', '/', true, "7/(8*2)")]
    [InlineData(1, 2, 0, '/', '/', true, "7/(8/2)")]
    [InlineData(1, 2, 0, '/', '/', false, "8/2/7")]
    public void Spelling_IsFixedAndSparesParentheses(
        int a, int b, int c, char inner, char outer, bool onRight, string expected) =>
        Assert.Equal(expected, new CountdownAnswer(a, b, c, inner, outer, onRight).Spell(new CountdownProblem(7, 8, 2, 1)));

    [Fact]
    public void Noise_LeavesAnExpressionOverTheNumbersThatIsOftenWrong()
    {
        int exact = 0;
        int different = 0;
        for (int i = 0; i < 2000; i++)
        {
            Example clean = Task.TrainingExample(3, i, 0, 0);
            Example noisy = Task.TrainingExample(3, i, 0, 0.4);
            Assert.Equal(clean.Prompt, noisy.Prompt);
            Assert.InRange(noisy.Answer.Length, 5, CountdownTask.LongestAnswer);
            Assert.True(CountdownProblem.TryParse(noisy.Prompt.Text, out CountdownProblem problem));
            Expression expression = Expression.TryParse(noisy.Answer)!;
            Assert.All(expression.Numbers,
                number => Assert.Contains(number, new[] { problem.First, problem.Second, problem.Third }));
            exact += CountdownTask.Score(noisy.Prompt, noisy.Answer).Exact ? 1 : 0;
            different += noisy.Answer == clean.Answer ? 0 : 1;
        }
        // Untouched: each of 3 numbers kept with 0.6 + 0.4 / 3, each of 2 operators with 0.6 + 0.4 / 4; 0.19 in all.
        Assert.InRange(different, 1500, 1750);
        Assert.InRange(exact, 300, 600);
    }

    [Fact]
    public void HeldOut_HasNoRepeats_AndALongerListOnlyAddsToAShorterOne()
    {
        IReadOnlyList<Prompt> longer = Task.HeldOut(2000);
        Assert.Equal(2000, longer.Select(prompt => prompt.Id).Distinct().Count());
        Assert.Equal(longer.Take(64), Task.HeldOut(64));
    }

    [Fact]
    public void DataFile_TakesItsNumberSetsOutOfTraining()
    {
        TaskSection small = Spec with { MaxNumber = 10 };
        Prompt[] file = [.. Enumerable.Range(0, 50).Select(i => new CountdownTask(small).TrainingPrompt(1, 0, i))];
        CountdownTask task = new(small, file);
        HashSet<string> sets = [.. file.Select(SetOf)];
        Assert.All(Enumerable.Range(0, 2000), i => Assert.DoesNotContain(SetOf(task.TrainingPrompt(1, 0, i)), sets));
        Assert.Equal(file.Take(5), task.HeldOut(5));
        Assert.Equal(file, task.HeldOut(1000));
    }

    [Fact]
    public void DataFileThatCoversAllOfTraining_IsRefusedByTraining_ButCanBeEvaluatedOn()
    {
        Prompt[] file =
        [
            .. from a in Enumerable.Range(1, 10) from b in Enumerable.Range(1, 10) from c in Enumerable.Range(1, 10)
               select CountdownTask.Pose(new CountdownProblem(a, b, c, 1)),
        ];
        TaskSection small = Spec with { MaxNumber = 10, EvaluationData = "all.jsonl" };
        CountdownTask task = new(small, file);
        Assert.Equal(file, task.HeldOut(1000));
        Assert.Contains("all.jsonl", Assert.Throws<TaskDataException>(() => task.TrainingPrompt(1, 0, 0)).Message,
            StringComparison.Ordinal);
        Assert.Throws<TaskDataException>(() => task.TrainingExample(1, 0, 0, 0));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(1000)]
    public void NumbersThatThePromptCannotHold_AreRefused(int maxNumber)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new CountdownTask(Spec with { MaxNumber = maxNumber }));
        Assert.Contains($"up to {maxNumber}", error.Message, StringComparison.Ordinal);
    }

    private static string SetOf(Prompt prompt)
    {
        Assert.True(CountdownProblem.TryParse(prompt.Text, out CountdownProblem problem));
        return problem.Sorted.ToString();
    }
}
