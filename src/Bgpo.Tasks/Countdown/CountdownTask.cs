using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Countdown;

/// <summary>
/// Countdown with three numbers: write an expression that uses each number once and equals the target. The prompt is always
/// fifteen characters, <c> 30,100, 93= 23</c>; generated answers take 13 at most, such as <c>30+93-100</c> or <c>(30+93)*2</c>.
/// Prompts and answers need the digits, <c>+ - * / ( ) = ,</c> and the space.
/// </summary>
/// <remarks>
/// <para>Numbers are drawn evenly from 1 to MaxNumber, then an expression over them, until its value lies in 1 to MaxNumber. A
/// generated problem has at least that solution, which keeps to non-negative integers; answers are judged by exact fractions,
/// so any other way through negative numbers or fractions counts as well.</para>
/// <para>The split goes by the set of three numbers: about one set in ten is held out, whatever the run's seed and MaxNumber.
/// With a data file, its problems are the held-out ones, and training gives up their sets too.</para>
/// <para>Reward: 1 when the expression uses exactly the given numbers once each and equals the target; 0.1 for any other
/// expression, a division by zero included; 0, and malformed, where the completion is no <see cref="Expression"/>.</para>
/// </remarks>
internal sealed class CountdownTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "countdown3";

    /// <summary>Longest generated answer, in characters, noise included.</summary>
    public const int LongestAnswer = 13;

    /// <summary>What an expression earns that is wrong.</summary>
    public const double WrongReward = 0.1;

    /// <summary>Expressions tried on a set of numbers before it is given up; nearly every set needs fewer.</summary>
    private const int Tries = 64;

    private readonly string _dataPath;
    private readonly bool _hasTrainingSet;
    private readonly int _maxNumber;
    private readonly IReadOnlyList<Prompt>? _file;
    private readonly HashSet<(int Low, int Middle, int High)> _fileSets = [];

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="file">The data file's problems; null for the task's own held-out split.</param>
    /// <exception cref="ArgumentException">MaxNumber is out of range.</exception>
    public CountdownTask(TaskSection spec, IReadOnlyList<Prompt>? file = null)
    {
        if (spec.MaxNumber is < 10 or > CountdownProblem.Largest)
        {
            throw new ArgumentException(
                $"Task {TaskName} was asked for numbers up to {spec.MaxNumber}; expected MaxNumber from 10 to " +
                    $"{CountdownProblem.Largest}, "
                + "because prompts give each number three characters.", nameof(spec));
        }
        (_dataPath, _maxNumber, _file) = (spec.EvaluationData, spec.MaxNumber, file);
        foreach (Prompt prompt in file ?? [])
        {
            _fileSets.Add(ParseProblem(prompt.Text).Sorted);
        }
        _hasTrainingSet = HasTrainingSet();
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <summary>The prompt of a problem.</summary>
    /// <param name="problem">The problem.</param>
    public static Prompt Pose(CountdownProblem problem) =>
        new($"{TaskName}:{problem.First},{problem.Second},{problem.Third}={problem.Target}", problem.ToString());

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) =>
        Pose(DrawTraining(Streams.Training(seed, step, index)).Problem);

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        (CountdownProblem problem, CountdownAnswer answer) = DrawTraining(Streams.Pretraining(seed, step, index));
        string spelled = answer.Spell(problem);
        return new Example(Pose(problem), CountdownAnswer.Disturb(
            spelled, [problem.First, problem.Second, problem.Third], Streams.AnswerNoise(seed, step, index), answerNoise));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _file is not null
            ? [.. _file.Take(count)]
            : HeldOutProblems.Distinct(count, i => Pose(Draw(Streams.HeldOut(i), heldOut: true).Problem));
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Score(prompt, completion));

    /// <summary>Judges a completion.</summary>
    /// <param name="prompt">The problem.</param>
    /// <param name="completion">Any text.</param>
    /// <exception cref="ArgumentException">The prompt is no Countdown problem.</exception>
    public static Score Score(Prompt prompt, string completion)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        CountdownProblem problem = ParseProblem(prompt.Text);
        if (Expression.TryParse(completion) is not { } expression)
        {
            return Tasks.Score.Malformed("no expression");
        }
        (int low, int middle, int high) = problem.Sorted;
        return expression.Value.Is(problem.Target) && expression.Numbers.Order().SequenceEqual([low, middle, high])
            ? new Score(1, true)
            : new Score(WrongReward, false);
    }

    private static CountdownProblem ParseProblem(string text) =>
        CountdownProblem.TryParse(text, out CountdownProblem problem)
            ? problem
            : throw new ArgumentException(
                $"The prompt '{text}' is not a Countdown problem; expected three numbers and a target, all from 1 to "
                + $"{CountdownProblem.Largest}, such as '30,100,93=23'.", nameof(text));

    /// <summary>
    /// Whether a set of numbers is left to train on; every set has an answer, for example high - (middle - low).
    /// </summary>
    private bool HasTrainingSet()
    {
        for (int high = 1; high <= _maxNumber; high++)
        {
            for (int middle = 1; middle <= high; middle++)
            {
                for (int low = 1; low <= middle; low++)
                {
                    if (IsTraining(new CountdownProblem(low, middle, high, 0)))
                    {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private bool IsTraining(CountdownProblem problem) => !problem.IsHeldOut && !_fileSets.Contains(problem.Sorted);

    /// <exception cref="TaskDataException">The data file leaves no numbers to train on; it can be evaluated on all the
    /// same.</exception>
    private (CountdownProblem Problem, CountdownAnswer Answer) DrawTraining(Philox random) => _hasTrainingSet
        ? Draw(random, heldOut: false)
        : throw new TaskDataException(
            _dataPath, $"its problems cover every set of numbers up to {_maxNumber} that training may use; give fewer "
            + "problems or raise MaxNumber, or the evaluation would ask for what training has shown.");

    /// <summary>Draws numbers of the wanted split, then an answer whose value makes the target.</summary>
    private (CountdownProblem Problem, CountdownAnswer Answer) Draw(Philox random, bool heldOut)
    {
        for (uint next = 0; ; next += 3 + Tries)
        {
            CountdownProblem numbers = new(
                1 + random.Below(next, _maxNumber), 1 + random.Below(next + 1, _maxNumber),
                1 + random.Below(next + 2, _maxNumber), 0);
            if (heldOut ? !numbers.IsHeldOut : !IsTraining(numbers))
            {
                continue;
            }
            for (uint i = 0; i < Tries; i++)
            {
                CountdownAnswer answer = CountdownAnswer.Draw(random, next + 3 + i);
                if (answer.Value(numbers) is int target && target >= 1 && target <= _maxNumber)
                {
                    return (numbers with { Target = target }, answer);
                }
            }
        }
    }
}
