using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Compares expressions that have no normal form by their values at eight points, as complex numbers with error bounds. They
/// count as equal where they differ at no point by more than four times the bounds, and one part in 10^12. Points where a bound
/// is above one part in 10^10 do not count, so no difference of one part in 10^9 is missed at any of them. Variables are real, of
/// either sign; where a factorial or the like is of variables, they are whole numbers from 2 to 12.
/// </summary>
/// <param name="budget">Pays.</param>
internal sealed class NumericValue(WorkBudget budget)
{
    private const uint Points = 8;
    private const int NeededPoints = 3;
    private const double Tolerance = 1e-12;
    private const int MaxPower = 1 << 20;

    private uint _point;
    private bool _isWhole;

    /// <summary>Whether two expressions agree at every point where both have a value, and there are enough of these.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool AreEqual(MathNode left, MathNode right)
    {
        _isWhole = IsDiscrete(left) || IsDiscrete(right);
        bool isConstant = !HasVariable(left) && !HasVariable(right);
        int compared = 0;
        for (_point = 0; _point < (isConstant ? 1 : Points); _point++)
        {
            Approximation a = Value(left);
            Approximation b = Value(right);
            if (a.IsUsable && b.IsUsable)
            {
                double most = (4 * (a.Error + b.Error)) + (Tolerance * Math.Max(Complex.Abs(a.Value), Complex.Abs(b.Value)));
                if (Complex.Abs(a.Value - b.Value) > most)
                {
                    return false;
                }
                compared++;
            }
        }
        return compared >= (isConstant ? 1 : NeededPoints) && budget.IsLeft;
    }

    private static IEnumerable<MathNode> Children(MathNode node) => node switch
    {
        SumNode sum => sum.Terms,
        ProductNode product => product.Factors,
        PowerNode power => [power.Base, power.Exponent],
        CallNode call => call.Arguments,
        _ => [],
    };

    private static bool HasVariable(MathNode node) =>
        node is SymbolNode { Name: not ("pi" or "e" or "i") } || Children(node).Any(HasVariable);

    private static bool IsDiscrete(MathNode node) =>
        (node is CallNode { Function: "factorial" or "binomial" or "floor" or "ceiling" } && HasVariable(node))
        || Children(node).Any(IsDiscrete);

    private Approximation Value(MathNode node) => !budget.TryPay(4) ? Approximation.None : node switch
    {
        NumberNode number => Approximation.Rounded(number.Value.ToDouble()),
        SymbolNode symbol => Symbol(symbol.Name),
        SumNode sum => sum.Terms.Select(Value).Aggregate((a, b) => a + b),
        ProductNode product => product.Factors.Select(Value).Aggregate((a, b) => a * b),
        PowerNode power => Power(power),
        CallNode call => Call(call),
        _ => Approximation.None,
    };

    private Approximation Symbol(string name) => name switch
    {
        "pi" => Approximation.Rounded(Math.PI),
        "e" => Approximation.Rounded(Math.E),
        "i" => new(Complex.ImaginaryOne, 0),
        "infinity" or "dots" => Approximation.None,
        _ => _isWhole ? new(MathPoints.Whole(name, _point), 0) : Approximation.Rounded(MathPoints.Real(name, _point)),
    };

    private Approximation Power(PowerNode power)
    {
        Approximation value = Value(power.Base);
        Approximation exponent = Value(power.Exponent);
        Complex y = exponent.Value;
        if (Math.Abs(y.Imaginary) <= exponent.Error && Math.Abs(y.Real) <= MaxPower
            && Math.Abs(y.Real - Math.Round(y.Real)) <= exponent.Error)
        {
            return value.Power((int)Math.Round(y.Real));
        }
        // A negative number has a real root of odd degree, as in (-8)^{1/3} = -2.
        return value.Value is { Real: < 0, Imaginary: 0 } && Math.Abs(y.Real) < MaxPower
            && OddRoot(power.Exponent) is { Denominator.IsEven: false } ratio
            ? Negated((Negated(value).Log() * exponent).Exp(), !ratio.Numerator.IsEven)
            : (value.Log() * exponent).Exp();
    }

    private Rational? OddRoot(MathNode exponent) => new NormalForm(budget).Of(exponent)?.Constant;

    private static Approximation Negated(Approximation value, bool isNegative = true) =>
        isNegative ? value with { Value = -value.Value } : value;

    private Approximation Call(CallNode call)
    {
        Approximation x = Value(call.Arguments[0]);
        double size = Complex.Abs(x.Value);
        return call.Function switch
        {
            "sqrt" => x.Sqrt(),
            "root" => Power(new PowerNode(call.Arguments[0], new PowerNode(call.Arguments[1], new NumberNode(-1)))),
            "ln" => x.Log(),
            "log" => x.Log() * (call.Arguments.Count > 1 ? Value(call.Arguments[1]) : Approximation.Rounded(10)).Log().Inverse(),
            "degrees" => x * Approximation.Rounded(Math.PI / 180),
            "abs" => new Approximation(size, x.Error + (1e-15 * size)),
            "floor" or "ceiling" => Whole(x, call.Function == "floor" ? Math.Floor : Math.Ceiling),
            "factorial" => Falling(x, x),
            "binomial" => Value(call.Arguments[1]) is var k ? Falling(x, k) * Falling(k, k).Inverse() : default,
            "arcsin" => x.Apply(Complex.Asin, Slope(1 - (x.Value * x.Value))),
            "arccos" => x.Apply(Complex.Acos, Slope(1 - (x.Value * x.Value))),
            "arctan" => x.Apply(Complex.Atan, 1 / Math.Max(1e-9, Complex.Abs(1 + (x.Value * x.Value)))),
            _ => Trigonometric(call.Function, x),
        };
    }

    private static double Slope(Complex radicand) => 1 / Math.Max(1e-9, Math.Sqrt(Complex.Abs(radicand)));

    private static Approximation Trigonometric(string function, Approximation x)
    {
        double slope = Math.Cosh(Math.Min(700, Math.Abs(x.Value.Imaginary)));
        double growth = Math.Cosh(Math.Min(700, Math.Abs(x.Value.Real)));
        Approximation sin = x.Apply(Complex.Sin, slope);
        Approximation cos = x.Apply(Complex.Cos, slope);
        return function switch
        {
            "sin" => sin,
            "cos" => cos,
            "tan" => sin * cos.Inverse(),
            "cot" => cos * sin.Inverse(),
            "sec" => cos.Inverse(),
            "csc" => sin.Inverse(),
            "sinh" => x.Apply(Complex.Sinh, growth),
            "cosh" => x.Apply(Complex.Cosh, growth),
            "tanh" => x.Apply(Complex.Sinh, growth) * x.Apply(Complex.Cosh, growth).Inverse(),
            _ => Approximation.None,
        };
    }

    private static Approximation Whole(Approximation x, Func<double, double> round)
    {
        double value = round(x.Value.Real);
        bool isSure = x.Value.Imaginary == 0 && Math.Abs(x.Value.Real - Math.Round(x.Value.Real)) > 2 * x.Error;
        return isSure || x.Error == 0 ? new(value, 0) : Approximation.None;
    }

    /// <summary>n (n - 1) ... of k factors, for small whole numbers.</summary>
    private static Approximation Falling(Approximation n, Approximation k)
    {
        double count = Math.Round(k.Value.Real);
        if (!(count is >= 0 and <= 170 && Complex.Abs(k.Value - count) <= k.Error && n.Value.Imaginary == 0))
        {
            return Approximation.None;
        }
        Approximation product = Approximation.Rounded(1);
        for (int i = 0; i < count; i++)
        {
            product *= n + new Approximation(-i, 0);
        }
        return product;
    }
}
