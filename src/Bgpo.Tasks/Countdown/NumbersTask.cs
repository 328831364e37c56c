using System.Text.Json;
using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Countdown;

/// <summary>
/// Countdown with three or four numbers: write an expression that uses each number once and equals the target. The prompt is
/// <c>30,100,93,7=23</c>, an answer <c>30+93-100</c>.
/// </summary>
/// <remarks>
/// <para>Numbers are drawn evenly from 1 to MaxNumber and joined in a random order by random operators, through whole numbers
/// that are not negative, until the value lies in 1 to MaxNumber. Answers are judged by exact fractions, so other ways count as
/// well.</para>
/// <para>The split goes by the set of numbers, as in countdown3. Reward: 1 when the expression uses exactly the given numbers
/// once each and equals the target; 0.1 for any other expression; 0, malformed, where the completion is no
/// <see cref="Expression"/>.</para>
/// </remarks>
internal sealed class NumbersTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "countdown";

    private const string Line = """{"input":"30,100,93","output":"23"} or {"nums":[30,100,93],"target":23} (3 or 4 numbers)""";
    private const int Tries = 64;

    private readonly TaskSection _spec;
    private readonly IReadOnlyList<Prompt>? _file;
    private readonly HashSet<string> _fileSets = [];

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="file">The data file's problems; null for the task's own held-out split.</param>
    public NumbersTask(TaskSection spec, IReadOnlyList<Prompt>? file = null)
    {
        (_spec, _file) = (spec, file);
        _fileSets.UnionWith((file ?? []).Select(prompt => SetOf(Parsed(prompt))));
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <summary>Reads the public formats, in the file's order.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="file">Name to blame in errors.</param>
    /// <exception cref="TaskDataException">A line is bad, or there is no problem.</exception>
    public static IReadOnlyList<Prompt> Parse(TextReader reader, string file)
    {
        List<Prompt> prompts = [];
        foreach ((int number, string line) in DataFile.Lines(reader))
        {
            prompts.Add(Pose(TryLine(line) ?? throw new TaskDataException(file, number, line, Line)));
        }
        return prompts.Count > 0 ? prompts : throw DataFile.Empty(file, Line);
    }

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) =>
        Pose(DrawTraining(Streams.Training(seed, step, index)).Problem);

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        (NumbersProblem problem, string answer) = DrawTraining(Streams.Pretraining(seed, step, index));
        return new Example(Pose(problem),
            CountdownAnswer.Disturb(answer, problem.Numbers, Streams.AnswerNoise(seed, step, index), answerNoise));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _file is not null
            ? [.. _file.Take(count)]
            : HeldOutProblems.Distinct(count, i => Pose(Draw(Streams.HeldOut(i), static problem => problem.IsHeldOut).Problem));
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        NumbersProblem problem = Parsed(prompt);
        return ValueTask.FromResult(Expression.TryParse(completion) is not { } expression ? Score.Malformed("no expression")
            : !expression.Numbers.Order().SequenceEqual(problem.Sorted)
                ? Score.Scored(CountdownTask.WrongReward, false, "other numbers than given, or not each once")
            : expression.Value.Is(problem.Target) ? Score.Scored(1, true)
            : Score.Scored(CountdownTask.WrongReward, false));
    }

    private static Prompt Pose(NumbersProblem problem) => new($"{TaskName}:{problem}", problem.ToString());

    private static string SetOf(NumbersProblem problem) => string.Join(',', problem.Sorted);

    private static NumbersProblem Parsed(Prompt prompt) => NumbersProblem.TryParse(prompt.Text) ?? throw new ArgumentException(
        $"The prompt '{prompt.Text}' is not a Countdown problem; expected 3 or 4 numbers and a target, such as '30,100,93=23'.",
        nameof(prompt));

    private static NumbersProblem? TryLine(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            return root.ValueKind != JsonValueKind.Object ? null
                : root.TryGetProperty("nums", out JsonElement nums) && root.TryGetProperty("target", out JsonElement target)
                    ? NumbersProblem.TryParse(
                        [.. nums.EnumerateArray().Select(number => number.GetRawText())], target.GetRawText())
                : root.TryGetProperty("input", out JsonElement input) && root.TryGetProperty("output", out JsonElement output)
                    ? NumbersProblem.TryParse(input.GetString()!.Split(','), output.GetString()!)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Joins numbers in a random order; null where a value is negative or no whole number.</summary>
    private static (int Value, string Text)? Join(int[] numbers, Philox random, ref uint next)
    {
        List<(int Value, string Text)> left = [.. numbers.Select(number => (number, $"{number}"))];
        while (left.Count > 1)
        {
            (int Value, string Text) one = Take(left, random.Below(next++, left.Count));
            (int Value, string Text) other = Take(left, random.Below(next++, left.Count));
            char sign = CountdownAnswer.Operators[random.Below(next++, CountdownAnswer.Operators.Length)];
            long? value = sign switch
            {
                '+' => (long)one.Value + other.Value,
                '-' => one.Value - other.Value,
                '*' => (long)one.Value * other.Value,
                _ => other.Value != 0 && one.Value % other.Value == 0 ? one.Value / other.Value : null,
            };
            if (value is not (>= 0 and <= int.MaxValue))
            {
                return null;
            }
            string text = $"{one.Text}{sign}{other.Text}";
            left.Add(((int)value, left.Count == 0 ? text : $"({text})"));
        }
        return left[0];
    }

    private static (int Value, string Text) Take(List<(int Value, string Text)> left, int place)
    {
        (int, string) taken = left[place];
        left.RemoveAt(place);
        return taken;
    }

    private (NumbersProblem Problem, string Answer) DrawTraining(Philox random) =>
        Draw(random, problem => !problem.IsHeldOut && !_fileSets.Contains(SetOf(problem)));

    /// <exception cref="TaskDataException">No set of numbers is left that training may use.</exception>
    private (NumbersProblem Problem, string Answer) Draw(Philox random, Func<NumbersProblem, bool> isWanted)
    {
        uint next = 0;
        for (int attempt = 0; attempt < 100_000; attempt++)
        {
            int[] numbers = new int[_spec.Numbers];
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = 1 + random.Below(next++, _spec.MaxNumber);
            }
            for (int i = 0; i < Tries && isWanted(new NumbersProblem(numbers, 1)); i++)
            {
                if (Join(numbers, random, ref next) is { } joined && joined.Value >= 1 && joined.Value <= _spec.MaxNumber)
                {
                    return (new NumbersProblem(numbers, joined.Value), joined.Text);
                }
            }
        }
        throw new TaskDataException(
            _spec.EvaluationData,
            $"its problems cover every set of {_spec.Numbers} numbers up to {_spec.MaxNumber} that training may "
            + "use; give fewer problems or raise task.maxNumber.");
    }
}
