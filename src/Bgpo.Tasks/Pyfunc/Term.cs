namespace Bgpo.Tasks.Pyfunc;

/// <summary>How a term is made of an argument.</summary>
internal enum TermForm
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Two times it.</summary>
    Twice,

    /// <summary>It times itself.</summary>
    Squared,

    /// <summary>Half of it, rounded down.</summary>
    Half,

    /// <summary>No argument: a digit.</summary>
    Digit,
}

/// <summary>A part of a function: an argument, something simple made of it, or a digit.</summary>
/// <param name="Form">What is made.</param>
/// <param name="Value">The argument, 0 for a and 1 for b; or the digit, 1 to 9.</param>
internal readonly record struct Term(TermForm Form, int Value)
{
    private const int ArgumentForms = 4;

    private char Name => (char)('a' + Value);

    /// <summary>Draws a term: three in four have an argument.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="next">Where to take three numbers from it.</param>
    public static Term Draw(Philox random, uint next) => random.Below(next, 4) == 0
        ? new Term(TermForm.Digit, 1 + random.Below(next + 1, 9))
        : new Term((TermForm)random.Below(next + 1, ArgumentForms), random.Below(next + 2, 2));

    /// <summary>The term as a careless reader may take it: any form of the same argument, the right one included.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="next">Where to take a number from it.</param>
    public Term Redrawn(Philox random, uint next) =>
        Form == TermForm.Digit ? this : this with { Form = (TermForm)random.Below(next, ArgumentForms) };

    /// <summary>Its value.</summary>
    public long Of(long a, long b)
    {
        long argument = Value == 0 ? a : b;
        return Form switch
        {
            TermForm.Plain => argument,
            TermForm.Twice => 2 * argument,
            TermForm.Squared => argument * argument,
            TermForm.Half => (argument - (argument < 0 ? 1 : 0)) / 2,
            _ => Value,
        };
    }

    /// <summary>In words.</summary>
    public string Words => Form switch
    {
        TermForm.Plain => $"{Name}",
        TermForm.Twice => $"twice {Name}",
        TermForm.Squared => $"{Name} squared",
        TermForm.Half => $"half {Name}",
        _ => $"{Value}",
    };

    /// <summary>In Python.</summary>
    public string Code => Form switch
    {
        TermForm.Plain => $"{Name}",
        TermForm.Twice => $"2*{Name}",
        TermForm.Squared => $"{Name}*{Name}",
        TermForm.Half => $"{Name}//2",
        _ => $"{Value}",
    };
}
