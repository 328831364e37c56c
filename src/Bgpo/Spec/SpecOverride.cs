namespace Bgpo.Spec;

/// <summary>
/// Values from the command line (<c>--set a.b=c</c>), as a tree beside the file's. The last of equal fields wins.
/// </summary>
internal sealed class SpecOverride
{
    /// <summary>How errors name where the value came from.</summary>
    internal string Origin { get; private init; } = "";

    /// <summary>The value; null for a section.</summary>
    internal string? Value { get; private set; }

    /// <summary>Fields of the section by name, list items by number.</summary>
    internal Dictionary<string, SpecOverride> Children { get; } = [];

    /// <summary>Reads <c>a.b=c</c> assignments.</summary>
    /// <exception cref="SpecException">One is not of that form.</exception>
    internal static SpecOverride Parse(IEnumerable<string> assignments)
    {
        var root = new SpecOverride();
        foreach (var assignment in assignments)
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            var path = equals < 0 ? assignment : assignment[..equals].Trim();
            var parts = path.Split('.');
            if (equals <= 0 || parts.Any(string.IsNullOrWhiteSpace))
            {
                throw new SpecException($"--set {assignment}: expected FIELD=VALUE, for example --set rollout.temperature=0.9");
            }

            var node = root;
            for (var i = 0; i < parts.Length; i++)
            {
                if (!node.Children.TryGetValue(parts[i], out var child))
                {
                    node.Children[parts[i]] = child = new SpecOverride { Origin = "--set " + string.Join('.', parts[..(i + 1)]) };
                }

                node = child;
            }

            node.Value = assignment[(equals + 1)..].Trim();
        }

        return root;
    }

    /// <summary>The first value at or below this.</summary>
    internal SpecOverride Leaf => Value is null && Children.Count > 0 ? Children.Values.First().Leaf : this;

    /// <summary>The child of a name, or null.</summary>
    internal SpecOverride? this[string name] => Children.GetValueOrDefault(name);
}
