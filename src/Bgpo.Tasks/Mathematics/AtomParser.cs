namespace Bgpo.Tasks.Mathematics;

/// <summary>Reads what expressions are made of: numbers, symbols, functions of their arguments, brackets.</summary>
/// <remarks>A whole number before a proper fraction is a mixed number: 2\frac{1}{3} and 2 1/3 are 7/3.</remarks>
/// <param name="tokens">The tokens.</param>
/// <param name="isMinus">Whether ± is read as a minus sign.</param>
internal abstract class AtomParser(List<MathToken> tokens, bool isMinus) : ExpressionParser(tokens, isMinus)
{
    /// <summary>What stands in brackets: answers, each an expression or more.</summary>
    protected abstract List<MathNode> Items();

    /// <summary>One answer of a list.</summary>
    protected abstract MathNode Element();

    /// <inheritdoc/>
    protected override MathNode Atom()
    {
        if (Depth >= MaxDepth || IsAtEnd)
        {
            return Fail();
        }
        Depth++;
        MathToken token = Now;
        MathNode node = token.Kind switch
        {
            TokenKind.Number => Number(),
            TokenKind.Symbol => Symbol(),
            TokenKind.Function => Function(),
            TokenKind.Begin => Matrix(),
            TokenKind.Sign => Bracketed(token.Text),
            _ => Fail(),
        };
        Depth--;
        return node;
    }

    private MathNode Symbol()
    {
        string name = Now.Text;
        Move();
        return name == "emptyset" ? new SetNode([]) : new SymbolNode(name);
    }

    private MathNode Number()
    {
        Rational whole = Now.Value;
        Move();
        if (!whole.IsInteger)
        {
            return new NumberNode(whole);
        }
        Rational? part = null;
        if (Matches(0, TokenKind.Function, "frac") && Matches(1, TokenKind.Sign, "{") && Matches(3, TokenKind.Sign, "}")
            && Matches(4, TokenKind.Sign, "{") && Matches(6, TokenKind.Sign, "}"))
        {
            part = Proper(2, 5, length: 7);
        }
        else if (Matches(1, TokenKind.Sign, "/"))
        {
            part = Proper(0, 2, length: 3);
        }
        else if (Now.Kind == TokenKind.Number && !Now.Value.IsInteger)
        {
            part = Now.Value; // a character such as ½
            Move();
        }
        return new NumberNode(part is { } fraction ? whole + fraction : whole);
    }

    private bool Matches(int ahead, TokenKind kind, string text) =>
        At(ahead).Kind == kind && At(ahead).Text == text;

    /// <summary>Skips a fraction below one of two whole numbers.</summary>
    private Rational? Proper(int numerator, int denominator, int length)
    {
        if (At(numerator) is not { Kind: TokenKind.Number, Value: { IsInteger: true } upper }
            || At(denominator) is not { Kind: TokenKind.Number, Value: { IsInteger: true } lower }
            || upper.Numerator >= lower.Numerator)
        {
            return null;
        }
        Move(length);
        return upper / lower;
    }

    private MathNode Bracketed(string open)
    {
        Move();
        bool isInBars = IsInBars;
        IsInBars = open == "|";
        MathNode node = open switch
        {
            "|" => Enclosed("abs", "|"),
            "⌊" => Enclosed("floor", "⌋"),
            "⌈" => Enclosed("ceiling", "⌉"),
            "(" or "[" or "{" or "\\{" or "⟨" => Brackets(open),
            _ => Fail(),
        };
        IsInBars = isInBars;
        return node;
    }

    private MathNode Enclosed(string function, string close)
    {
        MathNode inner = Expression();
        return Skip(close) && inner.IsScalar ? new CallNode(function, [inner]) : Fail();
    }

    private MathNode Brackets(string open)
    {
        List<MathNode> items = Items();
        string close = Now.Text ?? "";
        Move();
        return (open, close) switch
        {
            ("{", "}") when items.Count == 1 => items[0],
            ("{", "}") when items.Count > 1 => new SetNode(items),
            ("\\{", "\\}") => new SetNode(items),
            ("(", ")") or ("[", "]") when items.Count == 1 => items[0],
            ("(" or "[", ")" or "]") when items.Count > 1 => new TupleNode(open[0], close[0], items),
            ("⟨", "⟩") when items.Count > 1 => new TupleNode('(', ')', items),
            _ => Fail(),
        };
    }

    private MathNode Matrix()
    {
        Move();
        List<IReadOnlyList<MathNode>> rows = [];
        List<MathNode> row = [];
        while (!IsAtEnd && Now.Kind != TokenKind.End)
        {
            row.Add(Element());
            if (Skip("&"))
            {
                continue;
            }
            rows.Add(row);
            row = [];
            if (!Skip("\\\\"))
            {
                break;
            }
        }
        bool isClosed = Now.Kind == TokenKind.End;
        Move();
        return isClosed && rows.Count > 0 ? new MatrixNode(rows) : Fail();
    }

    private MathNode Function()
    {
        string name = Now.Text;
        Move();
        switch (name)
        {
            case "frac":
                MathNode upper = Atom();
                MathNode lower = Atom();
                return upper.IsScalar && lower.IsScalar
                    ? new ProductNode([upper, new PowerNode(lower, new NumberNode(-1))])
                    : Fail();
            case "binom":
                return Call("binomial", Atom(), Atom());
            case "sqrt" when Skip("["):
                MathNode degree = Expression();
                return Skip("]") ? Call("root", Atom(), degree) : Fail();
            case "sqrt" or "abs":
                return Call(name, Atom());
            default:
                return Elementary(name);
        }
    }

    private MathNode Call(string function, params MathNode[] arguments) =>
        Array.TrueForAll(arguments, argument => argument.IsScalar) ? new CallNode(function, arguments) : Fail();

    /// <summary>sin, log and their kind: \sin^2 x, \log_2 8, \ln(x+1) y.</summary>
    private MathNode Elementary(string name)
    {
        MathNode? logarithmBase = name.StartsWith('l') && Skip("_") ? Atom() : null;
        MathNode? exponent = Skip("^") ? Factor() : null;
        MathNode argument = Argument();
        if (exponent is NumberNode { Value: var power } && power == -1 && name is "sin" or "cos" or "tan")
        {
            return Call("arc" + name, argument);
        }
        MathNode call = name switch
        {
            _ when logarithmBase is not null => Call("log", argument, logarithmBase),
            _ when !argument.IsScalar => Fail(),
            "exp" => new PowerNode(new SymbolNode("e"), argument),
            "lg" => Call("log", argument),
            _ => Call(name, argument),
        };
        return exponent is null ? call : exponent.IsScalar ? new PowerNode(call, exponent) : Fail();
    }

    /// <summary>What a function is of: a bracket alone, else the product that follows.</summary>
    private MathNode Argument()
    {
        if (Now.Is("(") || Now.Is("{"))
        {
            return Atom();
        }
        List<MathNode> factors = [Power()];
        while (StartsAtom() && Now.Kind != TokenKind.Function)
        {
            factors.Add(Power());
        }
        return factors.Count == 1 ? factors[0] : Scalars(factors) ? new ProductNode(factors) : Fail();
    }
}
