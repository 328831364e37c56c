namespace Bgpo.Spec;

/// <summary>The task: prompts and rewards.</summary>
public record TaskSection : IRuled
{
    /// <summary>Which task.</summary>
    [OneOf("sudoku4x4", "countdown3", "countdown", "sudoku9x9", "code", "pyfunc", "math", "arithmetic", "command", "http")]
    public string Name { get; init; } = "sudoku4x4";

    /// <summary>
    /// Files with the problems to train on: JSON lines, CSV or Parquet, as they are or packed by gzip; one, or a list. Looked up
    /// likewise. Empty: the task makes its problems itself.
    /// </summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>
    /// Data file with held-out prompts in the task's public format, looked up likewise; empty: the task's own held-out split.
    /// </summary>
    public string EvaluationData { get; init; } = "";

    /// <summary>The fields of the data files.</summary>
    public FieldsSection Fields { get; init; } = new();

    /// <summary>
    /// What becomes of problems of data files whose prompts are longer than the model's room: <c>error</c> refuses the run and
    /// names the line, <c>drop</c> leaves them out and says how many.
    /// </summary>
    public TooLong TooLong { get; init; } = TooLong.Error;

    /// <summary>
    /// What becomes of training problems that are in the evaluation file too, letter for letter or but for case, spacing and
    /// punctuation: <c>warn</c> says which, <c>error</c> refuses the run, <c>drop</c> leaves them out of training.
    /// </summary>
    public Leaks Leaks { get; init; } = Leaks.Warn;

    /// <summary>
    /// sudoku4x4, countdown: how problems are asked and answered. <c>plain</c>: as short as can be, for small models; <c>d1</c>:
    /// in the words of d1, with the answer between tags.
    /// </summary>
    public TaskForm Form { get; init; } = TaskForm.Plain;

    /// <summary>sudoku4x4, sudoku9x9: fewest blanks in a generated puzzle; at most 12 and 50.</summary>
    [Range(1, 50)]
    public int MinBlanks { get; init; } = 7;

    /// <summary>sudoku4x4, sudoku9x9: most blanks in a generated puzzle.</summary>
    [Range(1, 50)]
    public int MaxBlanks { get; init; } = 9;

    /// <summary>
    /// sudoku4x4, sudoku9x9: share of the reward given for an exact solve; the rest is the share of blanks filled correctly.
    /// </summary>
    [Range(0.0, 1.0)]
    public double ExactShare { get; init; } = 0.5;

    /// <summary>countdown: numbers in a generated problem.</summary>
    [Range(3, 4)]
    public int Numbers { get; init; } = 3;

    /// <summary>countdown3, countdown, arithmetic: largest number in a generated problem.</summary>
    [Range(10, 999)]
    public int MaxNumber { get; init; } = 100;

    /// <summary>arithmetic: numbers in a generated sum.</summary>
    [Range(2, 6)]
    public int Terms { get; init; } = 3;

    /// <summary>math: prompts and rewards.</summary>
    public MathSection Math { get; init; } = new();

    /// <summary>How rewards are asked for.</summary>
    public RewardSection Rewards { get; init; } = new();

    /// <summary>code and pyfunc: how programs are run and judged.</summary>
    public CodeSection Code { get; init; } = new();

    /// <summary>command: the program.</summary>
    public CommandSection Command { get; init; } = new();

    /// <summary>http: the service.</summary>
    public HttpSection Http { get; init; } = new();

    /// <summary>What the section is called for people: the task's name, a label, or those of a mixture's tasks.</summary>
    public virtual string Called => Name;

    /// <inheritdoc/>
    public virtual IEnumerable<Violation> Violations()
    {
        if (MinBlanks > MaxBlanks)
        {
            yield return new(["minBlanks", "maxBlanks"], $"at most maxBlanks ({MaxBlanks})");
        }

        if (Form == TaskForm.D1 && Name is not ("sudoku4x4" or "countdown"))
        {
            yield return new(["form", "name"], "plain; sudoku4x4 and countdown are asked in d1's form, too");
        }

        if (Name == "command" && string.IsNullOrWhiteSpace(Command.Run))
        {
            yield return new(["command.run", "name"], "the program that scores, for example python3 reward.py");
        }
        else if (Name == "http" && Http.Url.Length == 0)
        {
            yield return new(["http.url", "name"], "where the service is, for example http://localhost:8000/");
        }
    }

    /// <summary>Sections are equal where their texts are: lists count by what is in them.</summary>
    /// <param name="other">The other.</param>
    public virtual bool Equals(TaskSection? other) =>
        other is not null && EqualityContract == other.EqualityContract && SpecWriter.Write(this) == SpecWriter.Write(other);

    /// <inheritdoc/>
    public override int GetHashCode() => SpecWriter.Write(this).GetHashCode(StringComparison.Ordinal);
}
