using Bgpo.Tasks.Code;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Pyfunc;

/// <summary>How two terms are joined.</summary>
internal enum Joint
{
    /// <summary>Their sum.</summary>
    Plus,

    /// <summary>Their difference.</summary>
    Minus,

    /// <summary>Their product.</summary>
    Times,

    /// <summary>The larger one.</summary>
    Larger,

    /// <summary>The smaller one.</summary>
    Smaller,
}

/// <summary>
/// A function of two integers: two terms, joined, and a third one added or taken away where there is one, which is never so
/// beside the larger or smaller of two.
/// </summary>
/// <param name="First">First term.</param>
/// <param name="Second">Second term.</param>
/// <param name="Joint">How they are joined.</param>
/// <param name="Third">Third term; null: none.</param>
/// <param name="IsThirdAdded">Whether it is added.</param>
internal readonly record struct PyfuncProblem(Term First, Term Second, Joint Joint, Term? Third, bool IsThirdAdded)
{
    /// <summary>Every prompt is this long, filled up with spaces, so that problems can be computed together.</summary>
    public const int PromptLength = 50;

    /// <summary>Calls that a program is tested by.</summary>
    private const int Calls = 8;

    private const int Joints = 5;

    /// <summary>Draws a function that has an argument in it.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="next">Where to begin in it.</param>
    public static PyfuncProblem Draw(Philox random, uint next)
    {
        for (; ; next += 16)
        {
            Term first = Term.Draw(random, next);
            Term second = Term.Draw(random, next + 3);
            var joint = (Joint)random.Below(next + 10, Joints);
            bool hasThird = joint < Joint.Larger && random.Below(next + 9, 2) == 0;
            PyfuncProblem problem = new(
                first, second, joint, hasThird ? Term.Draw(random, next + 6) : null, hasThird && random.Below(next + 11, 2) == 0);
            if (first.Form != TermForm.Digit || second.Form != TermForm.Digit)
            {
                return problem;
            }
        }
    }

    /// <summary>The function as a careless reader may take it.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="noise">Probability of each part to be redrawn.</param>
    public PyfuncProblem Redrawn(Philox random, double noise)
    {
        Term Again(Term term, uint next) => random.Double(next) < noise ? term.Redrawn(random, next + 1) : term;
        return this with
        {
            First = Again(First, 0),
            Second = Again(Second, 2),
            Third = Third is { } third ? Again(third, 4) : null,
            Joint = random.Double(6) >= noise ? Joint
                : Joint >= Joint.Larger ? (Joint)((int)Joint.Larger + random.Below(7, 2)) : (Joint)random.Below(7, 3),
            IsThirdAdded = Third is not null && (random.Double(8) < noise ? random.Below(9, 2) == 0 : IsThirdAdded),
        };
    }

    /// <summary>Whether it is held out: about one function in ten, the same for every run and spec.</summary>
    public bool IsHeldOut
    {
        get
        {
            static uint Key(Term? term) => term is { } one ? (uint)(10 * (int)one.Form) + (uint)one.Value : 99;
            uint joints = 2 * (uint)Joint + (IsThirdAdded ? 1u : 0);
            return Streams.Split(1 + Key(First) + 100 * Key(Second), Key(Third), 100 + joints).Double(0) < 0.1;
        }
    }

    /// <summary>Its value.</summary>
    public long Of(long a, long b)
    {
        long first = First.Of(a, b);
        long second = Second.Of(a, b);
        long joined = Joint switch
        {
            Joint.Plus => first + second,
            Joint.Minus => first - second,
            Joint.Times => first * second,
            Joint.Larger => Math.Max(first, second),
            _ => Math.Min(first, second),
        };
        long third = Third?.Of(a, b) ?? 0;
        return IsThirdAdded ? joined + third : joined - third;
    }

    /// <summary>In words, such as <c>twice a plus b</c>.</summary>
    public string Words => Joint switch
    {
        Joint.Plus => $"{First.Words} plus {Second.Words}",
        Joint.Minus => $"{First.Words} minus {Second.Words}",
        Joint.Times => $"{First.Words} times {Second.Words}",
        Joint.Larger => $"larger of {First.Words} and {Second.Words}",
        _ => $"smaller of {First.Words} and {Second.Words}",
    } + (Third is { } third ? $" {(IsThirdAdded ? "plus" : "minus")} {third.Words}" : "");

    /// <summary>In Python, such as <c>return 2*a+b</c>.</summary>
    public string Answer => "return " + Joint switch
    {
        Joint.Plus => $"{First.Code}+{Second.Code}",
        Joint.Minus => $"{First.Code}-{Second.Code}",
        Joint.Times => $"{First.Code}*{(Second.Form == TermForm.Half ? $"({Second.Code})" : Second.Code)}",
        Joint.Larger => $"max({First.Code},{Second.Code})",
        _ => $"min({First.Code},{Second.Code})",
    } + (Third is { } third ? $"{(IsThirdAdded ? '+' : '-')}{third.Code}" : "");

    /// <summary>The prompt, with the calls that an answer is tested by.</summary>
    /// <param name="name">The task's name.</param>
    public Prompt Pose(string name)
    {
        PyfuncProblem self = this;
        Philox random = Streams.Split(1 + (uint)First.Value, (uint)Second.Value, 1000);
        string Case(int i)
        {
            // Of both signs, odd and even, and no small ones, for which different functions often agree.
            long a = (i % 2 == 0 ? 1 : -1) * (3 + random.Below(2 * (uint)i, 17));
            long b = (i / 2 % 2 == 0 ? 1 : -1) * (3 + random.Below((2 * (uint)i) + 1, 17));
            return $"assert f({a}, {b}) == {self.Of(a, b)}";
        }
        CodeProblem tests = new()
        {
            Prelude = "def f(a,b):\n",
            Entry = "f",
            Cases = [.. Enumerable.Range(0, Calls).Select(Case)],
        };
        return new Prompt($"{name}:{Words}", $"f(a,b): {Words}".PadRight(PromptLength), tests.ToReference());
    }
}
