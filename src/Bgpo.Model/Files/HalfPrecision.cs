using System.Numerics;
using System.Runtime.InteropServices;
using Bgpo.Safetensors;

namespace Bgpo.Model.Files;

/// <summary>Reads weights of 16 and 32 bits: widens them to float32 and looks for what is no number.</summary>
internal static class HalfPrecision
{
    /// <summary>The place of the first value that is NaN or infinite; -1 where all are finite.</summary>
    /// <param name="bytes">Little-endian values.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    public static int NonFiniteIn(ReadOnlySpan<byte> bytes, SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F32 => NonFinite.IndexIn(MemoryMarshal.Cast<byte, float>(bytes)),
        SafetensorsDtype.BF16 => AllOnes(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7F80),
        SafetensorsDtype.F16 => AllOnes(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7C00),
        _ => -1,
    };

    /// <summary>What the value at a place is called in messages.</summary>
    /// <param name="bytes">Little-endian values.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="at">The place.</param>
    public static string NameAt(ReadOnlySpan<byte> bytes, SafetensorsDtype dtype, int at)
    {
        Span<float> value = stackalloc float[1];
        Widen(bytes.Slice(at * dtype.Size(), dtype.Size()), dtype, value);
        return NonFinite.Name(value[0]);
    }

    /// <summary>Values as float32, which holds all of them exactly.</summary>
    /// <param name="bytes">Little-endian values.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="into">At least as many.</param>
    public static void Widen(ReadOnlySpan<byte> bytes, SafetensorsDtype dtype, Span<float> into)
    {
        if (dtype == SafetensorsDtype.F32)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(into);
            return;
        }
        ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (int i = 0; i < halves.Length; i++)
        {
            into[i] = dtype == SafetensorsDtype.BF16
                ? BitConverter.UInt32BitsToSingle((uint)halves[i] << 16)
                : (float)BitConverter.UInt16BitsToHalf(halves[i]);
        }
    }

    /// <summary>The place of the first value whose exponent is all ones.</summary>
    private static int AllOnes(ReadOnlySpan<ushort> values, ushort exponent)
    {
        var ones = new Vector<ushort>(exponent);
        int i = 0;
        for (; i + Vector<ushort>.Count <= values.Length; i += Vector<ushort>.Count)
        {
            if (Vector.EqualsAny(new Vector<ushort>(values[i..]) & ones, ones))
            {
                break;
            }
        }
        for (; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent)
            {
                return i;
            }
        }
        return -1;
    }
}
