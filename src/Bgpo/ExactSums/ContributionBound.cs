using System.Numerics;
using System.Runtime.InteropServices;

namespace Bgpo.ExactSums;

/// <summary>
/// Fits contributions into an <see cref="ExactSum"/>. A unit whose largest value is beyond the limit is halved, whole, until it
/// is not: its direction stays, and since only powers of two are multiplied the result is the same everywhere. Off-policy, exp(d)
/// of one sample can be millions of times the others; on-policy no unit comes near the limit. A unit that fits is left as it is.
/// </summary>
public static class ContributionBound
{
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;

    /// <summary>Halves a contribution until no value is beyond <see cref="ExactSum.Limit"/>.</summary>
    /// <param name="contribution">A unit's gradient. One that is not finite is left as it is: the sum refuses it.</param>
    /// <returns>How often it was halved.</returns>
    public static int Fit(Span<float> contribution)
    {
        uint largest = LargestMagnitude(contribution);
        if (largest >= Infinity)
        {
            return 0;
        }
        int halvings = 0;
        double left = BitConverter.UInt32BitsToSingle(largest);
        for (; left > ExactSum.Limit; left /= 2)
        {
            halvings++;
        }
        if (halvings > 0)
        {
            double factor = Math.ScaleB(1, -halvings);
            foreach (ref float value in contribution)
            {
                value = (float)(value * factor);
            }
        }
        return halvings;
    }

    /// <summary>
    /// The largest magnitude as a float's bits, whose order is that of the magnitudes; beyond <see cref="Infinity"/> where one is
    /// NaN.
    /// </summary>
    private static uint LargestMagnitude(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        ReadOnlySpan<Vector<uint>> vectors = MemoryMarshal.Cast<uint, Vector<uint>>(bits);
        var magnitude = new Vector<uint>(Magnitude);
        Vector<uint> largest = Vector<uint>.Zero;
        foreach (Vector<uint> vector in vectors)
        {
            largest = Vector.Max(largest, vector & magnitude);
        }
        uint found = 0;
        for (int lane = 0; lane < Vector<uint>.Count; lane++)
        {
            found = Math.Max(found, largest[lane]);
        }
        foreach (uint rest in bits[(vectors.Length * Vector<uint>.Count)..])
        {
            found = Math.Max(found, rest & Magnitude);
        }
        return found;
    }
}
