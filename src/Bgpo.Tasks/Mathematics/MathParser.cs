namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Reads an answer: lists of relations between sides, sides of expressions. Recursive descent over at most
/// <see cref="MathLexer.MaxLength"/> tokens and <see cref="ExpressionParser.MaxDepth"/> levels.
/// </summary>
/// <remarks>
/// <code>
/// list     = element ((',' | ';' | 'and' | 'or') element)*
/// element  = side (('=' | '&lt;' | '∈' | ...) side)*
/// side     = ratio (('∪' | '∩' | '∖') ratio)*
/// ratio    = measured (':' measured)*
/// measured = words | expression ['%' | words]
/// </code>
/// </remarks>
internal sealed class MathParser : AtomParser
{
    private static readonly Unit s_degree = Units.Find("degree")!.Value;

    private static readonly HashSet<string> s_introductions =
    [
        "approximately", "approx", "about", "roughly", "around", "exactly", "option", "choice", "the", "final", "answer", "is",
        "usd", "euro", "pound sterling", "yen",
    ];

    private MathParser(List<MathToken> tokens, bool isMinus)
        : base(tokens, isMinus)
    {
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <returns>The answer; where it has ±, both answers; null where it is none.</returns>
    public static MathNode? TryParse(List<MathToken> tokens)
    {
        MathNode? plus = new MathParser(tokens, isMinus: false).Whole();
        if (plus is null || !tokens.Exists(token => token.Is("±") || token.Is("∓")))
        {
            return plus;
        }
        MathNode? minus = new MathParser(tokens, isMinus: true).Whole();
        return minus is null ? null : new SetNode([plus, minus]);
    }

    private MathNode? Whole()
    {
        List<MathNode> items = Items();
        return HasFailed || !IsAtEnd || items.Count == 0 ? null
            : items.Count == 1 ? items[0]
            : new SetNode(items);
    }

    /// <inheritdoc/>
    protected override List<MathNode> Items()
    {
        List<MathNode> items = [];
        while (!IsAtEnd && !IsClosing(Now))
        {
            items.Add(Element());
            bool isSeparated = false;
            while (Skip(",") || Skip(";") || Skip("and"))
            {
                isSeparated = true;
            }
            if (!isSeparated)
            {
                break;
            }
        }
        return items;
    }

    private static bool IsClosing(MathToken token) =>
        token.Kind == TokenKind.End
        || (token.Kind == TokenKind.Sign && token.Text is ")" or "]" or "}" or "\\}" or "⟩" or "&" or "\\\\");

    /// <inheritdoc/>
    protected override MathNode Element()
    {
        if (Now.Is("=") || Now.Is("≈"))
        {
            Move();
        }
        List<MathNode> sides = [Side()];
        List<char> signs = [];
        while (Now.Kind == TokenKind.Sign && Now.Text is "=" or "≈" or "<" or ">" or "≤" or "≥" or "≠" or "∈")
        {
            signs.Add(Now.Text[0]);
            Move();
            sides.Add(Side());
        }
        int rounded = signs.IndexOf('≈');
        if (rounded == 0 && MathNames.IsName(sides[0]))
        {
            signs[0] = '=';
            rounded = signs.IndexOf('≈');
        }
        if (rounded >= 0)
        {
            // What is exact stands before what is rounded.
            sides.RemoveRange(rounded + 1, sides.Count - rounded - 1);
            signs.RemoveRange(rounded, signs.Count - rounded);
        }
        return sides.Count == 1 ? sides[0] : new RelationNode(sides, signs);
    }

    private MathNode Side()
    {
        MathNode left = Ratio();
        while (Now.Kind == TokenKind.Sign && Now.Text is "∪" or "∩" or "∖")
        {
            char sign = Now.Text[0];
            Move();
            MathNode right = Ratio();
            left = left is JoinedNode joined && joined.Sign == sign && sign != '∖'
                ? new JoinedNode(sign, [.. joined.Parts, right])
                : new JoinedNode(sign, [left, right]);
        }
        return left;
    }

    private MathNode Ratio()
    {
        MathNode first = Measured();
        if (!Now.Is(":"))
        {
            return first;
        }
        List<MathNode> parts = [first];
        while (Skip(":"))
        {
            parts.Add(Measured());
        }
        return new JoinedNode(':', parts);
    }

    private MathNode Measured()
    {
        while (Now.Kind == TokenKind.Word && s_introductions.Contains(Now.Text) && At(1).Kind != TokenKind.None)
        {
            Move();
            Skip(":");
        }
        if (Now.Kind == TokenKind.Word)
        {
            return new WordsNode(WordsHere());
        }
        MathNode value = Expression();
        if (Skip("%"))
        {
            return new MeasuredNode(value, null, IsPercent: true);
        }
        if (Now.Kind == TokenKind.Word)
        {
            string words = WordsHere();
            return new MeasuredNode(value, Units.Find(words), words is "percent" or "percentage" or "pct" or "per cent");
        }
        return value switch
        {
            CallNode { Function: "degrees", Arguments: [var angle] } => new MeasuredNode(angle, s_degree, IsPercent: false),
            ProductNode { Factors: [NumberNode { Value: var sign }, CallNode { Function: "degrees", Arguments: [var angle] }] }
                when sign == -1 => new MeasuredNode(Negative(angle), s_degree, IsPercent: false),
            _ => value,
        };
    }

    /// <summary>Words to the end of the element, with the signs and small powers that units have.</summary>
    private string WordsHere()
    {
        string words = "";
        while (Now.Kind is TokenKind.Word or TokenKind.Symbol || (words.Length > 0 && IsInUnit()))
        {
            words += Now.Kind is TokenKind.Word or TokenKind.Symbol && words.Length > 0 && words[^1] is not '/' and not '^'
                ? " " + Now.Text
                : Now.Text;
            Move();
        }
        return words;
    }

    private bool IsInUnit() => (Now.Kind == TokenKind.Sign && Now.Text is "/" or "^" or "-" or "*")
        || (Now.Kind == TokenKind.Number && Now.Text is "2" or "3" && Before.Is("^"));
}
