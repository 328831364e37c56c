namespace Bgpo.Tasks.Mathematics;

/// <summary>What a token of an answer is.</summary>
internal enum TokenKind
{
    /// <summary>Nothing: behind the last token.</summary>
    None,

    /// <summary>A non-negative number; its value is exact.</summary>
    Number,

    /// <summary>A variable or constant: a letter, or the name of a LaTeX command such as pi.</summary>
    Symbol,

    /// <summary>The name of a function that takes what follows: sin, frac, sqrt.</summary>
    Function,

    /// <summary>Words: a unit, a name, a choice.</summary>
    Word,

    /// <summary>An operator, a relation or a bracket.</summary>
    Sign,

    /// <summary>Begins a matrix.</summary>
    Begin,

    /// <summary>Ends a matrix.</summary>
    End,
}

/// <summary>One token of an answer.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its spelling, the same for all ways to write the same thing.</param>
/// <param name="Value">The value of a number.</param>
internal readonly record struct MathToken(TokenKind Kind, string Text, Rational Value = default)
{
    /// <summary>Whether it is this sign.</summary>
    /// <param name="text">The sign.</param>
    public bool Is(string text) => Kind == TokenKind.Sign && Text == text;
}
