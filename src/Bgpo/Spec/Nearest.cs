namespace Bgpo.Spec;

/// <summary>Finds the known name that a misspelt one most likely stands for.</summary>
public static class Nearest
{
    /// <summary>
    /// The nearest of the known names: the only one that begins so, else by edit distance. Letter case, dashes and underscores
    /// count for nothing.
    /// </summary>
    /// <param name="name">What was written.</param>
    /// <param name="known">What may be written.</param>
    /// <returns>The name, or null when none is near enough to suggest.</returns>
    public static string? To(string name, IEnumerable<string> known)
    {
        var wanted = Plain(name);
        var candidates = known.ToArray();
        if (wanted.Length >= 3 && candidates.Where(c => Plain(c).StartsWith(wanted, StringComparison.Ordinal))
            .ToArray() is [var only])
        {
            return only;
        }

        var best = candidates
            .Select(candidate => (candidate, distance: Distance(wanted, Plain(candidate))))
            .OrderBy(pair => pair.distance)
            .FirstOrDefault();
        return best.candidate is not null && best.distance <= Math.Max(1, Math.Min(wanted.Length, best.candidate.Length) / 3)
            ? best.candidate
            : null;
    }

    /// <summary>
    /// The end of an error's line that suggests the nearest of the known names; empty when none is near enough.
    /// </summary>
    /// <param name="name">What was written.</param>
    /// <param name="known">What may be written.</param>
    public static string Hint(string name, IEnumerable<string> known) =>
        To(name, known) is { } near ? $"; did you mean '{near}'?" : "";

    private static string Plain(string name) =>
        string.Concat(name.Where(c => c is not ('-' or '_')).Select(char.ToLowerInvariant).Take(64));

    /// <summary>Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.</summary>
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            table[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            table[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(replace, 1 + Math.Min(table[i - 1, j], table[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
                }
            }
        }

        return table[a.Length, b.Length];
    }
}
