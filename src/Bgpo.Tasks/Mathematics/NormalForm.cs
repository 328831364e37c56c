using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>Why an expression has no normal form.</summary>
internal enum NoForm
{
    /// <summary>It has one.</summary>
    None,

    /// <summary>It is more than a quotient of polynomials: a root, a logarithm, a variable exponent.</summary>
    NotRational,

    /// <summary>It is beyond the limits of <see cref="Polynomial"/> or the budget.</summary>
    TooLarge,

    /// <summary>It has no value: a division by zero.</summary>
    Undefined,
}

/// <summary>A quotient of two polynomials, not reduced: two are the same where cross products are.</summary>
/// <param name="Numerator">The numerator.</param>
/// <param name="Denominator">The denominator, not 0.</param>
internal sealed record Quotient(Polynomial Numerator, Polynomial Denominator)
{
    /// <summary>Its value where it has no variable; null where it has.</summary>
    public Rational? Constant =>
        Numerator.Constant is { } upper && Denominator.Constant is { } lower ? upper / lower : null;
}

/// <summary>Turns expressions into quotients of polynomials, within limits of size and work.</summary>
/// <param name="budget">Pays.</param>
internal sealed class NormalForm(WorkBudget budget)
{
    /// <summary>Largest number whose factorial is worked out.</summary>
    private const int MaxFactorial = 1500;

    private readonly Dictionary<string, char> _variables = new(StringComparer.Ordinal) { ["i"] = Polynomial.ImaginaryUnit };

    /// <summary>Why the last expression has no normal form.</summary>
    public NoForm Reason { get; private set; }

    /// <summary>The normal form of an expression; null for the <see cref="Reason"/>.</summary>
    /// <param name="node">The expression.</param>
    public Quotient? Of(MathNode node)
    {
        Reason = NoForm.None;
        return Form(node);
    }

    /// <summary>Whether two quotients are the same; null where that is too much work.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool? AreEqual(Quotient left, Quotient right) =>
        Cross(left, right) is var (upper, lower) ? upper.Is(lower) : null;

    /// <summary>What the right one is to be multiplied by to make the left one; null where no number does.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public Rational? Ratio(Quotient left, Quotient right) =>
        Cross(left, right) is var (upper, lower) ? upper.Ratio(lower) : null;

    private (Polynomial, Polynomial)? Cross(Quotient left, Quotient right) =>
        left.Denominator.Is(right.Denominator) ? (left.Numerator, right.Numerator)
        : left.Numerator.Times(right.Denominator, budget) is { } upper
            && right.Numerator.Times(left.Denominator, budget) is { } lower ? (upper, lower)
        : null;

    private Quotient? Form(MathNode node) => !budget.TryPay(4) ? No(NoForm.TooLarge) : node switch
    {
        NumberNode number => number.Value.Bits > Polynomial.MaxBits ? No(NoForm.TooLarge) : Number(number.Value),
        SymbolNode symbol => new Quotient(Polynomial.Variable(Variable(symbol.Name)), Polynomial.One),
        SumNode sum => Sum(sum),
        ProductNode product => Product(product),
        PowerNode power => Power(power),
        CallNode call => Call(call),
        _ => No(NoForm.NotRational),
    };

    private Quotient? No(NoForm reason)
    {
        Reason = Reason == NoForm.None ? reason : Reason;
        return null;
    }

    private static Quotient Number(Rational value) => new(Polynomial.Of(value), Polynomial.One);

    private char Variable(string name)
    {
        if (!_variables.TryGetValue(name, out char variable))
        {
            variable = (char)_variables.Count;
            _variables.Add(name, variable);
        }
        return variable;
    }

    private Quotient? Sum(SumNode sum)
    {
        Quotient? total = Form(sum.Terms[0]);
        for (int i = 1; i < sum.Terms.Count && total is not null; i++)
        {
            total = Form(sum.Terms[i]) is { } term ? Plus(total, term) : null;
        }
        return total;
    }

    private Quotient? Plus(Quotient left, Quotient right)
    {
        if (left.Denominator.Is(right.Denominator))
        {
            return left.Numerator.Plus(right.Numerator, budget) is { } numerator
                ? new Quotient(numerator, left.Denominator)
                : No(NoForm.TooLarge);
        }
        return Cross(left, right) is var (upper, lower) && upper.Plus(lower, budget) is { } sum
            && left.Denominator.Times(right.Denominator, budget) is { } denominator
            ? Reduced(sum, denominator)
            : No(NoForm.TooLarge);
    }

    private Quotient? Product(ProductNode product)
    {
        Quotient? total = Form(product.Factors[0]);
        for (int i = 1; i < product.Factors.Count && total is not null; i++)
        {
            total = Form(product.Factors[i]) is not { } factor ? null
                : total.Numerator.Times(factor.Numerator, budget) is { } numerator
                    && total.Denominator.Times(factor.Denominator, budget) is { } denominator ? Reduced(numerator, denominator)
                : No(NoForm.TooLarge);
        }
        return total;
    }

    /// <summary>A denominator that is a number goes into the numerator.</summary>
    private Quotient? Reduced(Polynomial numerator, Polynomial denominator) =>
        denominator.Constant is not { } value || value == Rational.One ? new Quotient(numerator, denominator)
        : value.IsZero ? No(NoForm.Undefined)
        : numerator.Times(Polynomial.Of(Rational.One / value), budget) is { } scaled ? new Quotient(scaled, Polynomial.One)
        : No(NoForm.TooLarge);

    private Quotient? Power(PowerNode power)
    {
        if (Form(power.Exponent) is not { } form)
        {
            return null;
        }
        if (form.Constant is not { } exponent)
        {
            return No(NoForm.NotRational);
        }
        if (!exponent.IsInteger)
        {
            return exponent.Denominator > 64 ? No(NoForm.NotRational)
                : Form(power.Base) is not { } radicand ? null
                : radicand.Constant is { } number && Root(number, (int)exponent.Denominator) is { } root
                    ? Power(Number(root), exponent.Numerator)
                : No(NoForm.NotRational);
        }
        return Form(power.Base) is { } known ? Power(known, exponent.Numerator) : null;
    }

    private Quotient? Power(Quotient value, BigInteger exponent)
    {
        BigInteger size = BigInteger.Abs(exponent);
        if (value.Constant is { IsInteger: true } number && BigInteger.Abs(number.Numerator) <= 1)
        {
            return PowerOfUnit(number, exponent);
        }
        if (size > Polynomial.MaxBits || (value.Constant is { } constant && constant.Bits * (long)size > 2 * Polynomial.MaxBits))
        {
            return No(NoForm.TooLarge);
        }
        Quotient raised = exponent.Sign >= 0 ? value : new Quotient(value.Denominator, value.Numerator);
        return raised.Denominator.IsZero ? No(NoForm.Undefined)
            : raised.Numerator.Power((int)size, budget) is { } numerator
                && raised.Denominator.Power((int)size, budget) is { } denominator ? Reduced(numerator, denominator)
            : No(NoForm.TooLarge);
    }

    /// <summary>A power of -1, 0 or 1, however large the exponent.</summary>
    private Quotient? PowerOfUnit(Rational value, BigInteger exponent) =>
        value.IsZero && exponent.Sign < 0 ? No(NoForm.Undefined)
        : exponent.IsZero || (value.Sign < 0 && exponent.IsEven) ? Number(1)
        : Number(value);

    private Quotient? Call(CallNode call)
    {
        if (call.Function is not ("sqrt" or "root" or "abs" or "factorial" or "binomial" or "floor" or "ceiling"))
        {
            return No(NoForm.NotRational);
        }
        Rational[] values = new Rational[call.Arguments.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (Form(call.Arguments[i]) is not { } form)
            {
                return null;
            }
            if (form.Constant is not { } value)
            {
                return No(NoForm.NotRational);
            }
            values[i] = value;
        }
        return call.Function switch
        {
            "sqrt" => Exact(Root(values[0], 2)),
            "root" => Exact(values[1].IsInteger && values[1].Sign > 0 && values[1].Numerator <= 64
                ? Root(values[0], (int)values[1].Numerator) : null),
            "abs" => Number(values[0].Sign < 0 ? -values[0] : values[0]),
            "floor" => Number(Floor(values[0])),
            "ceiling" => Number(-Floor(-values[0])),
            "factorial" => Falling(values[0], values[0]),
            _ => Falling(values[0], values[1]) is { Constant: { } falling }
                && Falling(values[1], values[1]) is { Constant: { } all }
                ? Number(falling / all) : null,
        };
    }

    private Quotient? Exact(Rational? value) => value is { } number ? Number(number) : No(NoForm.NotRational);

    private static BigInteger Floor(Rational value) =>
        BigInteger.DivRem(value.Numerator, value.Denominator, out BigInteger rest) - (rest.Sign < 0 ? 1 : 0);

    /// <summary>n (n - 1) ... of k factors, both whole and not negative.</summary>
    private Quotient? Falling(Rational n, Rational k)
    {
        if (!n.IsInteger || !k.IsInteger || n.Sign < 0 || k.Sign < 0)
        {
            return No(NoForm.NotRational);
        }
        if (k.Numerator > MaxFactorial || n.Bits * (long)k.Numerator > 2 * Polynomial.MaxBits
            || !budget.TryPay((long)k.Numerator * (1 + ((long)k.Numerator >> 6))))
        {
            return No(NoForm.TooLarge);
        }
        BigInteger product = 1;
        for (BigInteger i = 0; i < k.Numerator; i++)
        {
            product *= n.Numerator - i;
        }
        return Number(product);
    }

    /// <summary>The exact root of a number; null where it is irrational, or an even root of a negative number.</summary>
    private Rational? Root(Rational value, int degree)
    {
        if (value.IsZero)
        {
            return value;
        }
        if ((value.Sign < 0 && degree % 2 == 0) || !budget.TryPay(1 + ((value.Bits * degree) >> 3)))
        {
            return null;
        }
        return Root(BigInteger.Abs(value.Numerator), degree) is { } upper && Root(value.Denominator, degree) is { } lower
            ? Rational.Of(value.Sign < 0 ? -upper : upper, lower)
            : null;
    }

    private static BigInteger? Root(BigInteger value, int degree)
    {
        // Newton's steps from above end at the floor of the root.
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() / degree) + 1);
        while (true)
        {
            BigInteger next = (((degree - 1) * root) + (value / BigInteger.Pow(root, degree - 1))) / degree;
            if (next >= root)
            {
                return BigInteger.Pow(root, degree) == value ? root : null;
            }
            root = next;
        }
    }
}
