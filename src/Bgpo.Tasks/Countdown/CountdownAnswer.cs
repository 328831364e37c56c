using System.Text;

namespace Bgpo.Tasks.Countdown;

/// <summary>
/// A generated answer: <c>(a inner b) outer c</c>, or <c>c outer (a inner b)</c> where the outer operator does not commute.
/// Operands are places in the problem (0, 1, 2).
/// </summary>
/// <param name="A">Left operand of the inner operation.</param>
/// <param name="B">Right operand of the inner operation.</param>
/// <param name="C">The remaining operand.</param>
/// <param name="Inner">Inner operator.</param>
/// <param name="Outer">Outer operator.</param>
/// <param name="InnerOnRight">Whether the inner operation is the right operand of the outer one.</param>
internal readonly record struct CountdownAnswer(int A, int B, int C, char Inner, char Outer, bool InnerOnRight)
{
    /// <summary>The four operators.</summary>
    public const string Operators = "+-*/";

    /// <summary>Draws an answer, all of 6 orders, 16 pairs of operators and 2 shapes alike.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="next">Where to take one number from the stream.</param>
    public static CountdownAnswer Draw(Philox random, uint next)
    {
        int drawn = random.Below(next, 6 * 16 * 2);
        int a = drawn % 3;
        int b = (a + 1 + (drawn / 3 % 2)) % 3;
        char outer = Operators[drawn / 6 % 4];
        return new CountdownAnswer(
            a, b, 3 - a - b, Operators[drawn / 24 % 4], outer, InnerOnRight: outer is '-' or '/' && drawn / 96 == 1);
    }

    /// <summary>The value with non-negative integers all the way.</summary>
    /// <param name="problem">The problem whose numbers to take; its target is not looked at.</param>
    /// <returns>The value, or null where a difference is negative or a division leaves a rest.</returns>
    public int? Value(CountdownProblem problem)
    {
        int? inner = Apply(Inner, problem[A], problem[B]);
        return inner is not int value ? null
            : InnerOnRight ? Apply(Outer, problem[C], value)
            : Apply(Outer, value, problem[C]);
    }

    /// <summary>
    /// The answer in one fixed spelling, so that a small model has less to choose from: no needless parentheses, sums of three
    /// with the added numbers before the subtracted ones, and commuting operands in the prompt's order. 13 characters at most.
    /// </summary>
    /// <param name="problem">The problem whose numbers to write.</param>
    public string Spell(CountdownProblem problem)
    {
        if (IsAdditive(Inner) && IsAdditive(Outer))
        {
            return SpellSum(problem);
        }
        (int a, int b) = Inner is '+' or '*' && B < A ? (B, A) : (A, B);
        string inner = $"{problem[a]}{Inner}{problem[b]}";
        return InnerOnRight
            ? $"{problem[C]}{Outer}{(Outer == '/' || IsAdditive(Inner) ? $"({inner})" : inner)}"
            : $"{(IsAdditive(Inner) && !IsAdditive(Outer) ? $"({inner})" : inner)}{Outer}{problem[C]}";
    }

    private static bool IsAdditive(char sign) => sign is '+' or '-';

    private static int? Apply(char sign, int left, int right) => sign switch
    {
        '+' => left + right,
        '-' => left >= right ? left - right : null,
        '*' => left * right,
        _ => right != 0 && left % right == 0 ? left / right : null,
    };

    private string SpellSum(CountdownProblem problem)
    {
        Span<bool> subtracted = stackalloc bool[3];
        subtracted[B] = (Inner == '-') != (InnerOnRight && Outer == '-');
        subtracted[A] = InnerOnRight && Outer == '-';
        subtracted[C] = !InnerOnRight && Outer == '-';
        string added = "";
        string taken = "";
        for (int place = 0; place < 3; place++)
        {
            if (subtracted[place])
            {
                taken += $"-{problem[place]}";
            }
            else
            {
                added += added.Length == 0 ? $"{problem[place]}" : $"+{problem[place]}";
            }
        }
        return added + taken;
    }

    /// <summary>Redraws each number from the given ones and each operator from the four, with a probability.</summary>
    /// <param name="answer">An expression.</param>
    /// <param name="numbers">The given numbers.</param>
    /// <param name="noise">The random numbers.</param>
    /// <param name="probability">The probability.</param>
    public static string Disturb(string answer, ReadOnlySpan<int> numbers, Philox noise, double probability)
    {
        StringBuilder disturbed = new(answer.Length);
        uint next = 0;
        for (int place = 0; place < answer.Length;)
        {
            int end = place + 1;
            while (char.IsAsciiDigit(answer[place]) && end < answer.Length && char.IsAsciiDigit(answer[end]))
            {
                end++;
            }
            ReadOnlySpan<char> token = answer.AsSpan(place, end - place);
            bool redraw = answer[place] is not ('(' or ')') && noise.Double(next++) < probability;
            _ = !redraw ? disturbed.Append(token)
                : char.IsAsciiDigit(token[0]) ? disturbed.Append(numbers[noise.Below(next++, numbers.Length)])
                : disturbed.Append(Operators[noise.Below(next++, Operators.Length)]);
            place = end;
        }
        return disturbed.ToString();
    }
}
