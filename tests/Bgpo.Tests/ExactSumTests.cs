using System.Numerics;
using Bgpo.ExactSums;
using Bgpo.Units;
using FsCheck;
using FsCheck.Fluent;

namespace Bgpo.Tests;

/// <summary>The sum that any order and any grouping leave at the same bits, held to a slow twin of big integers.</summary>
public sealed class ExactSumTests
{
    private static readonly UnitId s_unit = new(7, 3, 1);
    private static readonly Replay s_replay = new(new Rnd(20251013, 3), null);

    private const int Width = 19;

    /// <summary>Lengths that end in the vector loop, in the tail, and in both.</summary>
    public static TheoryData<int> Lengths => [.. Enumerable.Range(0, 41)];

    /// <summary>The ways of adding that this processor has; the bits must not tell which one was taken.</summary>
    private static readonly SumPath[] s_paths = [.. Enum.GetValues<SumPath>().Where(path => path <= FixedPointKernel.Best)];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void TheSum_IsThatOfBigIntegers_WhateverItsLength(int length)
    {
        float[][] terms = [.. Enumerable.Range(0, 9).Select(k => Term(length, (uint)k))];
        BigInteger[] twin = Twin(terms, length);
        foreach (SumPath path in s_paths)
        {
            var sum = new ExactSum(length, path);
            foreach (float[] term in terms)
            {
                sum.Add(term, s_unit);
            }
            Assert.Equal(twin, sum.Raw.ToArray().Select(v => new BigInteger(v)));
        }
    }

    [Fact]
    public void EveryPath_RoundsLikeBigIntegers_WhateverTheValue()
    {
        // Every exponent that a term may have and those below, down to the denormals, with mantissas that round down, up, and
        // tie.
        uint[] mantissas = [0, 1, 2, 0x3FFFFF, 0x400000, 0x400001, 0x600000, 0x5FFFFF, 0x7FFFFE, 0x7FFFFF, 0x2AAAAA, 0x555555,
            0x123456];
        float[] values =
        [
            .. from exponent in Enumerable.Range(0, 127 + 22)
               from mantissa in mantissas
               from sign in new[] { 0u, 1u << 31 }
               select BitConverter.UInt32BitsToSingle(sign | ((uint)exponent << 23) | mantissa),
            ExactSum.Limit, -ExactSum.Limit, MathF.BitDecrement(ExactSum.Limit), 0f, -0f,
            // Half a unit of the sum and its neighbours, around small and large whole numbers of units.
            .. from whole in new double[] { 0, 1, 2, 3, 4, (1 << 23) - 1 }
               from part in new[] { 0.25, 0.5, 0.75 }
               select (float)((whole + part) / (1L << ExactSum.FractionBits)),
        ];
        // 37 places, so that each value comes to stand at every place of every vector and in the tail.
        float[][] terms = [.. values.Select(
            (_, first) => Enumerable.Range(0, 37).Select(i => values[(first + i) % values.Length]).ToArray())];
        foreach (SumPath path in s_paths)
        {
            foreach (float[] term in terms)
            {
                var sum = new ExactSum(37, path);
                sum.Add(term, s_unit);
                Assert.Equal(Twin([term], 37), sum.Raw.ToArray().Select(v => new BigInteger(v)));
            }
        }
    }

    [Fact]
    public void TheVectorLoopAndTheTail_RoundAlike()
    {
        // Every value once at a vector place and once at a tail place; ties of the rounding among them.
        float[] values =
        [
            0, -0f, 1, -1, float.Epsilon, -float.Epsilon, 1e-12f, 3e-13f, MathF.Pow(2, -41), 3 * MathF.Pow(2, -41),
            -MathF.Pow(2, -41),
            5 * MathF.Pow(2, -41), ExactSum.Limit, -ExactSum.Limit, 0.1f, 1234.567f,
        ];
        foreach (float value in values)
        {
            float[] row = [.. Enumerable.Repeat(value, 17)];
            foreach (SumPath path in s_paths)
            {
                var sum = new ExactSum(17, path);
                sum.Add(row, s_unit);
                Assert.All(sum.Raw.ToArray(), raw => Assert.Equal(sum.Raw[16], raw));
            }
        }
    }

    [Fact]
    public void AnyOrder_GivesTheSameBits() => Holds(
        from terms in Terms()
        from order in Gen.Shuffle(Enumerable.Range(0, terms.Length).ToArray())
        select (terms, order),
        drawn => SumOf(drawn.terms).SequenceEqual(SumOf([.. drawn.order.Select(i => drawn.terms[i])])));

    [Fact]
    public void AnyGrouping_GivesTheSameBits() => Holds(
        from terms in Terms()
        from cut in Gen.Choose(0, terms.Length)
        select (terms, cut),
        drawn =>
        {
            // Two accumulators that share the terms, added up afterwards, hold what one holds.
            long[] left = SumOf(drawn.terms[..drawn.cut]);
            long[] right = SumOf(drawn.terms[drawn.cut..]);
            return SumOf(drawn.terms).SequenceEqual(left.Zip(right, (a, b) => a + b));
        });

    [Theory]
    [InlineData(float.NaN, "is NaN")]
    [InlineData(float.PositiveInfinity, "not finite")]
    [InlineData(float.NegativeInfinity, "not finite")]
    [InlineData(4194304.5f, "beyond the limit")]
    [InlineData(-4194304.5f, "beyond the limit")]
    [InlineData(float.MaxValue, "beyond the limit")]
    public void ABadValue_IsRefusedByUnitAndPlace_AndLeavesTheSumAsItWas(float bad, string why)
    {
        foreach ((SumPath path, int place) in s_paths.SelectMany(path => Enumerable.Range(0, 37).Select(place => (path, place))))
        {
            var sum = new ExactSum(37, path);
            sum.Add(Term(37, 1), new UnitId(7, 0, 0));
            long[] before = sum.Raw.ToArray();
            float[] term = Term(37, 2);
            term[place] = bad;

            ContributionException refused = Assert.Throws<ContributionException>(() => sum.Add(term, s_unit));

            Assert.Contains("unit 7/3/1", refused.Message, StringComparison.Ordinal);
            Assert.Contains($"value {place} ", refused.Message, StringComparison.Ordinal);
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
            Assert.Equal(before, sum.Raw.ToArray());
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(20, 1)]
    [InlineData(36, 1)]
    [InlineData(0, -1)]
    [InlineData(36, -1)]
    public void WhatGoesBeyondAnInt64_IsCarried_InAnyOrder(int place, int sign)
    {
        // 2^22 + 2^22 is 2^23, one beyond the largest int64 at this resolution. Five times up, then back by four, to where no
        // carry is left.
        float[] up = Term(37, 3);
        up[place] = sign * ExactSum.Limit;
        float[] down = Term(37, 4);
        down[place] = -sign * ExactSum.Limit;
        foreach (float[][] terms in (float[][][])[[up, up, up, up, up], [up, up, up, up, up, down, down, down, down],
            [down, up, up, up, down, up]])
        {
            foreach (SumPath path in s_paths)
            {
                ExactSum one = Summed(terms, path), other = Summed([.. terms.Reverse()], path);
                BigInteger[] twin = Twin(terms, 37);
                float[] mean = new float[37], again = new float[37];
                one.Mean(mean, 4);
                other.Mean(again, 4);
                Assert.Equal(twin.Select(sum => (float)((double)sum * (1 / (4.0 * (1L << ExactSum.FractionBits))))), mean);
                Assert.Equal(mean, again);
                Assert.Equal(one.SumOfSquares(4), other.SumOfSquares(4));
                double squares = twin.Sum(sum => Math.Pow((double)sum / (4.0 * (1L << ExactSum.FractionBits)), 2));
                Assert.Equal(squares, one.SumOfSquares(4), squares * 1e-12);
                one.Clear();
                Assert.Equal(0, one.SumOfSquares(4));
            }
        }

        static ExactSum Summed(float[][] terms, SumPath path)
        {
            var sum = new ExactSum(37, path);
            foreach (float[] term in terms)
            {
                sum.Add(term, s_unit);
            }
            return sum;
        }
    }

    [Fact]
    public void ATermOfAnotherLength_IsRefused()
    {
        ContributionException refused = Assert.Throws<ContributionException>(() => new ExactSum(3).Add(new float[4], s_unit));
        Assert.Contains("unit 7/3/1: the contribution has 4 values where the shard has 3", refused.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Mean_IsTheSumOverTheCount_RoundedToSingle(int length)
    {
        (ExactSum sum, double[] exact) = Summed(length, divisor: 12);
        var mean = new float[length];
        sum.Mean(mean, 12);
        for (int i = 0; i < length; i++)
        {
            // Scaled in double, then rounded: half a unit in the last place, and the double's own error.
            Assert.Equal(exact[i], mean[i], (Math.Abs(exact[i]) * 6.1e-8) + 1e-45);
        }
    }

    [Fact]
    public void Mean_OfAPowerOfTwo_IsTheNearestSingle()
    {
        var sum = new ExactSum(2);
        sum.Add([1f, 1 << 20], s_unit);
        sum.Add([MathF.Pow(2, -24), 3 * MathF.Pow(2, -40)], s_unit);
        var mean = new float[2];
        sum.Mean(mean, 4);
        // 1 + 2^-24 is a tie, which goes to even; 2^20 + 3 * 2^-40 has no nearer single than 2^20.
        Assert.Equal([0.25f, 1 << 18], mean);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void SumOfSquares_IsThatOfTheMean(int length)
    {
        (ExactSum sum, double[] exact) = Summed(length, divisor: 12);
        double expected = exact.Sum(g => g * g);
        Assert.Equal(expected, sum.SumOfSquares(12), (expected * 1e-13) + 1e-300);
    }

    [Fact]
    public void SumOfSquares_AddsItsLanesInTheWrittenOrder()
    {
        // The order is part of a run's bits: eight lanes, then the lanes in order, then the tail.
        (ExactSum sum, _) = Summed(133, divisor: 5);
        double factor = 1 / (Math.Pow(2, ExactSum.FractionBits) * 5);
        double[] g = [.. sum.Raw.ToArray().Select(v => v * factor)];
        var lanes = new double[8];
        for (int i = 0; i < 128; i++)
        {
            lanes[i % 8] += g[i] * g[i];
        }
        double expected = 0;
        foreach (double lane in lanes)
        {
            expected += lane;
        }
        for (int i = 128; i < 133; i++)
        {
            expected += g[i] * g[i];
        }
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(sum.SumOfSquares(5)));
    }

    [Fact]
    public void Clear_StartsAnew()
    {
        (ExactSum sum, _) = Summed(20, divisor: 1);
        sum.Clear();
        Assert.Equal(new long[20], sum.Raw.ToArray());
    }

    private static (ExactSum Sum, double[] Exact) Summed(int length, double divisor)
    {
        var sum = new ExactSum(length);
        float[][] terms = [.. Enumerable.Range(0, 5).Select(k => Term(length, (uint)k))];
        foreach (float[] term in terms)
        {
            sum.Add(term, s_unit);
        }
        return (sum, [.. Twin(terms, length).Select(v => (double)v / Math.Pow(2, ExactSum.FractionBits) / divisor)]);
    }

    private static long[] SumOf(float[][] terms)
    {
        var sum = new ExactSum(terms.Length == 0 ? Width : terms[0].Length);
        foreach (float[] term in terms)
        {
            sum.Add(term, s_unit);
        }
        return sum.Raw.ToArray();
    }

    /// <summary>Two to twelve terms whose values span the whole range, some of them cancelling.</summary>
    private static Gen<float[][]> Terms()
    {
        Gen<float> value =
            from mantissa in Gen.Choose(-1_000_000, 1_000_000)
            from exponent in Gen.Choose(-40, -2)
            select mantissa * MathF.Pow(2, exponent);
        return
            from count in Gen.Choose(2, 12)
            from terms in value.ArrayOf(Width).ArrayOf(count)
            select terms;
    }

    private static void Holds<T>(Gen<T> cases, Func<T, bool> promise) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(s_replay), Prop.ForAll(cases.ToArbitrary(), promise));

    /// <summary>Values of very different size, most of them not exact in fixed point.</summary>
    private static float[] Term(int length, uint seed)
    {
        var stream = new Philox(seed, Purpose.Other, 41);
        return [.. Enumerable.Range(0, length).Select(i =>
            (float)(stream.Normal(2 * (uint)i) * Math.Pow(2, stream.Below((4 * (uint)length) + (uint)i, 50) - 35)))];
    }

    /// <summary>Each value scaled exactly, rounded half to even, and added as a big integer.</summary>
    private static BigInteger[] Twin(float[][] terms, int length)
    {
        var sum = new BigInteger[length];
        foreach (float[] term in terms)
        {
            for (int i = 0; i < length; i++)
            {
                sum[i] += Fixed(term[i]);
            }
        }
        return sum;
    }

    private static BigInteger Fixed(float value)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        int exponent = (bits >> 23) & 0xFF;
        BigInteger mantissa = (bits & 0x7FFFFF) | (exponent == 0 ? 0 : 0x800000);
        int shift = Math.Max(exponent, 1) - 150 + ExactSum.FractionBits; // value = mantissa * 2^(shift - FractionBits)
        BigInteger magnitude;
        if (shift >= 0)
        {
            magnitude = mantissa << shift;
        }
        else
        {
            magnitude = mantissa >> -shift;
            BigInteger rest = mantissa - (magnitude << -shift);
            int half = rest.CompareTo(BigInteger.One << (-shift - 1));
            magnitude += half > 0 || (half == 0 && !magnitude.IsEven) ? 1 : 0;
        }
        return bits < 0 ? -magnitude : magnitude;
    }
}
