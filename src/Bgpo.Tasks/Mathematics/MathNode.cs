namespace Bgpo.Tasks.Mathematics;

/// <summary>A part of an answer, as it is written: a number, an expression, or a structure of them.</summary>
internal abstract record MathNode
{
    /// <summary>Whether it stands for one number, given its variables.</summary>
    public virtual bool IsScalar => true;
}

/// <summary>A number.</summary>
/// <param name="Value">Its exact value.</param>
internal sealed record NumberNode(Rational Value) : MathNode;

/// <summary>A variable, or a constant such as pi.</summary>
/// <param name="Name">Its name, with its subscript.</param>
internal sealed record SymbolNode(string Name) : MathNode;

/// <summary>A sum.</summary>
/// <param name="Terms">Two terms or more.</param>
internal sealed record SumNode(IReadOnlyList<MathNode> Terms) : MathNode;

/// <summary>A product.</summary>
/// <param name="Factors">Two factors or more.</param>
internal sealed record ProductNode(IReadOnlyList<MathNode> Factors) : MathNode;

/// <summary>A power; a quotient is a product with a power of -1.</summary>
/// <param name="Base">The base.</param>
/// <param name="Exponent">The exponent.</param>
internal sealed record PowerNode(MathNode Base, MathNode Exponent) : MathNode;

/// <summary>A function of its arguments.</summary>
/// <param name="Function">Its name: sin, sqrt (one argument), root (radicand, degree), log (argument, base) ...</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record CallNode(string Function, IReadOnlyList<MathNode> Arguments) : MathNode;

/// <summary>Words.</summary>
/// <param name="Text">In lower case.</param>
internal sealed record WordsNode(string Text) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>Something with a unit, or a percentage.</summary>
/// <param name="Value">What is measured.</param>
/// <param name="Unit">The unit; null where the words behind the value are none.</param>
/// <param name="IsPercent">Whether it is a percentage.</param>
internal sealed record MeasuredNode(MathNode Value, Unit? Unit, bool IsPercent) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>Items in round, square or angle brackets, in order: a point, an interval, a vector.</summary>
/// <param name="Open">The opening bracket.</param>
/// <param name="Close">The closing bracket.</param>
/// <param name="Items">The items.</param>
internal sealed record TupleNode(char Open, char Close, IReadOnlyList<MathNode> Items) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>Items in no order: a set, or several answers.</summary>
/// <param name="Items">The items.</param>
internal sealed record SetNode(IReadOnlyList<MathNode> Items) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>A matrix.</summary>
/// <param name="Rows">Its rows.</param>
internal sealed record MatrixNode(IReadOnlyList<IReadOnlyList<MathNode>> Rows) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>Parts joined by the same sign: sets by ∪, ∩ or ∖, a ratio by a colon.</summary>
/// <param name="Sign">The sign.</param>
/// <param name="Parts">Two parts or more.</param>
internal sealed record JoinedNode(char Sign, IReadOnlyList<MathNode> Parts) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}

/// <summary>An equation, an inequality or a chain of them.</summary>
/// <param name="Sides">Two sides or more.</param>
/// <param name="Signs">The signs between them: = ≠ &lt; &gt; ≤ ≥ ∈.</param>
internal sealed record RelationNode(IReadOnlyList<MathNode> Sides, IReadOnlyList<char> Signs) : MathNode
{
    /// <inheritdoc/>
    public override bool IsScalar => false;
}
