using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Sudoku;

namespace Bgpo.Tasks.Tests;

public class SudokuTaskTests
{
    private const string Puzzle = "3102200002100320";
    private const string Solution = "3142243142131324";

    private const string WrongForm = "not sixteen digits from 1 to 4";

    private static readonly TaskSection Spec = new() { Name = SudokuTask.TaskName };
    private static readonly SudokuTask Task = new(Spec);

    [Fact]
    public void Enumeration_FindsAll288GridsOnceAndValid()
    {
        string[] grids = [.. Grid.Solved.ToArray().Select(grid => grid.ToString())];
        Assert.Equal(288, grids.Distinct().Count());
        Assert.All(grids, grid => Assert.All(Houses(grid), house => Assert.Equal("1234", string.Concat(house.Order()))));
    }

    [Fact]
    public void Split_Gives240SolutionsToTrainingAndShowsThe48OthersOnly()
    {
        HashSet<string> training = [.. Task.TrainingSolutions.Select(grid => grid.ToString())];
        HashSet<string> all = [.. Grid.Solved.ToArray().Select(grid => grid.ToString())];
        HashSet<string> heldOut = [.. Task.HeldOut(2000).Select(prompt => prompt.Reference)];
        Assert.Equal(240, training.Count);
        Assert.Equal(48, heldOut.Count);
        Assert.Empty(training.Intersect(heldOut));
        Assert.True(all.SetEquals(training.Union(heldOut)));
    }

    [Fact]
    public void TrainingProblems_NeverHaveAHeldOutSolution()
    {
        HashSet<string> heldOut = [.. Task.HeldOut(48).Select(prompt => prompt.Reference)];
        Assert.Equal(48, heldOut.Count);
        for (int i = 0; i < 2000; i++)
        {
            Assert.DoesNotContain(Task.TrainingPrompt(7, i / 16, i % 16).Reference, heldOut);
            Assert.DoesNotContain(Task.TrainingExample(7, i / 16, i % 16, 0.4).Prompt.Reference, heldOut);
        }
    }

    [Fact]
    public void Split_DoesNotDependOnTheSettings()
    {
        SudokuTask other = new(Spec with { MinBlanks = 4, MaxBlanks = 5, ExactShare = 0 });
        Assert.Equal(Task.TrainingSolutions, other.TrainingSolutions);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 9)]
    [InlineData(12, 12)]
    public void GeneratedPuzzles_HaveTheAskedBlanksAndOneSolution(int min, int max)
    {
        SudokuTask task = new(Spec with { MinBlanks = min, MaxBlanks = max });
        HashSet<int> seen = [];
        IEnumerable<Prompt> training = Enumerable.Range(0, 300).Select(i => task.TrainingPrompt(3, 0, i));
        foreach (Prompt prompt in training.Concat(task.HeldOut(300)))
        {
            int blanks = prompt.Text.Count(c => c == '0');
            seen.Add(blanks);
            string[] solutions = [.. Grid.Solved.ToArray().Select(g => g.ToString()).Where(g => Completes(g, prompt.Text))];
            Assert.Equal([prompt.Reference], solutions);
        }
        Assert.Equal(Enumerable.Range(min, max - min + 1), seen.Order());
    }

    [Fact]
    public void EverySolution_HasAPuzzleWithTheMostBlanks()
    {
        // Otherwise the generator would search for ever.
        SudokuTask task = new(Spec with { MinBlanks = 12, MaxBlanks = 12 });
        Assert.Equal(48, task.HeldOut(48).Select(prompt => prompt.Reference).Distinct().Count());
        Assert.Equal(240, Enumerable.Range(0, 4000).Select(i => task.TrainingPrompt(5, 0, i).Reference).Distinct().Count());
    }

    [Fact]
    public void HeldOut_HasNoRepeats_AndALongerListOnlyAddsToAShorterOne()
    {
        IReadOnlyList<Prompt> longer = Task.HeldOut(2000);
        Assert.Equal(2000, longer.Select(prompt => prompt.Id).Distinct().Count());
        Assert.Equal(longer.Take(64), Task.HeldOut(64));
    }

    [Fact]
    public void HeldOut_EndsWhereTheSettingsAllowNoFurtherProblem()
    {
        SudokuTask task = new(Spec with { MinBlanks = 1, MaxBlanks = 1 });
        Assert.Equal(48 * 16, task.HeldOut(100_000).Count);
    }

    [Fact]
    public void Answer_WithoutNoise_IsTheSolution()
    {
        Example example = Task.TrainingExample(1, 2, 3, 0);
        Assert.Equal(example.Prompt.Reference, example.Answer);
        Assert.Equal(new Score(1, true), Task.Score(example.Prompt, example.Answer));
    }

    [Fact]
    public void Noise_RedrawsBlanksAtItsRateAndNeverAGiven()
    {
        int blanks = 0;
        int changed = 0;
        for (int i = 0; i < 2000; i++)
        {
            Example example = Task.TrainingExample(1, i, 0, 0.4);
            Assert.Equal(Task.TrainingExample(1, i, 0, 0).Prompt, example.Prompt);
            for (int cell = 0; cell < 16; cell++)
            {
                Assert.InRange(example.Answer[cell], '1', '4');
                bool differs = example.Answer[cell] != example.Prompt.Reference[cell];
                Assert.False(differs && example.Prompt.Text[cell] != '0');
                blanks += example.Prompt.Text[cell] == '0' ? 1 : 0;
                changed += differs ? 1 : 0;
            }
        }
        // A redrawn digit is the old one in a quarter of the cases.
        Assert.Equal(0.4 * 0.75, (double)changed / blanks, 0.02);
    }

    [Theory]
    [InlineData("3142243142131321", 7)]
    [InlineData("3112243142131321", 6)]
    [InlineData("3112211212112324", 1)]
    public void WrongBlanks_EarnTheShareOfTheOthers(string completion, int correct) =>
        Assert.Equal(new Score(0.5 * correct / 8, false), Task.Score(new Prompt("p", Puzzle, Solution), completion));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("31422431421313")]
    [InlineData("414224314213132")]
    [InlineData("31422431421313240")]
    [InlineData("3142243142131324 ")]
    [InlineData(" 3142243142131324")]
    [InlineData("３１４２２４３１４２１３１３２４")]
    [InlineData("٣١٤٢٢٤٣١٤٢١٣١٣٢٤")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]
    public void CompletionOfAnotherForm_IsMalformed(string completion) =>
        Assert.Equal(Score.Malformed(WrongForm), Task.Score(new Prompt("p", Puzzle, Solution), completion));

    [Fact]
    public void CompletionThatChangesAGiven_EarnsNothing() =>
        Assert.Equal(new Score(0, false), Task.Score(new Prompt("p", Puzzle, Solution), "4142243142131324"));

    [Fact]
    public void HugeCompletion_EarnsNothing() =>
        Assert.Equal(
            Score.Malformed(WrongForm), Task.Score(new Prompt("p", Puzzle, Solution), new string('1', 10_000_000)));

    [Theory]
    [InlineData("314224314213132", 7)]
    [InlineData("31x2243x4213x324", 5)]
    [InlineData("3102200002100320", 0)]
    public void MissingOrForeignCharacterAtABlank_IsAWrongCell(string completion, int correct)
    {
        Score score = Task.Score(new Prompt("p", Puzzle, Solution), completion);
        Assert.Equal(Score.Malformed(WrongForm, 0.5 * correct / 8), score);
    }

    [Theory]
    [InlineData(0.0, 0.875)]
    [InlineData(0.25, 0.65625)]
    [InlineData(1.0, 0.0)]
    public void ExactShare_WeighsCellsAgainstExactSolves(double share, double reward)
    {
        SudokuTask task = new(Spec with { ExactShare = share });
        Assert.Equal(reward, task.Score(new Prompt("p", Puzzle, Solution), "3142243142131321").Reward, 12);
        Assert.Equal(new Score(1, true), task.Score(new Prompt("p", Puzzle, Solution), Solution));
    }

    [Fact]
    public void PuzzleWithSeveralSolutions_TakesAnyAsSolved()
    {
        Prompt open = new("p", "1234341200000000", "1234341221434321");
        Assert.Equal(new Score(1, true), Task.Score(open, "1234341243212143"));
        Assert.False(Task.Score(open, "1234341212343412").Exact);
    }

    [Fact]
    public void PuzzleWithoutReference_IsSolvedFirst()
    {
        Assert.Equal(new Score(1, true), Task.Score(new Prompt("p", Puzzle), Solution));
        Assert.Equal(0.5 * 7 / 8, Task.Score(new Prompt("p", Puzzle), "3142243142131321").Reward, 12);
    }

    [Theory]
    [InlineData("")]
    [InlineData("310220000210032")]
    [InlineData("3102200002100325")]
    [InlineData("3142243142131324")]
    [InlineData("1100000000000000")]
    public void PromptThatIsNoSolvablePuzzle_IsRefusedByName(string text)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Task.Score(new Prompt("p", text), "1"));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9, 7)]
    [InlineData(7, 13)]
    [InlineData(0, 3)]
    public void BoundsThatAllowNoPuzzle_AreRefused(int min, int max)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new SudokuTask(Spec with { MinBlanks = min, MaxBlanks = max }));
        Assert.Contains($"{min} to {max} blanks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DataFile_TakesItsSolutionsOutOfTraining()
    {
        Grid[] solutions = [.. Task.TrainingSolutions.Take(100)];
        Prompt[] file = [.. solutions.Select(solution => SudokuTask.Pose(solution.Keep(~3u), solution))];
        SudokuTask task = new(Spec, file);
        Assert.Equal(140, task.TrainingSolutions.Count);
        Assert.Empty(task.TrainingSolutions.Intersect(solutions));
        Assert.Equal(file.Take(5), task.HeldOut(5));
        Assert.Equal(file, task.HeldOut(1000));
    }

    [Fact]
    public void DataFileOfAllGrids_IsRefusedByTraining_ButCanBeEvaluatedOn()
    {
        Prompt[] file = [.. Grid.Solved.ToArray().Select(solution => SudokuTask.Pose(solution.Keep(~3u), solution))];
        SudokuTask task = new(Spec with { EvaluationData = "all.csv" }, file);
        Assert.Equal(288, task.HeldOut(1000).Count);
        Assert.All(task.HeldOut(288), prompt => Assert.True(task.Score(prompt, prompt.Reference).Exact));
        Assert.Contains("all.csv", Assert.Throws<TaskDataException>(() => task.TrainingPrompt(1, 0, 0)).Message,
            StringComparison.Ordinal);
        Assert.Throws<TaskDataException>(() => task.TrainingExample(1, 0, 0, 0));
    }

    private static bool Completes(string grid, string puzzle) =>
        grid.Zip(puzzle).All(cells => cells.Second == '0' || cells.First == cells.Second);

    private static IEnumerable<string> Houses(string grid)
    {
        for (int i = 0; i < 4; i++)
        {
            int corner = (8 * (i / 2)) + (2 * (i % 2));
            yield return grid.Substring(4 * i, 4);
            yield return $"{grid[i]}{grid[i + 4]}{grid[i + 8]}{grid[i + 12]}";
            yield return $"{grid[corner]}{grid[corner + 1]}{grid[corner + 4]}{grid[corner + 5]}";
        }
    }
}
