using System.Text;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Whether two answers say the same: numbers in any notation, expressions, tuples, intervals, sets, matrices, equations, names.
/// </summary>
/// <remarks>
/// <para>Pure, and the same for both orders of the two. Never throws; takes some milliseconds at most whatever the texts are. An
/// answer of more than <see cref="MathLexer.MaxLength"/> characters, or that is no mathematics, equals only itself, spaces and
/// capitals aside.</para>
/// <para>Exact: numbers, quotients of polynomials, factorials. Everything else (roots, logarithms, angles) by values at eight
/// fixed points: what differs by one part in 10^9 is different, by less than one in 10^12 equal. Variables are any real
/// numbers, so \sqrt{x^2} is not x.</para>
/// <para>A unit counts where both have one that is known: 100 cm is 1 m and not 1 s; else it is passed over. A percentage equals
/// the number before the sign and the hundredth of it. Two answers in a row are a set: order and repeats do not matter. A name
/// before = is passed over where the other side has none: x = 3 is 3.</para>
/// </remarks>
public static class MathEquality
{
    /// <summary>What a comparison may cost: about 20 ms.</summary>
    private const long Work = 100_000;

    /// <summary>Longest text whose letters are compared.</summary>
    private const int MaxText = 100_000;

    /// <summary>Whether two answers are the same.</summary>
    /// <param name="left">The one, without \boxed{} or the like around it.</param>
    /// <param name="right">The other.</param>
    public static bool AreEqual(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (string.CompareOrdinal(left, right) > 0)
        {
            (left, right) = (right, left);
        }
        if (left.Length > MathLexer.MaxLength || right.Length > MathLexer.MaxLength)
        {
            return left.Length <= MaxText && right.Length <= MaxText && Letters(left) is { Length: > 0 } text
                && text == Letters(right);
        }
        string a = Trimmed(left);
        string b = Trimmed(right);
        return AreEqual(a, b, commasGroup: true)
            || ((a.Contains(',', StringComparison.Ordinal) || b.Contains(',', StringComparison.Ordinal))
                && AreEqual(a, b, commasGroup: false))
            || AreSameWords(a, b);
    }

    /// <summary>
    /// Whether a text can be read as mathematics, a name or words, so that it can equal more than its own spelling.
    /// </summary>
    /// <param name="text">The text.</param>
    public static bool CanRead(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return MathLexer.TryRead(Trimmed(text), commasGroup: true) is { } tokens && MathParser.TryParse(tokens) is not null;
    }

    private static bool AreEqual(string left, string right, bool commasGroup)
    {
        if (MathLexer.TryRead(left, commasGroup) is not { Count: > 0 } a
            || MathLexer.TryRead(right, commasGroup) is not { Count: > 0 } b)
        {
            return false;
        }
        return a.SequenceEqual(b)
            || (MathParser.TryParse(a) is { } first && MathParser.TryParse(b) is { } second
                && new AnswerEquality(new WorkBudget(Work)).AreEqual(first, second));
    }

    /// <summary>The answer without what people put around it.</summary>
    private static string Trimmed(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().TrimStart(" \t\r\n`\"*:,;\u00a0").TrimEnd(" \t\r\n.`\"*:,;\u00a0");
        return trimmed.Length == text.Length ? text : trimmed.ToString();
    }

    /// <summary>Whether both are the same word, or are the same and no mathematics.</summary>
    private static bool AreSameWords(string left, string right)
    {
        string letters = Letters(left);
        return letters.Length > 0 && letters == Letters(right)
            && ((letters.Length > 2 && letters.All(char.IsLetter) && letters.AsSpan().ContainsAny("aeiou"))
                || (MathLexer.TryRead(left, commasGroup: true) is null && MathLexer.TryRead(right, commasGroup: true) is null));
    }

    /// <summary>What a text says without commands that set it in a font, spaces and punctuation, in lower case.</summary>
    private static string Letters(string text)
    {
        StringBuilder letters = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                int end = i + 1;
                while (end < text.Length && char.IsAsciiLetter(text[end]))
                {
                    end++;
                }
                string command = text[(i + 1)..end];
                if (MathSpelling.TextCommands.Contains(command) || MathSpelling.Ignored.Contains(command))
                {
                    i = end - 1;
                    continue;
                }
            }
            if (!char.IsWhiteSpace(text[i]) && !"{}()$.,'\"~".Contains(text[i], StringComparison.Ordinal))
            {
                letters.Append(char.ToLowerInvariant(text[i]));
            }
        }
        return letters.ToString();
    }
}
