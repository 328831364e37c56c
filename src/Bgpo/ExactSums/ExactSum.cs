using System.Runtime.Intrinsics;
using Bgpo.Units;

namespace Bgpo.ExactSums;

/// <summary>
/// A sum of float32 vectors that does not depend on the order of its terms: each value is rounded once to fixed point
/// (int64, <see cref="FractionBits"/> binary digits after the point) and added as an integer, which is associative.
/// </summary>
/// <remarks>
/// Resolution 2^-40 (9e-13); a value of a term may reach 2^22 in magnitude, see <see cref="ContributionBound"/>. The sum has no
/// limit: what goes beyond an int64, at 2^23, is carried. A bad term (NaN, infinite, too large) is refused whole and leaves the
/// sum as it was.
/// </remarks>
public sealed class ExactSum
{
    /// <summary>Binary digits after the point.</summary>
    public const int FractionBits = 40;

    /// <summary>Largest magnitude of one value of a term.</summary>
    public const float Limit = 1 << 22;

    private const double Scale = 1L << FractionBits;
    private readonly long[] _sum;
    private readonly SumPath _path;

    /// <summary>
    /// By place, how often 2^64 is to be added to what stands there; places without are not in it. Hardly ever is any.
    /// </summary>
    private readonly SortedDictionary<int, long> _carries = [];

    /// <summary>An empty sum.</summary>
    /// <param name="length">Number of values.</param>
    public ExactSum(int length)
        : this(length, FixedPointKernel.Best)
    {
    }

    internal ExactSum(int length, SumPath path)
    {
        _sum = new long[length];
        _path = path;
    }

    /// <summary>The instructions that sums of this process are made with; the bits do not depend on it.</summary>
    public static string Path => FixedPointKernel.Best.ToString();

    /// <summary>Number of values.</summary>
    public int Length => _sum.Length;

    /// <summary>The fixed-point sum modulo 2^64, for comparing.</summary>
    public ReadOnlySpan<long> Raw => _sum;

    /// <summary>Adds a term, or refuses it and changes nothing.</summary>
    /// <param name="term">The values, as many as the sum has.</param>
    /// <param name="unit">The unit that made the term, named in errors.</param>
    /// <exception cref="ContributionException">The term has a wrong length, or a value that is not finite or beyond
    /// <see cref="Limit"/>.</exception>
    public void Add(ReadOnlySpan<float> term, UnitId unit)
    {
        if (term.Length != _sum.Length)
        {
            throw new ContributionException(
                $"unit {unit}: the contribution has {term.Length} values where the shard has {_sum.Length}.");
        }
        if (FixedPointKernel.Add(_sum, term, _path))
        {
            return;
        }
        FixedPointKernel.Subtract(_sum, term, _path);
        if (Explain(term, unit) is { } refusal)
        {
            throw new ContributionException(refusal);
        }
        Carry(term);
    }

    /// <summary>The mean gradient: sum / divisor, rounded once to float32.</summary>
    /// <param name="destination">Receives as many values as the sum has.</param>
    /// <param name="divisor">The fixed count that the loss divides by.</param>
    public void Mean(Span<float> destination, double divisor)
    {
        double factor = 1 / (Scale * divisor);
        for (int i = 0; i < _sum.Length; i++)
        {
            destination[i] = (float)(_sum[i] * factor);
        }
        foreach (int i in _carries.Keys)
        {
            destination[i] = (float)(Value(i) * factor);
        }
    }

    /// <summary>Sum of squares of sum / divisor, in double, in a fixed order of eight interleaved lanes.</summary>
    /// <param name="divisor">The fixed count that the loss divides by.</param>
    public double SumOfSquares(double divisor)
    {
        Vector512<double> factor = Vector512.Create(1 / (Scale * divisor));
        Vector512<double> lanes = Vector512<double>.Zero;
        int i = 0;
        for (; i <= _sum.Length - 8; i += 8)
        {
            Vector512<double> g = Vector512.ConvertToDouble(Vector512.LoadUnsafe(ref _sum[i]));
            g = (_carries.Count == 0 ? g : Carried(g, i)) * factor;
            lanes += g * g;
        }
        double total = 0;
        for (int lane = 0; lane < 8; lane++)
        {
            total += lanes[lane];
        }
        for (; i < _sum.Length; i++)
        {
            double g = Value(i) * factor[0];
            total += g * g;
        }
        return total;
    }

    /// <summary>Back to zero.</summary>
    public void Clear()
    {
        Array.Clear(_sum);
        _carries.Clear();
    }

    /// <summary>Adds a term of which some sum goes beyond an int64.</summary>
    private void Carry(ReadOnlySpan<float> term)
    {
        for (int i = 0; i < term.Length; i++)
        {
            long v = FixedPointKernel.ToFixed(term[i]);
            long r = unchecked(_sum[i] + v);
            if (((_sum[i] ^ r) & (v ^ r)) < 0)
            {
                long carries = _carries.GetValueOrDefault(i) + Math.Sign(v);
                if (carries == 0)
                {
                    _carries.Remove(i);
                }
                else
                {
                    _carries[i] = carries;
                }
            }
            _sum[i] = r;
        }
    }

    /// <summary>A sum in units of the last place, rounded once to double.</summary>
    private double Value(int i) => _carries.TryGetValue(i, out long carries) ? (double)(((Int128)carries << 64) + _sum[i])
        : _sum[i];

    private Vector512<double> Carried(Vector512<double> values, int from)
    {
        for (int lane = 0; lane < 8; lane++)
        {
            values = _carries.ContainsKey(from + lane) ? values.WithElement(lane, Value(from + lane)) : values;
        }
        return values;
    }

    private static string? Explain(ReadOnlySpan<float> term, UnitId unit)
    {
        for (int i = 0; i < term.Length; i++)
        {
            if (!float.IsFinite(term[i]))
            {
                return $"unit {unit}: value {i} of its contribution is {term[i]}; the gradient is not finite. Lower "
                    + "optimizer.learningRate or "
                    + "objective.maxLogRatio, both of which run set changes in mid-run, and go on from an older version (train "
                        + "--resume RUN --at VERSION).";
            }
            if (MathF.Abs(term[i]) > Limit)
            {
                return $"unit {unit}: value {i} of its contribution is {term[i]}, beyond the limit of {Limit}. "
                    + "Lower optimizer.learningRate or objective.maxLogRatio (run set changes them in mid-run).";
            }
        }
        return null;
    }
}
