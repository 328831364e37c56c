namespace Bgpo.Tasks.Mathematics;

/// <summary>Finds the answer in a completion, and in the solution that a data set gives.</summary>
public static class MathAnswer
{
    private static readonly string[] s_boxes = ["\\boxed", "\\fbox"];
    private static readonly string[] s_phrases = ["answer is", "answer:", "answer ="];

    /// <summary>
    /// The answer of a completion: what the last \boxed{} or \fbox{} holds; else the last &lt;answer&gt;...&lt;/answer&gt;; else
    /// what follows the last ####, to the line's end; else what follows the last "answer is" or "answer:", to the sentence's end.
    /// </summary>
    /// <param name="completion">Any text.</param>
    /// <returns>The answer, not empty; null where there is none. A last box that is not closed is none.</returns>
    public static string? Find(string completion)
    {
        ArgumentNullException.ThrowIfNull(completion);
        string? answer = LastBox(completion, out bool isOpen);
        if (answer is null && !isOpen)
        {
            answer = Tagged(completion) ?? Hashed(completion) ?? Said(completion);
        }
        return string.IsNullOrWhiteSpace(answer) ? null : answer.Trim();
    }

    /// <summary>The answer of a reference: what follows its last ####, what its last \boxed{} holds, or all of it.</summary>
    /// <param name="reference">A solution, or an answer alone.</param>
    /// <returns>The answer; null where there is none.</returns>
    public static string? OfReference(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        string? answer = Hashed(reference) ?? LastBox(reference, out bool isOpen)
            ?? (isOpen ? null : Tagged(reference) ?? reference);
        return string.IsNullOrWhiteSpace(answer) ? null : answer.Trim();
    }

    /// <summary>What the last box holds.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isOpen">Whether the last box is not closed.</param>
    private static string? LastBox(string text, out bool isOpen)
    {
        isOpen = false;
        int start = -1;
        int inside = 0;
        foreach (string box in s_boxes)
        {
            int found = text.LastIndexOf(box, StringComparison.Ordinal);
            if (found > start && !(found + box.Length < text.Length && char.IsAsciiLetter(text[found + box.Length])))
            {
                (start, inside) = (found, found + box.Length);
            }
        }
        if (start < 0)
        {
            return null;
        }
        while (inside < text.Length && text[inside] == ' ')
        {
            inside++;
        }
        string? answer = inside < text.Length && text[inside] == '{' ? InBraces(text, inside) : Bare(text, inside);
        isOpen = answer is null;
        return answer;
    }

    private static string? InBraces(string text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] is '{' or '}' && !IsEscaped(text, i))
            {
                depth += text[i] == '{' ? 1 : -1;
                if (depth == 0)
                {
                    // \boxed{\boxed{5}}: the last box is the inner one, so this is the innermost.
                    return text[(open + 1)..i];
                }
            }
        }
        return null;
    }

    private static bool IsEscaped(string text, int place)
    {
        int slashes = 0;
        while (slashes < 2 && place - slashes > 0 && text[place - slashes - 1] == '\\')
        {
            slashes++;
        }
        return slashes == 1;
    }

    /// <summary>\boxed 5$: to the dollar sign or the line's end.</summary>
    private static string? Bare(string text, int start)
    {
        int end = text.AsSpan(start).IndexOfAny('$', '\n');
        string bare = end < 0 ? text[start..] : text[start..(start + end)];
        return string.IsNullOrWhiteSpace(bare) ? null : bare;
    }

    private static string? Tagged(string text)
    {
        int close = text.LastIndexOf("</answer>", StringComparison.OrdinalIgnoreCase);
        int open = close < 0 ? -1 : text.LastIndexOf("<answer>", close, StringComparison.OrdinalIgnoreCase);
        return open < 0 ? null : text[(open + "<answer>".Length)..close];
    }

    private static string? Hashed(string text)
    {
        int start = text.LastIndexOf("####", StringComparison.Ordinal);
        return start < 0 ? null : LineAt(text, start + 4);
    }

    private static string LineAt(string text, int start)
    {
        while (start < text.Length && text[start] is ' ' or '\t')
        {
            start++;
        }
        int end = text.IndexOf('\n', start);
        return end < 0 ? text[start..] : text[start..end];
    }

    private static string? Said(string text)
    {
        int start = -1;
        foreach (string phrase in s_phrases)
        {
            int found = text.LastIndexOf(phrase, StringComparison.OrdinalIgnoreCase);
            start = found < 0 ? start : Math.Max(start, found + phrase.Length);
        }
        if (start < 0)
        {
            return null;
        }
        string line = LineAt(text, start).TrimStart(' ', ':', '*');
        for (int i = 0; i < line.Length; i++)
        {
            // A point ends the sentence unless a digit follows it.
            if (line[i] == '.' && (i + 1 == line.Length || char.IsWhiteSpace(line[i + 1])))
            {
                return line[..i];
            }
        }
        return line;
    }
}
