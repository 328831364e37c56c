using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Sudoku;

/// <summary>
/// 9x9 Sudoku. The prompt is the 81 givens, row by row, 0 for a blank; the answer is the 81 digits of the full grid.
/// </summary>
/// <remarks>
/// The split goes by the solved grid: about one in ten is held out, whatever the run's seed. Puzzles have one solution, those of
/// data files too. Reward: 0 unless every given stands in its place; else (1 - ExactShare) x (share of blanks filled with the
/// solution's digit) + ExactShare x (1 when solved). What is not 81 digits from 1 to 9 is malformed.
/// </remarks>
internal sealed class NineSudokuTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "sudoku9x9";

    /// <summary>Blanks that a puzzle of one solution is sure to be found with.</summary>
    public const int MostBlanks = 50;

    private const string WrongForm = "not 81 digits from 1 to 9";
    private const string Line = "'PUZZLE,SOLUTION' of 81 digits each, 0 for a blank in the puzzle, with no other solution";

    private readonly TaskSection _spec;
    private readonly IReadOnlyList<Prompt>? _file;
    private readonly HashSet<string> _fileSolutions;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="file">The data file's problems; null for the task's own held-out split.</param>
    /// <exception cref="ArgumentException">The bounds on blanks are out of range.</exception>
    public NineSudokuTask(TaskSection spec, IReadOnlyList<Prompt>? file = null)
    {
        if (spec.MinBlanks < 1 || spec.MinBlanks > spec.MaxBlanks || spec.MaxBlanks > MostBlanks)
        {
            throw new ArgumentException(
                $"Task {TaskName} was asked for puzzles with {spec.MinBlanks} to {spec.MaxBlanks} blanks; expected bounds with "
                + $"1 <= MinBlanks <= MaxBlanks <= {MostBlanks}.", nameof(spec));
        }
        (_spec, _file) = (spec, file);
        _fileSolutions = [.. (file ?? []).Select(prompt => prompt.Reference)];
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <summary>Reads CSV with the header <c>Puzzle,Solution</c>, in the file's order.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="file">Name to blame in errors.</param>
    /// <exception cref="TaskDataException">A line is bad, or there is no problem.</exception>
    public static IReadOnlyList<Prompt> Parse(TextReader reader, string file)
    {
        List<Prompt> prompts = [];
        foreach ((int number, string line) in DataFile.Lines(reader))
        {
            if (number > 1)
            {
                prompts.Add(line.Split(',') is [var puzzle, var solution] && puzzle.Contains('0')
                    && NineGrid.TryParse(puzzle)?.Solve() == solution
                    ? Pose(puzzle, solution)
                    : throw new TaskDataException(file, number, line, Line));
            }
            else if (line != SudokuCells.Header)
            {
                throw new TaskDataException(file, 1, line, $"the header '{SudokuCells.Header}'");
            }
        }
        return prompts.Count > 0 ? prompts : throw DataFile.Empty(file, Line);
    }

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => DrawTraining(Streams.Training(seed, step, index));

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        Prompt prompt = DrawTraining(Streams.Pretraining(seed, step, index));
        return new Example(
            prompt, SudokuCells.Disturb(prompt, 9, Streams.AnswerNoise(seed, step, index), answerNoise));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _file is not null
            ? [.. _file.Take(count)]
            : HeldOutProblems.Distinct(count, i => Draw(Streams.HeldOut(i), IsHeldOut));
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        if (NineGrid.TryParse(prompt.Text) is not { } puzzle || !prompt.Text.Contains('0'))
        {
            throw new ArgumentException(
                $"The prompt '{prompt.Text}' is not a 9x9 Sudoku; expected 81 digits, 1 to 9 for a given and 0 for a blank.",
                nameof(prompt));
        }
        string solution = prompt.Reference.Length > 0 ? prompt.Reference : puzzle.Solve()
            ?? throw new ArgumentException($"The Sudoku '{prompt.Text}' has not one solution.", nameof(prompt));
        if (completion.Length > NineGrid.Cells)
        {
            return ValueTask.FromResult(Score.Malformed(WrongForm));
        }
        bool isGrid = completion.Length == NineGrid.Cells && completion.All(digit => digit is >= '1' and <= '9');
        double reward = (1 - _spec.ExactShare) * SudokuCells.CorrectBlanks(prompt.Text, solution, completion)
            / prompt.Text.Count(cell => cell == '0');
        return ValueTask.FromResult(
            completion == solution ? Score.Scored(1, true)
            : isGrid ? Score.Scored(reward, false)
            : Score.Malformed(WrongForm, reward));
    }

    private static Prompt Pose(string puzzle, string solution) => new($"{TaskName}:{puzzle}", puzzle, solution);

    private static bool IsHeldOut(string solution)
    {
        uint first = 2166136261, second = 16777619;
        foreach (char digit in solution)
        {
            first = (first ^ digit) * 16777619;
            second = (second * 31) + digit;
        }
        return Streams.Split(first, second, 9).Double(0) < 0.1;
    }

    private Prompt DrawTraining(Philox random) =>
        Draw(random, solution => !IsHeldOut(solution) && !_fileSolutions.Contains(solution));

    /// <summary>
    /// Draws a solved grid and a number of blanks, then blanks cells in a random order as long as one solution is left.
    /// </summary>
    private Prompt Draw(Philox random, Func<string, bool> isWanted)
    {
        uint next = 0;
        while (true)
        {
            string solution = NineGrid.Draw(random, ref next);
            if (!isWanted(solution))
            {
                continue;
            }
            int blanks = _spec.MinBlanks + random.Below(next++, _spec.MaxBlanks - _spec.MinBlanks + 1);
            char[] puzzle = solution.ToCharArray();
            int[] cells = [.. Enumerable.Range(0, NineGrid.Cells)];
            for (int i = 0; i < cells.Length && blanks > 0; i++)
            {
                int j = i + random.Below(next++, cells.Length - i);
                (cells[i], cells[j]) = (cells[j], cells[i]);
                puzzle[cells[i]] = '0';
                if (NineGrid.TryParse(new string(puzzle))!.CountSolutions(bound: 2) == 1)
                {
                    blanks--;
                }
                else
                {
                    puzzle[cells[i]] = solution[cells[i]];
                }
            }
            if (blanks == 0)
            {
                return Pose(new string(puzzle), solution);
            }
        }
    }
}
