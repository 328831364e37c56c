using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Compares expressions too large for a normal form by their values modulo two primes of 61 bits at random points. By Schwartz
/// and Zippel's lemma two different quotients of polynomials of degree D agree at all four points of one prime with a probability
/// of at most (D / 2^61)^4; D is at most 2^40 here, so below 2^-84. Numbers without a variable agree by mistake only where both
/// primes divide their difference.
/// </summary>
/// <param name="budget">Pays.</param>
internal sealed class ModularValue(WorkBudget budget)
{
    private const double MaxDegree = 1L << 40;
    private const int MaxFactorial = 10_000;
    private const uint Points = 4;

    private static readonly ulong[] s_primes = [(1UL << 61) - 1, (1UL << 61) - 31];

    private ulong _prime;
    private uint _point;

    /// <summary>Whether two expressions agree at every point; null where one has no such value.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public bool? AreEqual(MathNode left, MathNode right)
    {
        if (!(Degree(left) <= MaxDegree && Degree(right) <= MaxDegree))
        {
            return null;
        }
        foreach (ulong prime in s_primes)
        {
            for (uint point = 0; point < Points; point++)
            {
                (_prime, _point) = (prime, point);
                if (Value(left) is not { } a || Value(right) is not { } b)
                {
                    return null;
                }
                if (a != b)
                {
                    return false;
                }
            }
        }
        return true;
    }

    /// <summary>A bound of the degree in the variables; not a number where there is none.</summary>
    private double Degree(MathNode node) => node switch
    {
        NumberNode => 0,
        SymbolNode => 1,
        SumNode sum => sum.Terms.Sum(Degree),
        ProductNode product => product.Factors.Sum(Degree),
        PowerNode power => Degree(power.Base) is var degree && degree == 0 ? 0
            : Integer(power.Exponent) is { } exponent ? degree * Math.Abs((double)exponent) : double.NaN,
        _ => 0,
    };

    private BigInteger? Integer(MathNode node) =>
        new NormalForm(budget).Of(node)?.Constant is { IsInteger: true } value ? value.Numerator : null;

    private ulong? Value(MathNode node) => !budget.TryPay(2) ? null : node switch
    {
        NumberNode number => Divide(Reduce(number.Value.Numerator), Reduce(number.Value.Denominator)),
        SymbolNode symbol => symbol.Name == "i" ? null : At(symbol.Name),
        SumNode sum => All(sum.Terms, 0, (a, b) => (ulong)(((UInt128)a + b) % _prime)),
        ProductNode product => All(product.Factors, 1, Times),
        PowerNode power => Power(power),
        CallNode { Function: "factorial" } call => Factorial(call),
        _ => null,
    };

    private ulong? All(IReadOnlyList<MathNode> nodes, ulong start, Func<ulong, ulong, ulong> combine)
    {
        ulong total = start;
        foreach (MathNode node in nodes)
        {
            if (Value(node) is not { } value)
            {
                return null;
            }
            total = combine(total, value);
        }
        return total;
    }

    private ulong Times(ulong a, ulong b) => (ulong)((UInt128)a * b % _prime);

    private ulong Reduce(BigInteger value)
    {
        BigInteger rest = value % _prime;
        return (ulong)(rest.Sign < 0 ? rest + _prime : rest);
    }

    private ulong? Divide(ulong upper, ulong lower) =>
        lower == 0 ? null : lower == 1 ? upper : Times(upper, Raise(lower, _prime - 2));

    private ulong Raise(ulong value, ulong exponent)
    {
        ulong result = 1;
        for (; exponent > 0; exponent >>= 1)
        {
            result = (exponent & 1) != 0 ? Times(result, value) : result;
            value = Times(value, value);
        }
        return result;
    }

    private ulong? Power(PowerNode power)
    {
        if (!budget.TryPay(100) || Integer(power.Exponent) is not { } exponent || Value(power.Base) is not { } value)
        {
            return null;
        }
        // By Fermat's little theorem the exponent counts modulo prime - 1.
        ulong reduced = (ulong)(BigInteger.Abs(exponent) % (_prime - 1));
        return value == 0 ? (exponent.Sign > 0 ? 0 : exponent.IsZero ? 1 : null)
            : exponent.Sign >= 0 ? Raise(value, reduced)
            : Divide(1, Raise(value, reduced));
    }

    private ulong? Factorial(CallNode call)
    {
        if (Integer(call.Arguments[0]) is not { } n || n.Sign < 0 || n > MaxFactorial || !budget.TryPay((long)n))
        {
            return null;
        }
        ulong product = 1;
        for (ulong i = 2; i <= n; i++)
        {
            product = Times(product, i);
        }
        return product;
    }

    private ulong At(string name)
    {
        var random = new Philox(MathPoints.Seed, Purpose.Other, (uint)(_prime & 0xFF), _point, MathPoints.NameHash(name));
        return ((((ulong)random.UInt32(0)) << 32) | random.UInt32(1)) % _prime;
    }
}
