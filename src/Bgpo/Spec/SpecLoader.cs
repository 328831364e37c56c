namespace Bgpo.Spec;

/// <summary>Reads specs from YAML, strictly: nothing unknown, nothing out of range, nothing twice.</summary>
public static class SpecLoader
{
    /// <summary>Reads a spec from text.</summary>
    /// <typeparam name="T"><see cref="RunSpec"/> or <see cref="PretrainSpec"/>.</typeparam>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name in errors.</param>
    /// <param name="overrides">Assignments <c>a.b=c</c> that win over the text; list items go by number: <c>phases.0.steps=5</c>.</param>
    /// <returns>The spec, every field within its limits.</returns>
    /// <exception cref="SpecException">The text or an override is wrong; one line per error, all that were found.</exception>
    public static T Load<T>(string yaml, string file, IEnumerable<string> overrides)
        where T : class, new()
    {
        var assignments = SpecOverride.Parse(overrides);
        var root = SpecNode.Parse(yaml, file);
        if (root is null or SpecNode.Scalar { IsNull: true })
            throw new SpecException($"{file}: the file is empty; it should hold the fields of docs/run-spec.md, for example configs/sudoku.yaml");
        if (root is not SpecNode.Map)
            throw new SpecException($"{file}:{root.Line}: expected fields (name: value), found {SpecBinder.Kind(root)}");

        var binder = new SpecBinder(file, typeof(T));
        var spec = (T)binder.Section(typeof(T), "", root, assignments);
        return binder.Errors.Count == 0 ? spec : throw new SpecException(binder.Errors);
    }
}
