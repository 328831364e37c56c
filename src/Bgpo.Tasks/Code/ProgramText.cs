using System.Text.RegularExpressions;

namespace Bgpo.Tasks.Code;

/// <summary>Finds the program in a completion.</summary>
internal static partial class ProgramText
{
    /// <summary>Longest completion that is looked at, characters.</summary>
    private const int Longest = 1 << 18;

    /// <summary>
    /// The ways to read a completion as a program, of which the first that compiles counts: the last fenced block of Python, else
    /// the last block of no named language, else all of it; where the prompt begins a program, as what goes on from it, cut
    /// where it comes back to the margin if need be, or indented.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="completion">Any text at all.</param>
    /// <returns>The programs; none where the completion has no text, or more than is looked at.</returns>
    public static IReadOnlyList<string> Readings(CodeProblem problem, string completion)
    {
        string text = Fenced(completion) ?? completion;
        if (string.IsNullOrWhiteSpace(text) || completion.Length > Longest)
        {
            return [];
        }
        if (problem.Prelude.Length == 0)
        {
            return [text];
        }
        string prelude = problem.Prelude;
        if (Defines(text, problem.Entry))
        {
            return [$"{prelude}\n{text}", text];
        }
        return [.. Continuations(text.Trim('\r', '\n')).Distinct().Select(one => prelude + (prelude.EndsWith('\n') ? "" : "\n") + one)];
    }

    /// <summary>The ways to read a text as the rest of a function.</summary>
    private static IEnumerable<string> Continuations(string body)
    {
        if (char.IsWhiteSpace(body[0]))
        {
            return [body, Cut(body)];
        }
        string firstIndented = "    " + body;
        string allIndented = "    " + body.Replace("\n", "\n    ", StringComparison.Ordinal);
        return AtMargin().IsMatch(body) ? [allIndented, Cut(firstIndented)] : [firstIndented, allIndented];
    }

    /// <summary>The last fenced block; the end of the text closes one that is left open. Null where there is none.</summary>
    private static string? Fenced(string completion)
    {
        MatchCollection blocks = Fences().Matches(completion);
        Match? chosen = blocks.LastOrDefault(block => block.Groups[1].Value.ToUpperInvariant() is "PYTHON" or "PY" or "PYTHON3")
            ?? blocks.LastOrDefault(block => block.Groups[1].Length == 0);
        return chosen?.Groups[2].Value;
    }

    private static bool Defines(string text, string entry) =>
        Regex.IsMatch(text, $@"^(async\s+def|def|class)\s+{Regex.Escape(entry)}\b|^{Regex.Escape(entry)}\s*=",
            RegexOptions.Multiline | RegexOptions.NonBacktracking);

    /// <summary>What comes before the first line, after the first, that is not indented.</summary>
    private static string Cut(string text) => AtMargin().Match(text) is { Success: true } margin ? text[..margin.Index] : text;

    [GeneratedRegex(@"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();

    [GeneratedRegex(@"\n(?=[^\s])")]
    private static partial Regex AtMargin();
}
