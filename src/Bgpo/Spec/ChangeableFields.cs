namespace Bgpo.Spec;

/// <summary>
/// The fields of a run spec that may change in mid-run: those that only the controller reads, step by step. Everything else
/// decides how work is cut, named or computed, and stays as the run was started.
/// </summary>
public static class ChangeableFields
{
    /// <summary>Each field, and from when a change holds.</summary>
    public static IReadOnlyList<(string Field, string From)> All { get; } =
    [
        ("optimizer.learningRate", "the peak rate, from the named step on"),
        ("optimizer.clipNorm", "from the named step on"),
        ("objective.maxLogRatio", "from the named step on"),
        ("rollout.temperature", "from the first batch sampled at the named step or later"),
        ("rollout.denoisingSteps", "from the first batch sampled at the named step or later"),
        ("run.steps", "where the run ends; schedules that run to its end, from the named step on"),
        ("evaluation.every", "at once; no effect on weights"),
        ("evaluation.intermediateCount", "at once; no effect on weights"),
        ("checkpoint.every", "at once; no effect on weights"),
        ("checkpoint.maxBehind", "at once; no effect on weights"),
        ("checkpoint.keepLast", "when the next checkpoint is saved; no effect on weights"),
        ("checkpoint.keepEvery", "when the next checkpoint is saved; no effect on weights"),
    ];

    /// <summary>Reads <c>field=value</c> assignments and checks them against a spec.</summary>
    /// <param name="specYaml">The run's spec.</param>
    /// <param name="before">Assignments that hold already.</param>
    /// <param name="assignments">The new ones.</param>
    /// <returns>Field and value of each.</returns>
    /// <exception cref="SpecException">A field is unknown or fixed, a value is bad, or fields no longer fit together; one
    /// line.</exception>
    public static IReadOnlyList<(string Field, string Value)> Read(
        string specYaml, IEnumerable<string> before, IReadOnlyList<string> assignments)
    {
        List<(string Field, string Value)> read = [];
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new SpecException($"'{assignment}': expected FIELD=VALUE, for example rollout.temperature=0.7");
            }
            (string field, string value) = (assignment[..equals].Trim(), assignment[(equals + 1)..].Trim());
            if (All.All(known => known.Field != field))
            {
                throw new SpecException(Refusal(field));
            }
            read.Add((field, value));
        }
        try
        {
            _ = SpecLoader.Load<RunSpec>(
                specYaml, "spec", [.. before, .. read.Select(change => $"{change.Field}={change.Value}")]);
        }
        catch (SpecException e)
        {
            string error = e.Errors is [var first, ..] ? first : e.Message;
            // Without the place, which is no file's.
            throw new SpecException(error[Math.Max(0, error.IndexOf("field ", StringComparison.Ordinal))..], e);
        }
        return read;
    }

    /// <summary>A field's value in a spec, as text.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="field">The field, as <c>rollout.temperature</c>.</param>
    public static string ValueOf(RunSpec spec, string field)
    {
        object value = spec;
        foreach (string name in field.Split('.'))
        {
            value = SpecSchema.Fields(value.GetType()).First(one => one.Name == name).Property.GetValue(value)!;
        }
        return SpecSchema.Scalar(value);
    }

    private static string Refusal(string field)
    {
        string names = string.Join(", ", All.Select(known => known.Field));
        if (SpecSchema.Paths(typeof(RunSpec)).Contains(field))
        {
            return $"field {field}: stays as the run was started; in mid-run there can change: {names}";
        }
        return Nearest.To(field, All.Select(known => known.Field)) is { } near
            ? $"field {field}: unknown field; did you mean '{near}'?"
            : $"field {field}: unknown field; in mid-run there can change: {names}";
    }
}
