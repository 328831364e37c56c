using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>An exact fraction in lowest terms with a positive denominator.</summary>
internal readonly struct Rational : IEquatable<Rational>
{
    private readonly BigInteger _numerator;
    private readonly BigInteger _lessOne; // the denominator less one, so that default is 0/1

    private Rational(BigInteger numerator, BigInteger denominator)
    {
        (_numerator, _lessOne) = (numerator, denominator - 1);
    }

    /// <summary>Numerator, of either sign.</summary>
    public BigInteger Numerator => _numerator;

    /// <summary>Denominator, at least 1.</summary>
    public BigInteger Denominator => _lessOne + 1;

    /// <summary>0.</summary>
    public static Rational Zero => default;

    /// <summary>1.</summary>
    public static Rational One { get; } = new(1, 1);

    /// <summary>Whether it is a whole number.</summary>
    public bool IsInteger => _lessOne.IsZero;

    /// <summary>Whether it is 0.</summary>
    public bool IsZero => _numerator.IsZero;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => _numerator.Sign;

    /// <summary>Bits of the numerator and the denominator together: what arithmetic with it costs.</summary>
    public long Bits => _numerator.GetBitLength() + _lessOne.GetBitLength();

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator Rational(BigInteger value) => new(value, BigInteger.One);

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator Rational(int value) => new(value, BigInteger.One);

    /// <summary>The fraction numerator / denominator in lowest terms.</summary>
    /// <param name="numerator">Numerator.</param>
    /// <param name="denominator">Denominator, not 0.</param>
    public static Rational Of(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsOne)
        {
            return new Rational(numerator, denominator);
        }
        BigInteger divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        if (denominator.Sign < 0)
        {
            divisor = -divisor;
        }
        return divisor.IsOne
            ? new Rational(numerator, denominator)
            : new Rational(numerator / divisor, denominator / divisor);
    }

    /// <summary>Sum.</summary>
    public static Rational operator +(Rational left, Rational right) => left.IsInteger && right.IsInteger
        ? new Rational(left._numerator + right._numerator, BigInteger.One)
        : Of(
            (left._numerator * right.Denominator) + (right._numerator * left.Denominator), left.Denominator * right.Denominator);

    /// <summary>Difference.</summary>
    public static Rational operator -(Rational left, Rational right) => left + (-right);

    /// <summary>The negative.</summary>
    public static Rational operator -(Rational value) => new(-value._numerator, value.Denominator);

    /// <summary>Product.</summary>
    public static Rational operator *(Rational left, Rational right) => left.IsInteger && right.IsInteger
        ? new Rational(left._numerator * right._numerator, BigInteger.One)
        : Of(left._numerator * right._numerator, left.Denominator * right.Denominator);

    /// <summary>Quotient; the divisor is not 0.</summary>
    public static Rational operator /(Rational left, Rational right) =>
        Of(left._numerator * right.Denominator, left.Denominator * right._numerator);

    /// <summary>Whether both are the same number.</summary>
    public static bool operator ==(Rational left, Rational right) => left.Equals(right);

    /// <summary>Whether both are different numbers.</summary>
    public static bool operator !=(Rational left, Rational right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Rational other) => _numerator == other._numerator && _lessOne == other._lessOne;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_numerator, _lessOne);

    /// <summary>The nearest double, or an infinity.</summary>
    public double ToDouble()
    {
        // Both parts keep 64 bits more than a double shows, so that neither overflows on its own.
        int shift = (int)Math.Clamp(_numerator.GetBitLength() - Denominator.GetBitLength(), -5000, 5000);
        BigInteger scaled = shift >= 64 ? _numerator / (Denominator << (shift - 64)) : (_numerator << (64 - shift)) / Denominator;
        return Math.ScaleB((double)scaled, shift - 64);
    }

    /// <inheritdoc/>
    public override string ToString() => IsInteger ? $"{_numerator}" : $"{_numerator}/{Denominator}";
}
