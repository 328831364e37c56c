using System.Text.RegularExpressions;
using Bgpo.Spec;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Rewards with shares for the form, as d1 has them (dllm-reasoning/d1), divided by their largest sum so that they lie in
/// [0, 1]. A point in its patterns matches no line break, so a solution has the soft form or the strict one, not both.
/// </summary>
internal static class MathShares
{
    private const double Right = 2;
    private const double Share = 0.5;

    private static readonly Regex s_strict = Pattern(@"^<reasoning>\n.*?\n</reasoning>\n<answer>\n.*?\n</answer>\n?\z");
    private static readonly Regex s_soft = Pattern(@"^<reasoning>.*?</reasoning>\s*<answer>.*?</answer>");

    /// <summary>The reward.</summary>
    /// <param name="format">Which shares.</param>
    /// <param name="completion">The completion.</param>
    /// <param name="isRight">Whether its answer is right.</param>
    public static double Reward(MathFormat format, string completion, bool isRight) => format switch
    {
        MathFormat.D1 => Math.Clamp(((isRight ? Right : 0) + Form(completion)) / (Right + (3 * Share)), 0, 1),
        MathFormat.D1Boxed => ((isRight ? Right : 0) + Box(completion)) / (Right + 1),
        _ => isRight ? 1 : 0,
    };

    /// <summary>
    /// GSM8K's: tags in their places, the soft and the strict pattern, a whole number between the answer's tags.
    /// </summary>
    private static double Form(string completion)
    {
        string answer = Between(completion, "<answer>", "</answer>").Trim();
        return Tags(completion)
            + (s_soft.IsMatch(completion) ? Share : 0)
            + (s_strict.IsMatch(completion) ? Share : 0)
            + (answer.Length > 0 && answer.All(char.IsDigit) ? Share : 0);
    }

    /// <summary>
    /// An eighth for each tag that is there once, on its line; less a thousandth for each character behind the end.
    /// </summary>
    private static double Tags(string completion)
    {
        double share = 0;
        share += Count(completion, "<reasoning>\n") == 1 ? Share / 4 : 0;
        share += Count(completion, "\n</reasoning>\n") == 1 ? Share / 4 : 0;
        if (Count(completion, "\n<answer>\n") == 1)
        {
            share += (Share / 4) - (0.001 * After(completion, "\n</answer>\n"));
        }
        if (Count(completion, "\n</answer>") == 1)
        {
            share += (Share / 4) - (0.001 * (After(completion, "\n</answer>") - 1));
        }
        return share;
    }

    /// <summary>MATH's: a half for the answer's tags, a quarter and as much again for a box in them.</summary>
    private static double Box(string completion)
    {
        bool isTagged = completion.Contains("<answer>", StringComparison.Ordinal);
        string inside = isTagged ? completion.Split("<answer>", 3)[1].Split("</answer>", 2)[0] : completion;
        return Share * ((isTagged ? 1 : 0) + (inside.Contains("\\boxed", StringComparison.Ordinal) ? 1 : 0.5));
    }

    private static string Between(string text, string open, string close)
    {
        int start = text.LastIndexOf(open, StringComparison.Ordinal);
        string rest = start < 0 ? text : text[(start + open.Length)..];
        int end = rest.IndexOf(close, StringComparison.Ordinal);
        return end < 0 ? rest : rest[..end];
    }

    private static int Count(string text, string part)
    {
        int count = 0;
        for (int i = text.IndexOf(part, StringComparison.Ordinal); i >= 0 && count < 2;
            i = text.IndexOf(part, i + part.Length, StringComparison.Ordinal))
        {
            count++;
        }
        return count;
    }

    /// <summary>Characters behind the last occurrence; all where there is none.</summary>
    private static int After(string text, string part)
    {
        int last = text.LastIndexOf(part, StringComparison.Ordinal);
        return last < 0 ? text.Length : text.Length - last - part.Length;
    }

    // Linear in the completion, whatever it holds.
    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
