using System.Text;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// A polynomial in any number of variables with exact coefficients. A monomial is a text of pairs (variable, exponent), the
/// variables ascending; variable 0 is the imaginary unit, of which no power but the first remains.
/// </summary>
internal sealed class Polynomial
{
    /// <summary>Most terms.</summary>
    public const int MaxTerms = 1000;

    /// <summary>Largest exponent of a variable in a monomial.</summary>
    public const int MaxExponent = 2000;

    /// <summary>Most bits of a coefficient.</summary>
    public const int MaxBits = 16_384;

    /// <summary>The variable that is the imaginary unit.</summary>
    public const char ImaginaryUnit = '\0';

    private readonly Dictionary<string, Rational> _terms;

    private Polynomial(Dictionary<string, Rational> terms) => _terms = terms;

    /// <summary>1.</summary>
    public static Polynomial One { get; } = Of(1);

    /// <summary>Whether it is 0.</summary>
    public bool IsZero => _terms.Count == 0;

    /// <summary>Its terms' number.</summary>
    public int Count => _terms.Count;

    /// <summary>Its value where it has no variable; null where it has.</summary>
    public Rational? Constant => _terms.Count == 0 ? Rational.Zero
        : _terms.Count == 1 && _terms.TryGetValue("", out Rational value) ? value
        : null;

    /// <summary>A number.</summary>
    /// <param name="value">The number.</param>
    public static Polynomial Of(Rational value)
    {
        Dictionary<string, Rational> terms = new(1, StringComparer.Ordinal);
        if (!value.IsZero)
        {
            terms.Add("", value);
        }
        return new Polynomial(terms);
    }

    /// <summary>A variable.</summary>
    /// <param name="variable">Its number.</param>
    public static Polynomial Variable(char variable) =>
        new(new Dictionary<string, Rational>(StringComparer.Ordinal) { [new string([variable, '\u0001'])] = 1 });

    /// <summary>The sum; null where it is too large.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="budget">Pays.</param>
    public Polynomial? Plus(Polynomial other, WorkBudget budget)
    {
        Dictionary<string, Rational> sum = new(_terms, StringComparer.Ordinal);
        foreach ((string monomial, Rational coefficient) in other._terms)
        {
            if (!TryAdd(sum, monomial, coefficient, budget))
            {
                return null;
            }
        }
        return sum.Count <= MaxTerms ? new Polynomial(sum) : null;
    }

    /// <summary>The product; null where it is too large.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="budget">Pays.</param>
    public Polynomial? Times(Polynomial other, WorkBudget budget)
    {
        Dictionary<string, Rational> product = new(StringComparer.Ordinal);
        foreach ((string left, Rational leftCoefficient) in _terms)
        {
            foreach ((string right, Rational rightCoefficient) in other._terms)
            {
                if (!budget.TryPayProduct(leftCoefficient, rightCoefficient)
                    || Monomial(left, right, out bool isNegative) is not { } monomial)
                {
                    return null;
                }
                Rational coefficient = leftCoefficient * rightCoefficient;
                if (coefficient.Bits > MaxBits
                    || !TryAdd(product, monomial, isNegative ? -coefficient : coefficient, budget) || product.Count > MaxTerms)
                {
                    return null;
                }
            }
        }
        return new Polynomial(product);
    }

    /// <summary>A power; null where it is too large.</summary>
    /// <param name="exponent">0 or more.</param>
    /// <param name="budget">Pays.</param>
    public Polynomial? Power(int exponent, WorkBudget budget)
    {
        Polynomial result = One;
        Polynomial square = this;
        for (int left = exponent; left > 0; left >>= 1)
        {
            if ((left & 1) != 0)
            {
                if (result.Times(square, budget) is not { } product)
                {
                    return null;
                }
                result = product;
            }
            if (left > 1)
            {
                if (square.Times(square, budget) is not { } next)
                {
                    return null;
                }
                square = next;
            }
        }
        return result;
    }

    /// <summary>Whether both are the same polynomial.</summary>
    /// <param name="other">The other one.</param>
    public bool Is(Polynomial other) => Ratio(other) == Rational.One;

    /// <summary>What the other one is to be multiplied by to make this one; null where no number does.</summary>
    /// <param name="other">The other one.</param>
    public Rational? Ratio(Polynomial other)
    {
        if (_terms.Count != other._terms.Count)
        {
            return null;
        }
        Rational? ratio = null;
        foreach ((string monomial, Rational coefficient) in _terms)
        {
            if (!other._terms.TryGetValue(monomial, out Rational theirs)
                || (ratio ??= coefficient / theirs) * theirs != coefficient)
            {
                return null;
            }
        }
        return ratio ?? Rational.One;
    }

    private static bool TryAdd(Dictionary<string, Rational> terms, string monomial, Rational coefficient, WorkBudget budget)
    {
        if (!terms.TryGetValue(monomial, out Rational before))
        {
            terms.Add(monomial, coefficient);
            return budget.TryPay(1);
        }
        if (!budget.TryPayProduct(before, coefficient))
        {
            return false;
        }
        Rational sum = before + coefficient;
        if (sum.IsZero)
        {
            terms.Remove(monomial);
        }
        else
        {
            terms[monomial] = sum;
        }
        return sum.Bits <= MaxBits;
    }

    /// <summary>The product of two monomials; null where an exponent is too large.</summary>
    private static string? Monomial(string left, string right, out bool isNegative)
    {
        isNegative = false;
        if (left.Length == 0 || right.Length == 0)
        {
            return left.Length == 0 ? right : left;
        }
        StringBuilder product = new(left.Length + right.Length);
        int i = 0;
        int j = 0;
        while (i < left.Length || j < right.Length)
        {
            int order = Variable(left, i).CompareTo(Variable(right, j));
            char variable = order <= 0 ? left[i] : right[j];
            int exponent = (order <= 0 ? left[i + 1] : 0) + (order >= 0 ? right[j + 1] : 0);
            i += order <= 0 ? 2 : 0;
            j += order >= 0 ? 2 : 0;
            if (exponent > MaxExponent)
            {
                return null;
            }
            if (variable == ImaginaryUnit && exponent == 2)
            {
                isNegative = true;
            }
            else
            {
                product.Append(variable).Append((char)exponent);
            }
        }
        return product.ToString();
    }

    /// <summary>The variable at a place; behind the end, one that comes after all others.</summary>
    private static int Variable(string monomial, int place) => place < monomial.Length ? monomial[place] : int.MaxValue;
}
