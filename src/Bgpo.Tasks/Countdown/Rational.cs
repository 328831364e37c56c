using System.Numerics;

namespace Bgpo.Tasks.Countdown;

/// <summary>An exact fraction, not reduced: expressions are short, so numerators stay short too.</summary>
/// <param name="Numerator">Numerator, of either sign.</param>
/// <param name="Denominator">Denominator; 0 marks the result of a division by zero, which spreads.</param>
internal readonly record struct Rational(BigInteger Numerator, BigInteger Denominator)
{
    /// <summary>Applies an operator.</summary>
    /// <param name="sign">One of + - * /.</param>
    /// <param name="left">Left operand.</param>
    /// <param name="right">Right operand.</param>
    public static Rational Apply(char sign, Rational left, Rational right) => sign switch
    {
        '+' => new(
            (left.Numerator * right.Denominator) + (right.Numerator * left.Denominator), left.Denominator * right.Denominator),
        '-' => new(
            (left.Numerator * right.Denominator) - (right.Numerator * left.Denominator), left.Denominator * right.Denominator),
        '*' => new(left.Numerator * right.Numerator, left.Denominator * right.Denominator),
        // A right operand without a value must not turn upside down into a zero with one.
        _ => new(left.Numerator * right.Denominator, right.Denominator.IsZero ? 0 : left.Denominator * right.Numerator),
    };

    /// <summary>Whether the fraction has a value and equals an integer.</summary>
    /// <param name="integer">The integer.</param>
    public bool Is(int integer) => !Denominator.IsZero && Numerator == integer * Denominator;
}
