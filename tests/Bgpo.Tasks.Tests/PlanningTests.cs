using Bgpo.Spec;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Sudoku;

namespace Bgpo.Tasks.Tests;

/// <summary>Countdown with three or four numbers, 9x9 Sudoku, and d1's form of planning tasks.</summary>
public sealed class PlanningTests : IDisposable
{
    private const string Puzzle =
        "530070000600195000098000060800060003400803001700020006060000280000419005000080079";

    private const string Solution =
        "534678912672195348198342567859761423426853791713924856961537284287419635345286179";

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task GeneratedCountdowns_AreSolvedByTheirAnswers_AndUseEachNumberOnce(int numbers)
    {
        ITask task = Create(new TaskSection { Name = "countdown", Numbers = numbers, MaxNumber = 60 });
        for (int i = 0; i < 200; i++)
        {
            Example example = task.TrainingExample(3, i, 0, answerNoise: 0);
            Assert.Equal(numbers + 1, example.Prompt.Text.Split(',', '=').Length);
            Assert.True((await task.ScoreAsync(example.Prompt, example.Answer)).Exact,
                $"{example.Prompt.Text}: {example.Answer}");
        }
    }

    [Theory]
    [InlineData("3*4-7+2", 1, Outcome.Scored)]
    [InlineData("(2 + 3*4) - 7", 1, Outcome.Scored)]
    [InlineData("2+3+4+7", 0.1, Outcome.Scored)]
    [InlineData("3*4-7", 0.1, Outcome.Scored)] // not all numbers
    [InlineData("2+34-7*1", 0.1, Outcome.Scored)] // 3 and 4 glued
    [InlineData("7**2", 0, Outcome.Malformed)]
    [InlineData("7//2+3*4", 0, Outcome.Malformed)]
    [InlineData("3*4-7+2=7", 0, Outcome.Malformed)]
    [InlineData("-7+3*4+2", 0, Outcome.Malformed)]
    [InlineData("", 0, Outcome.Malformed)]
    public async Task ACountdownOfFour_IsJudgedByItsNumbersAndItsValue(string answer, double reward, Outcome outcome)
    {
        Score score = await Create(new TaskSection { Name = "countdown" }).ScoreAsync(new Prompt("p", "7,2,3,4=7"), answer);
        Assert.Equal((reward, outcome, reward == 1), (score.Reward, score.Outcome, score.Exact));
    }

    [Fact]
    public void SetsOfNumbersThatAreHeldOut_AreNeverTrainedOn()
    {
        ITask task = Create(new TaskSection { Name = "countdown", Numbers = 4, MaxNumber = 20 });
        HashSet<string> held = [.. task.HeldOut(300).Select(Set)];
        Assert.All(Enumerable.Range(0, 2000), i => Assert.DoesNotContain(Set(task.TrainingPrompt(1, i, 0)), held));

        static string Set(Prompt prompt) => string.Join(',', NumbersProblem.TryParse(prompt.Text)!.Sorted);
    }

    [Fact]
    public void BothPublicFormsOfCountdown_AreRead_AndWhatIsNone_IsNamedByItsLine()
    {
        string file = _folder.Write("c.jsonl", """
            {"input":"30,100,93","output":"23"}
            {"target": 98, "nums": [44, 19, 35, 1]}
            """);
        Assert.Equal(["30,100,93=23", "44,19,35,1=98"],
            Create(new TaskSection { Name = "countdown", EvaluationData = file }).HeldOut(9).Select(prompt => prompt.Text));
        string bad = _folder.Write("bad.jsonl", """{"target": 98, "nums": [44, 19]}""");
        TaskDataException error = Assert.Throws<TaskDataException>(
            () => Create(new TaskSection { Name = "countdown", EvaluationData = bad }));
        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NineByNine_IsSolvedBySolutions_AndPartsEarnParts()
    {
        ITask task = Create(Nine());
        var prompt = new Prompt("p", Puzzle, Solution);
        Assert.Equal(new Score(1, true), await task.ScoreAsync(prompt, Solution));
        Assert.Equal(new Score(1, true), await task.ScoreAsync(prompt with { Reference = "" }, Solution));
        string wrong = Solution[..80] + Solution[80];
        char[] one = wrong.ToCharArray();
        one[2] = '9'; // a blank
        Assert.Equal(0.5 * 50 / 51, (await task.ScoreAsync(prompt, new string(one))).Reward, 12);
        one[0] = '1'; // a given
        Assert.Equal(0, (await task.ScoreAsync(prompt, new string(one))).Reward);
        Assert.Equal(Outcome.Malformed, (await task.ScoreAsync(prompt, Solution + "1")).Outcome);
        Assert.Equal(Outcome.Malformed, (await task.ScoreAsync(prompt, "no")).Outcome);
    }

    [Fact]
    public async Task GeneratedNineByNines_HaveOneSolution_WhichIsTheirAnswer()
    {
        ITask task = Create(Nine());
        HashSet<string> held = [.. task.HeldOut(20).Select(prompt => prompt.Reference)];
        for (int i = 0; i < 40; i++)
        {
            Example example = task.TrainingExample(2, i, 0, answerNoise: 0);
            Assert.InRange(example.Prompt.Text.Count(cell => cell == '0'), 30, 45);
            Assert.Equal(example.Answer, NineGrid.TryParse(example.Prompt.Text)!.Solve());
            Assert.True((await task.ScoreAsync(example.Prompt, example.Answer)).Exact);
            Assert.DoesNotContain(example.Prompt.Reference, held);
        }
    }

    [Fact]
    public void NineByNinesOfFiles_MustHaveOneSolution()
    {
        string good = _folder.Write("good.csv", $"Puzzle,Solution\n{Puzzle},{Solution}\n");
        Assert.Equal(Puzzle, Assert.Single(Create(Nine() with { EvaluationData = good }).HeldOut(9)).Text);
        string empty = new('0', 81);
        string several = _folder.Write("several.csv", $"Puzzle,Solution\n{empty},{Solution}\n");
        Assert.Contains("line 2",
            Assert.Throws<TaskDataException>(() => Create(Nine() with { EvaluationData = several })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task SudokuInD1sForm_IsAskedInItsWords_AndAnsweredBetweenTags()
    {
        ITask task = Create(new TaskSection { Form = TaskForm.D1, ExactShare = 0 });
        Prompt prompt = task.HeldOut(1)[0];
        Assert.StartsWith("\nPlease solve the following 4x4 Sudoku puzzle. ", prompt.Text, StringComparison.Ordinal);
        Assert.Matches("\n</answer>\n\n\nSolve the following Sudoku puzzle: [0-4]{16}\n$", prompt.Text);
        string solution = prompt.Reference.Split('\n')[1];
        Assert.True((await task.ScoreAsync(prompt, $"<reasoning>easy</reasoning>\n<answer>\n{solution}\n</answer>")).Exact);
        Assert.True((await task.ScoreAsync(prompt, $"<answer>1</answer> no: <answer>{string.Join(' ', solution.Chunk(4)
            .Select(row => new string(row)))}</answer>")).Exact);
        Assert.Equal(Outcome.Malformed, (await task.ScoreAsync(prompt, solution)).Outcome);
        Example example = task.TrainingExample(1, 0, 0, 0);
        Assert.True((await task.ScoreAsync(example.Prompt, example.Answer)).Exact);
    }

    [Fact]
    public async Task CountdownInD1sForm_IsAskedInItsWords_AndKeepsNoLoopholes()
    {
        string file = _folder.Write("c.jsonl", """{"input":"30,100,93","output":"23"}""");
        ITask task = Create(new TaskSection { Name = "countdown", Form = TaskForm.D1, EvaluationData = file });
        Prompt prompt = Assert.Single(task.HeldOut(9));
        Assert.Contains(
            "\n</answer>\n\nUsing only the numbers [30, 100, 93], create an arithmetic expression that evaluates to exactly " +
                "23. You must",
            prompt.Text, StringComparison.Ordinal);
        Assert.Equal(new Score(1, true), await task.ScoreAsync(prompt, "<answer>\n30+93-100\n</answer>"));
        Assert.Equal((0.1, Outcome.Scored), Of(await task.ScoreAsync(prompt, "<answer>30+93+100</answer>")));
        Assert.Equal((0.1, Outcome.Malformed), Of(await task.ScoreAsync(prompt, "<answer>30**1+93-100</answer>")));
        Assert.Equal((0, Outcome.Malformed), Of(await task.ScoreAsync(prompt, "30+93-100")));

        static (double, Outcome) Of(Score score) => (score.Reward, score.Outcome);
    }

    private static TaskSection Nine() => new() { Name = "sudoku9x9", MinBlanks = 30, MaxBlanks = 45 };

    private static ITask Create(TaskSection spec) => TaskRegistry.Create(spec);
}
