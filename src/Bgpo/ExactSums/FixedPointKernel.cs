using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Bgpo.ExactSums;

/// <summary>The instructions that <see cref="FixedPointKernel"/> uses. All give the same bits.</summary>
internal enum SumPath
{
    /// <summary>One value after the other.</summary>
    Scalar,

    /// <summary>Eight values at a time with what every vector unit has.</summary>
    Vector256,

    /// <summary>Sixteen at a time, with AVX-512's conversion to int64.</summary>
    Avx512,
}

/// <summary>
/// The hot loop of <see cref="ExactSum"/>: rounds float32 to int64 fixed point, half to even, and adds. Bounded by memory: each
/// value moves 20 bytes, and the next sums are asked for ahead of time.
/// </summary>
internal static class FixedPointKernel
{
    private const float Scale = 1L << ExactSum.FractionBits;

    /// <summary>A double whose last mantissa bit is worth 1: adding it rounds to an integer, half to even, below 2^51.</summary>
    private const double Rounder = 3L << 51;

    private const double High = 1L << 32;

    /// <summary>What this processor has.</summary>
    internal static SumPath Best { get; } =
        Avx512DQ.IsSupported ? SumPath.Avx512
        : Vector128.IsHardwareAccelerated ? SumPath.Vector256
        : SumPath.Scalar;

    /// <summary>
    /// Adds <paramref name="term"/> to <paramref name="sum"/> (as long as it), all of it; false when a value is not within
    /// <see cref="ExactSum.Limit"/> or a sum overflowed. <see cref="Subtract"/> by the same path then undoes it exactly.
    /// </summary>
    internal static bool Add(Span<long> sum, ReadOnlySpan<float> term, SumPath path) => path switch
    {
        SumPath.Avx512 => AddAvx512(sum, term),
        SumPath.Vector256 => AddVector256(sum, term),
        _ => AddScalar(sum, term),
    };

    /// <summary>Undoes an addition: integers wrap, so what was added comes off again whatever it was.</summary>
    internal static void Subtract(Span<long> sum, ReadOnlySpan<float> term, SumPath path)
    {
        int done = path switch
        {
            SumPath.Avx512 => SubtractAvx512(sum, term),
            SumPath.Vector256 => SubtractVector256(sum, term),
            _ => 0,
        };
        for (int i = done; i < term.Length; i++)
        {
            sum[i] = unchecked(sum[i] - ToFixed(term[i]));
        }
    }

    /// <summary>A value in fixed point, for explaining what is wrong with it.</summary>
    // A power of two times a float is exact, also for the smallest, as long as it stays finite.
    internal static long ToFixed(float x) => (long)Math.Round((double)x * Scale);

    private static bool AddScalar(Span<long> sum, ReadOnlySpan<float> term)
    {
        bool good = true;
        for (int i = 0; i < term.Length; i++)
        {
            good &= MathF.Abs(term[i]) <= ExactSum.Limit; // false for NaN as well
            long v = ToFixed(term[i]);
            long r = unchecked(sum[i] + v);
            good &= ((sum[i] ^ r) & (v ^ r)) >= 0;
            sum[i] = r;
        }
        return good;
    }

    private static bool AddAvx512(Span<long> sum, ReadOnlySpan<float> term)
    {
        Vector512<float> limit = Vector512.Create(ExactSum.Limit);
        Vector512<float> bad = Vector512<float>.Zero;
        Vector512<long> overflow = Vector512<long>.Zero;
        ref long s = ref MemoryMarshal.GetReference(sum);
        ref float t = ref MemoryMarshal.GetReference(term);
        nuint i = 0;
        nuint vectored = (nuint)(term.Length & ~15);
        for (; i < vectored; i += 16)
        {
            Vector512<float> x = Vector512.LoadUnsafe(ref t, i);
            bad |= ~Vector512.LessThanOrEqual(Vector512.Abs(x), limit);
            x *= Scale;
            Accumulate(ref s, i, ToFixed(x.GetLower()), ref overflow);
            Accumulate(ref s, i + 8, ToFixed(x.GetUpper()), ref overflow);
        }
        return bad.AsInt32() == Vector512<int>.Zero & Vector512.GreaterThanOrEqualAll(overflow, Vector512<long>.Zero)
            & AddScalar(sum[(int)i..], term[(int)i..]);
    }

    private static int SubtractAvx512(Span<long> sum, ReadOnlySpan<float> term)
    {
        ref long s = ref MemoryMarshal.GetReference(sum);
        ref float t = ref MemoryMarshal.GetReference(term);
        nuint i = 0;
        nuint vectored = (nuint)(term.Length & ~15);
        for (; i < vectored; i += 16)
        {
            Vector512<float> x = Vector512.LoadUnsafe(ref t, i) * Scale;
            (Vector512.LoadUnsafe(ref s, i) - ToFixed(x.GetLower())).StoreUnsafe(ref s, i);
            (Vector512.LoadUnsafe(ref s, i + 8) - ToFixed(x.GetUpper())).StoreUnsafe(ref s, i + 8);
        }
        return (int)i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(ref long sum, nuint at, Vector512<long> v, ref Vector512<long> overflow)
    {
        Vector512<long> s = Vector512.LoadUnsafe(ref sum, at);
        Vector512<long> r = s + v;
        overflow |= (s ^ r) & (v ^ r);
        r.StoreUnsafe(ref sum, at);
    }

    /// <summary>Rounds as the processor is set to, which in .NET is half to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> ToFixed(Vector256<float> scaled) => Avx512DQ.ConvertToVector512Int64(scaled);

    private static bool AddVector256(Span<long> sum, ReadOnlySpan<float> term)
    {
        Vector256<float> limit = Vector256.Create(ExactSum.Limit);
        Vector256<float> bad = Vector256<float>.Zero;
        Vector256<long> overflow = Vector256<long>.Zero;
        ref long s = ref MemoryMarshal.GetReference(sum);
        ref float t = ref MemoryMarshal.GetReference(term);
        nuint i = 0;
        nuint vectored = (nuint)(term.Length & ~7);
        for (; i < vectored; i += 8)
        {
            Vector256<float> x = Vector256.LoadUnsafe(ref t, i);
            bad |= ~Vector256.LessThanOrEqual(Vector256.Abs(x), limit);
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(x * Scale);
            Accumulate(ref s, i, ToFixed(low), ref overflow);
            Accumulate(ref s, i + 4, ToFixed(high), ref overflow);
        }
        return bad.AsInt32() == Vector256<int>.Zero & Vector256.GreaterThanOrEqualAll(overflow, Vector256<long>.Zero)
            & AddScalar(sum[(int)i..], term[(int)i..]);
    }

    private static int SubtractVector256(Span<long> sum, ReadOnlySpan<float> term)
    {
        ref long s = ref MemoryMarshal.GetReference(sum);
        ref float t = ref MemoryMarshal.GetReference(term);
        nuint i = 0;
        nuint vectored = (nuint)(term.Length & ~7);
        for (; i < vectored; i += 8)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.LoadUnsafe(ref t, i) * Scale);
            (Vector256.LoadUnsafe(ref s, i) - ToFixed(low)).StoreUnsafe(ref s, i);
            (Vector256.LoadUnsafe(ref s, i + 4) - ToFixed(high)).StoreUnsafe(ref s, i + 4);
        }
        return (int)i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(ref long sum, nuint at, Vector256<long> v, ref Vector256<long> overflow)
    {
        Vector256<long> s = Vector256.LoadUnsafe(ref sum, at);
        Vector256<long> r = s + v;
        overflow |= (s ^ r) & (v ^ r);
        r.StoreUnsafe(ref sum, at);
    }

    /// <summary>
    /// Rounds to int64 without an instruction for it: a multiple of 2^32, which is even, and a rest of at most 2^31, each rounded
    /// by the addition of <see cref="Rounder"/>. Exact for all that <see cref="ExactSum.Limit"/> allows; anything, but always the
    /// same, beyond.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> ToFixed(Vector256<double> scaled)
    {
        Vector256<double> rounder = Vector256.Create(Rounder);
        Vector256<double> high = (scaled * (1 / High)) + rounder;
        Vector256<double> low = (scaled - ((high - rounder) * High)) + rounder;
        Vector256<long> zero = rounder.AsInt64();
        return ((high.AsInt64() - zero) << 32) + (low.AsInt64() - zero);
    }
}
