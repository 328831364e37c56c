using System.Numerics;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// A complex number known to within an error: every operation adds up what it makes of the errors of its operands.
/// </summary>
/// <param name="Value">The value, rounded.</param>
/// <param name="Error">A bound of its distance from the true one.</param>
internal readonly record struct Approximation(Complex Value, double Error)
{
    private const double Epsilon = 1.0 / (1L << 51);

    /// <summary>No value.</summary>
    public static Approximation None { get; } = new(new Complex(double.NaN, double.NaN), double.NaN);

    /// <summary>Whether it is finite and known to ten digits or, near zero, to sixteen places.</summary>
    public bool IsUsable => Complex.IsFinite(Value) && Error <= 1e-10 * Math.Max(1e-6, Complex.Abs(Value));

    /// <summary>A value that is right to the last bits.</summary>
    /// <param name="value">The value.</param>
    public static Approximation Rounded(Complex value) => new(value, Epsilon * Complex.Abs(value));

    /// <summary>Sum.</summary>
    public static Approximation operator +(Approximation a, Approximation b)
    {
        Complex value = a.Value + b.Value;
        return new(value, a.Error + b.Error + (Epsilon * Complex.Abs(value)));
    }

    /// <summary>Product.</summary>
    public static Approximation operator *(Approximation a, Approximation b)
    {
        Complex value = a.Value * b.Value;
        return new(value, (Complex.Abs(a.Value) * b.Error) + (Complex.Abs(b.Value) * a.Error) + (a.Error * b.Error)
            + (2 * Epsilon * Complex.Abs(value)));
    }

    /// <summary>1 / this.</summary>
    public Approximation Inverse()
    {
        double size = Complex.Abs(Value);
        if (!(size > 2 * Error))
        {
            return None;
        }
        Complex value = 1 / Value;
        return new(value, (Error / (size * (size - Error))) + (2 * Epsilon * Complex.Abs(value)));
    }

    /// <summary>A whole power, by squaring.</summary>
    /// <param name="exponent">-2^20 to 2^20.</param>
    public Approximation Power(int exponent)
    {
        Approximation result = Rounded(1);
        Approximation square = this;
        for (int left = Math.Abs(exponent); left > 0; left >>= 1)
        {
            result = (left & 1) != 0 ? result * square : result;
            square *= square;
        }
        return exponent < 0 ? result.Inverse() : result;
    }

    /// <summary>e^this.</summary>
    public Approximation Exp()
    {
        Complex value = Complex.Exp(Value);
        return new(value, Complex.Abs(value) * ((2 * Error) + (2 * Epsilon * (1 + Complex.Abs(Value)))));
    }

    /// <summary>The principal natural logarithm.</summary>
    public Approximation Log()
    {
        double size = Complex.Abs(Value);
        if (!(size > 2 * Error))
        {
            return None;
        }
        Complex value = Complex.Log(OffTheCut());
        return new(value, (Error / (size - Error)) + (2 * Epsilon * (1 + Complex.Abs(value))));
    }

    /// <summary>The principal square root.</summary>
    public Approximation Sqrt()
    {
        Complex value = Complex.Sqrt(OffTheCut());
        double size = Complex.Abs(value);
        return new(value, (size * size > 2 * Error ? Error / size : Math.Sqrt(2 * Error)) + (2 * Epsilon * size));
    }

    /// <summary>A function whose derivative at the value is at most a bound.</summary>
    /// <param name="function">The function.</param>
    /// <param name="slope">The bound.</param>
    public Approximation Apply(Func<Complex, Complex> function, double slope)
    {
        Complex value = function(Value);
        return new(
            value,
            (2 * slope * Error) + (4 * Epsilon * (Complex.Abs(value) + (Math.Min(slope, 1e6) * Complex.Abs(Value)) + 1e-3)));
    }

    /// <summary>A real number, whose imaginary part is only rounding, lies on the upper side of the cut.</summary>
    private Complex OffTheCut() => Math.Abs(Value.Imaginary) <= Error ? new Complex(Value.Real, 0) : Value;
}
