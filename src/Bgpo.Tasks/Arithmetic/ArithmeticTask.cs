using System.Globalization;
using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Mathematics;

namespace Bgpo.Tasks.Arithmetic;

/// <summary>
/// Sums of several numbers with worked steps. The prompt is the sum, each number in three characters, <c> 23+ 48- 17=</c>; the
/// answer puts the first two numbers together until one is left, <c> 71- 17= 54</c>. Prompts and answers need the digits,
/// <c>+ - =</c> and the space.
/// </summary>
/// <remarks>
/// <para>Numbers are drawn evenly from 1 to MaxNumber, signs by the flip of a coin, until no value on the way is below 0 or above
/// 999. The split goes by the set of numbers: about one in ten is held out, whatever the run's seed and MaxNumber.</para>
/// <para>Reward: 1 when what follows the last = is the sum's value, by <see cref="MathEquality"/>; else 0. A completion that
/// does not end in a number behind a = is malformed; of a sum of two numbers, which has one step, it is the number alone. The
/// steps themselves are not judged.</para>
/// </remarks>
internal sealed class ArithmeticTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "arithmetic";

    private readonly int _terms;
    private readonly int _maxNumber;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="file">The evaluation data file, of which it has none.</param>
    /// <exception cref="ArgumentException">MaxNumber is out of range.</exception>
    /// <exception cref="TaskDataException">There is a data file.</exception>
    public ArithmeticTask(TaskSection spec, DataFile? file = null)
    {
        if (file is not null)
        {
            throw new TaskDataException(
                file.Path, $"task {TaskName} makes its held-out problems itself; leave task.evaluationData empty, or use task math.");
        }
        if (spec.MaxNumber is < 10 or > ArithmeticProblem.Largest)
        {
            throw new ArgumentException(
                $"Task {TaskName} was asked for numbers up to {spec.MaxNumber}; expected maxNumber from 10 to "
                + $"{ArithmeticProblem.Largest}, because prompts give each number three characters.", nameof(spec));
        }
        (_terms, _maxNumber) = (spec.Terms, spec.MaxNumber);
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) =>
        Pose(Draw(Streams.Training(seed, step, index), heldOut: false));

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        ArithmeticProblem problem = Draw(Streams.Pretraining(seed, step, index), heldOut: false);
        return new Example(Pose(problem), Disturb(problem.Steps(), Streams.AnswerNoise(seed, step, index), answerNoise));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return HeldOutProblems.Distinct(count, i => Pose(Draw(Streams.HeldOut(i), heldOut: true)));
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        string answer = completion[(completion.LastIndexOf('=') + 1)..];
        bool isWorked = answer.Length < completion.Length || _terms == 2;
        bool isExact = MathEquality.AreEqual(answer, prompt.Reference);
        return ValueTask.FromResult(
            isWorked && answer.AsSpan().ContainsAnyInRange('0', '9')
                ? Score.Scored(isExact ? 1 : 0, isExact)
                : Score.Malformed("no number after ="));
    }

    private static Prompt Pose(ArithmeticProblem problem)
    {
        string text = problem.ToString();
        return new Prompt(
            $"{TaskName}:{text.Replace(" ", "", StringComparison.Ordinal)}", text,
            problem.Values[^1].ToString(CultureInfo.InvariantCulture));
    }

    private ArithmeticProblem Draw(Philox random, bool heldOut)
    {
        uint next = 0;
        while (true)
        {
            ArithmeticProblem problem = ArithmeticProblem.Draw(random, ref next, _terms, _maxNumber);
            if (problem.IsHeldOut == heldOut)
            {
                return problem;
            }
        }
    }

    /// <summary>Redraws digits of values, which the prompt does not give: the first number of each step.</summary>
    private static string Disturb(string steps, Philox noise, double answerNoise)
    {
        char[] disturbed = steps.ToCharArray();
        bool isValue = true;
        for (int i = 0; i < disturbed.Length; i++)
        {
            isValue = steps[i] == '=' || (isValue && steps[i] is not ('+' or '-'));
            if (isValue && char.IsAsciiDigit(steps[i]) && noise.Double(2 * (uint)i) < answerNoise)
            {
                disturbed[i] = (char)('0' + noise.Below((2 * (uint)i) + 1, 10));
            }
        }
        return new string(disturbed);
    }
}
