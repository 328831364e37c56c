namespace Bgpo.Tasks.Mathematics;

/// <summary>Reads expressions: sums, products, powers, functions, brackets.</summary>
/// <remarks>
/// <code>
/// expression = ('+' | '-' | '±')* term (('+' | '-' | '±') term)*
/// term       = factor (['*' | '/'] factor)*
/// factor     = ('+' | '-')* power
/// power      = atom ('!' | '°' | '_' name)* ['^' factor]
/// </code>
/// </remarks>
/// <param name="tokens">The tokens.</param>
/// <param name="isMinus">Whether ± is read as a minus sign.</param>
internal abstract class ExpressionParser(List<MathToken> tokens, bool isMinus) : TokenReader(tokens)
{
    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 64;

    /// <summary>How deep the parser is.</summary>
    protected int Depth { get; set; }

    /// <summary>Whether a bar ends what is read.</summary>
    protected bool IsInBars { get; set; }

    /// <summary>A number, a symbol, a function of its arguments, or what stands in brackets.</summary>
    protected abstract MathNode Atom();

    protected MathNode Expression()
    {
        List<MathNode> terms = [];
        do
        {
            bool isNegative = Signs();
            MathNode term = Term();
            terms.Add(isNegative ? Negative(term) : term);
        }
        while (Now.Kind == TokenKind.Sign && Now.Text is "+" or "-" or "±" or "∓");
        return terms.Count == 1 ? terms[0] : Scalars(terms) ? new SumNode(terms) : Fail();
    }

    /// <summary>Skips signs before a term.</summary>
    /// <returns>Whether they make it negative.</returns>
    private bool Signs()
    {
        bool isNegative = false;
        while (Now.Kind == TokenKind.Sign && Now.Text is "+" or "-" or "±" or "∓")
        {
            isNegative ^= Now.Text switch { "-" => true, "±" => isMinus, "∓" => !isMinus, _ => false };
            Move();
        }
        return isNegative;
    }

    protected static bool Scalars(List<MathNode> nodes) => nodes.TrueForAll(node => node.IsScalar);

    protected MathNode Negative(MathNode node) => node switch
    {
        NumberNode number => new NumberNode(-number.Value),
        { IsScalar: true } => new ProductNode([new NumberNode(-1), node]),
        _ => Fail(),
    };

    private MathNode Term()
    {
        List<MathNode> factors = [Factor()];
        while (true)
        {
            if (Skip("*"))
            {
                factors.Add(Factor());
            }
            else if (Skip("/"))
            {
                factors.Add(new PowerNode(Factor(), new NumberNode(-1)));
            }
            else if (StartsAtom())
            {
                factors.Add(Power());
            }
            else
            {
                return factors.Count == 1 ? factors[0] : Scalars(factors) ? new ProductNode(factors) : Fail();
            }
        }
    }

    protected bool StartsAtom() => Now.Kind switch
    {
        TokenKind.Symbol or TokenKind.Function => true,
        TokenKind.Number => Before.Kind != TokenKind.Number,
        TokenKind.Sign => Now.Text is "(" or "{" or "⌊" or "⌈" || (Now.Text == "|" && !IsInBars),
        _ => false,
    };

    protected MathNode Factor()
    {
        bool isNegative = Signs();
        MathNode node = Power();
        return isNegative ? Negative(node) : node;
    }

    protected MathNode Power()
    {
        MathNode node = Postfix();
        if (!Skip("^"))
        {
            return node;
        }
        if (IsDegree())
        {
            return node.IsScalar ? new CallNode("degrees", [node]) : Fail();
        }
        if (++Depth > MaxDepth)
        {
            return Fail();
        }
        MathNode exponent = Factor();
        Depth--;
        return node.IsScalar && exponent.IsScalar ? new PowerNode(node, exponent) : Fail();
    }

    /// <summary>Skips ° or {°}, also spelled with the letter o.</summary>
    private bool IsDegree()
    {
        int inner = Now.Is("{") ? 1 : 0;
        bool isDegree = (At(inner).Is("°") || At(inner) is { Kind: TokenKind.Symbol, Text: "o" })
            && (inner == 0 || At(2).Is("}"));
        Move(isDegree ? (2 * inner) + 1 : 0);
        return isDegree;
    }

    private MathNode Postfix()
    {
        MathNode node = Atom();
        while (node.IsScalar && Now.Kind == TokenKind.Sign)
        {
            if (Skip("!"))
            {
                node = Now.Is("!") ? Fail() : new CallNode("factorial", [node]);
            }
            else if (Skip("°"))
            {
                node = new CallNode("degrees", [node]);
            }
            else if (Skip("_"))
            {
                node = Subscripted(node);
            }
            else
            {
                break;
            }
        }
        return node;
    }

    /// <summary>x_1 is a name of its own, and so is a number in another base than ten.</summary>
    private MathNode Subscripted(MathNode node)
    {
        string subscript = Now.Text ?? "";
        bool isGroup = Skip("{");
        subscript = isGroup ? "" : subscript;
        while (!IsAtEnd && !Now.Is("}") && (isGroup || subscript.Length == 0 || Now.Text == subscript))
        {
            subscript = isGroup ? subscript + Now.Text : subscript;
            Move();
            if (!isGroup)
            {
                break;
            }
        }
        return (isGroup && !Skip("}")) || subscript.Length == 0 ? Fail() : node switch
        {
            SymbolNode symbol => new SymbolNode($"{symbol.Name}_{subscript}"),
            NumberNode number => subscript is "10" or "ten" ? number : new SymbolNode($"{number.Value}_{subscript}"),
            _ => Fail(),
        };
    }
}
