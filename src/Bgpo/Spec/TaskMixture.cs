namespace Bgpo.Spec;

/// <summary>
/// The names of the data files' fields; <c>a.b</c> is field b of a JSON object a, <c>a.0</c> the first item of a list.
/// </summary>
public sealed record FieldsSection
{
    /// <summary>What the model is asked; empty: the field that the task's public data sets have.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What the answer is judged by: a solution, an answer, tests; empty: likewise.</summary>
    public string Reference { get; init; } = "";

    /// <summary>What the problem is called in journals; empty: the file's name and the line.</summary>
    public string Id { get; init; } = "";
}

/// <summary>The task of a run: prompts and rewards; or several at once.</summary>
public sealed record RunTaskSection : TaskSection
{
    /// <summary>
    /// Several tasks in one run: each item has the fields of <c>task</c> and a weight. No other field of <c>task</c> counts then.
    /// </summary>
    public IReadOnlyList<MixtureSection> Mixture { get; init; } = [];

    /// <inheritdoc/>
    public override string Called => Mixture.Count > 0 ? string.Join('+', Mixture.Select(part => part.Called)) : Name;

    /// <inheritdoc/>
    public override IEnumerable<Violation> Violations()
    {
        foreach (Violation violation in base.Violations())
        {
            yield return violation;
        }

        if (Mixture.Count > 0 && (Data.Count > 0 || EvaluationData.Length > 0))
        {
            yield return new(
                [Data.Count > 0 ? "data" : "evaluationData", "mixture"],
                "beside mixture data files stand in its items: task.mixture.N.data and task.mixture.N.evaluationData");
        }

        foreach ((string label, int first, int second) in Repeated())
        {
            yield return new(
                ["mixture"], $"items {first} and {second} are both called '{label}'; give one a label of its own");
        }
    }

    /// <inheritdoc/>
    public bool Equals(RunTaskSection? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    private IEnumerable<(string Label, int First, int Second)> Repeated() =>
        Mixture.Select((part, i) => (Label: part.Called, Index: i)).GroupBy(part => part.Label)
            .Where(group => group.Count() > 1)
            .Select(group => (group.Key, group.First().Index, group.Skip(1).First().Index));
}

/// <summary>One task of several, with the fields of <c>task</c> and these:</summary>
public sealed record MixtureSection : TaskSection
{
    /// <summary>Its share of the prompts, against the others' weights.</summary>
    [Range(1e-6, 1e6)]
    public double Weight { get; init; } = 1;

    /// <summary>What metrics and journals call it; empty: the task's name.</summary>
    [Pattern("[a-z0-9][a-z0-9._-]{0,62}|", "lower-case letters, digits, dots and dashes, 63 at most")]
    public string Label { get; init; } = "";

    /// <inheritdoc/>
    public override string Called => Label.Length > 0 ? Label : Name;

    /// <inheritdoc/>
    public bool Equals(MixtureSection? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();
}
