using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Sudoku;

/// <summary>
/// 4x4 Sudoku. The prompt is the sixteen givens, row by row, 0 for a blank; the answer is the sixteen digits of the full grid.
/// </summary>
/// <remarks>
/// <para>There are only 288 solved grids, so the split goes by solution: a fixed shuffle gives 240 to training and holds 48 out,
/// whatever the run's seed. Generated puzzles have one solution. With a data file, its problems are the held-out ones, and
/// training gives up every grid that solves one of them.</para>
/// <para>Reward: 0 unless every given stands in its place and nothing follows the sixteenth character; else
/// (1 - ExactShare) x (share of blanks filled with the solution's digit) + ExactShare x (1 when solved). A missing or foreign
/// character at a blank is a wrong cell, at a given a changed given. Where a puzzle from elsewhere has several solutions, any
/// of them counts as solved and earns 1; cells are otherwise compared with the reference. An answer that is not sixteen digits
/// from 1 to 4 is malformed.</para>
/// </remarks>
internal sealed class SudokuTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "sudoku4x4";

    /// <summary>Solved grids that training never meets.</summary>
    public const int HeldOutSolutions = 48;

    private const string WrongForm = "not sixteen digits from 1 to 4";

    /// <summary>A puzzle with fewer than four givens never has a single solution.</summary>
    private const int MostBlanks = 12;

    private static readonly Grid[] Shuffled = Shuffle();

    private readonly TaskSection _spec;
    private readonly IReadOnlyList<Prompt>? _file;
    private readonly Grid[] _training;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="file">The data file's problems; null for the task's own held-out split.</param>
    /// <exception cref="ArgumentException">The bounds on blanks allow no puzzle with a single solution.</exception>
    public SudokuTask(TaskSection spec, IReadOnlyList<Prompt>? file = null)
    {
        if (spec.MinBlanks < 1 || spec.MinBlanks > spec.MaxBlanks || spec.MaxBlanks > MostBlanks)
        {
            throw new ArgumentException(
                $"Task {TaskName} was asked for puzzles with {spec.MinBlanks} to {spec.MaxBlanks} blanks; expected bounds with "
                + $"1 <= MinBlanks <= MaxBlanks <= {MostBlanks}, because more blanks never leave a single solution.",
                    nameof(spec));
        }
        _spec = spec;
        _file = file;
        _training = Shuffled[HeldOutSolutions..];
        if (file is not null)
        {
            Grid[] puzzles = [.. file.Select(prompt => ParsePuzzle(prompt.Text))];
            _training = [.. _training.Where(solution => !puzzles.Any(puzzle => puzzle.Admits(solution)))];
        }
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <summary>The solved grids that training problems come from.</summary>
    public IReadOnlyList<Grid> TrainingSolutions => _training;

    /// <summary>The problem of a puzzle.</summary>
    /// <param name="puzzle">The givens.</param>
    /// <param name="solution">A solution.</param>
    public static Prompt Pose(Grid puzzle, Grid solution)
    {
        string text = puzzle.ToString();
        return new Prompt($"{TaskName}:{text}", text, solution.ToString());
    }

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => DrawTraining(Streams.Training(seed, step, index));

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        Prompt prompt = DrawTraining(Streams.Pretraining(seed, step, index));
        return new Example(
            prompt, SudokuCells.Disturb(prompt, 4, Streams.AnswerNoise(seed, step, index), answerNoise));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _file is not null
            ? [.. _file.Take(count)]
            // Going round the solutions gives each its share of any count.
            : HeldOutProblems.Distinct(
                count, i => Draw(Streams.HeldOut(i), Shuffled.AsSpan(i % HeldOutSolutions, 1)));
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Score(prompt, completion));

    /// <summary>Judges a completion.</summary>
    /// <param name="prompt">The puzzle.</param>
    /// <param name="completion">Any text.</param>
    /// <exception cref="ArgumentException">The prompt is not a puzzle, or has no reference and no solution.</exception>
    public Score Score(Prompt prompt, string completion)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        Grid puzzle = ParsePuzzle(prompt.Text);
        if (completion.Length > Grid.Cells)
        {
            return Tasks.Score.Malformed(WrongForm);
        }
        bool isGrid = Grid.TryParse(completion, out Grid grid) && grid.Blanks == 0;
        if (isGrid && puzzle.Admits(grid) && Grid.Solved.Contains(grid))
        {
            return new Score(1, true);
        }
        string solution = prompt.Reference.Length > 0 ? prompt.Reference : Solve(puzzle).ToString();
        double reward = (1 - _spec.ExactShare) * SudokuCells.CorrectBlanks(prompt.Text, solution, completion) / puzzle.Blanks;
        return isGrid ? new Score(reward, false) : Tasks.Score.Malformed(WrongForm, reward);
    }

    private static Grid ParsePuzzle(string text) =>
        Grid.TryParse(text, out Grid puzzle) && puzzle.Blanks > 0
            ? puzzle
            : throw new ArgumentException(
                $"The prompt '{text}' is not a 4x4 Sudoku; expected 16 digits, 1 to 4 for a given and 0 for a blank, "
                + "with at least one blank.", nameof(text));

    private static Grid Solve(Grid puzzle)
    {
        foreach (Grid solution in Grid.Solved)
        {
            if (puzzle.Admits(solution))
            {
                return solution;
            }
        }
        throw new ArgumentException($"The Sudoku '{puzzle}' has no solution; give one whose givens agree.", nameof(puzzle));
    }

    /// <exception cref="TaskDataException">The data file leaves no solution to train on; it can be evaluated on all the
    /// same.</exception>
    private Prompt DrawTraining(Philox random) => _training.Length > 0
        ? Draw(random, _training)
        : throw new TaskDataException(
            _spec.EvaluationData, "its puzzles cover every solution grid of the training split; give fewer puzzles, "
            + "or the evaluation would ask for what training has shown.");

    /// <summary>Draws a solution and a number of blanks, then blanks until only one solution is left.</summary>
    private Prompt Draw(Philox random, ReadOnlySpan<Grid> solutions)
    {
        Grid solution = solutions[random.Below(0, solutions.Length)];
        int blanks = _spec.MinBlanks + random.Below(1, _spec.MaxBlanks - _spec.MinBlanks + 1);
        for (uint next = 2; ; next += (uint)blanks)
        {
            Grid puzzle = solution.Keep(~Blanks(random, next, blanks));
            if (puzzle.CountSolutions(bound: 2) == 1)
            {
                return Pose(puzzle, solution);
            }
        }
    }

    /// <summary>
    /// Binary 11 at some cells: the first steps of a shuffle, from number <paramref name="first"/> of the stream.
    /// </summary>
    private static uint Blanks(Philox random, uint first, int count)
    {
        Span<byte> cells = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        uint mask = 0;
        for (int i = 0; i < count; i++)
        {
            int j = i + random.Below(first + (uint)i, Grid.Cells - i);
            (cells[i], cells[j]) = (cells[j], cells[i]);
            mask |= 3u << (2 * cells[i]);
        }
        return mask;
    }

    private static Grid[] Shuffle()
    {
        Grid[] solutions = Grid.Solved.ToArray();
        Streams.Split().Shuffle<Grid>(solutions);
        return solutions;
    }
}
