using System.Numerics;

namespace Bgpo;

/// <summary>Looks for values that are no numbers: NaN and the infinities.</summary>
public static class NonFinite
{
    /// <summary>The place of the first value that is NaN or infinite; -1 where all are finite.</summary>
    /// <param name="values">The values.</param>
    public static int IndexIn(ReadOnlySpan<float> values)
    {
        int i = 0;
        // x - x is 0 for a finite x and NaN for the others, so the whole block's sum tells.
        for (; i + Vector<float>.Count <= values.Length; i += Vector<float>.Count)
        {
            var block = new Vector<float>(values[i..]);
            if (!Vector.EqualsAll(block - block, Vector<float>.Zero))
            {
                break;
            }
        }
        for (; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>What a value that is not finite is called in messages.</summary>
    /// <param name="value">The value.</param>
    public static string Name(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "infinity" : "minus infinity";
}
