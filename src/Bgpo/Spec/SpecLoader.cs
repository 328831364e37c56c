namespace Bgpo.Spec;

/// <summary>Reads specs from YAML, strictly: nothing unknown, nothing out of range, nothing twice.</summary>
public static class SpecLoader
{
    /// <summary>What a file with a run's spec should hold.</summary>
    public const string RunSpecFields = "the fields of docs/run-spec.md, for example configs/sudoku.yaml";

    /// <summary>Reads a spec from text.</summary>
    /// <typeparam name="T"><see cref="RunSpec"/>, <see cref="PretrainSpec"/> or <see cref="ClusterSpec"/>.</typeparam>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name in errors.</param>
    /// <param name="overrides">Assignments <c>a.b=c</c> that win over the text; list items go by number:
    /// <c>phases.0.steps=5</c>.</param>
    /// <param name="expected">What the text should hold, for the error of one that is empty.</param>
    /// <returns>The spec, every field within its limits.</returns>
    /// <exception cref="SpecException">The text or an override is wrong; one line per error, all that were found.</exception>
    public static T Load<T>(string yaml, string file, IEnumerable<string> overrides, string expected = RunSpecFields)
        where T : class, new()
    {
        var assignments = SpecOverride.Parse(overrides);
        var root = SpecNode.Parse(yaml, file);
        if (root is null or SpecNode.Scalar { IsNull: true })
        {
            throw new SpecException($"{file}: the file is empty; it should hold {expected}");
        }

        if (root is not SpecNode.Map)
        {
            throw new SpecException($"{file}:{root.Line}: expected fields (name: value), found {SpecBinder.Kind(root)}");
        }

        var binder = new SpecBinder(file, typeof(T));
        var spec = (T)binder.Section(typeof(T), "", root, assignments);
        return binder.Errors.Count == 0 ? spec : throw new SpecException(binder.Errors);
    }
}
