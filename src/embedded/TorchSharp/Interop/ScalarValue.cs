using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>A number as it crosses to native code: two registers, no allocation. Mirrors shim::Scalar.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct ScalarValue
{
    internal const long Integer = 0;
    internal const long FloatingPoint = 1;
    internal const long Boolean = 2;

    internal readonly long Kind;
    internal readonly long Bits;

    private ScalarValue(long kind, long bits)
    {
        Kind = kind;
        Bits = bits;
    }

    /// <summary>Stands for an argument that was not given.</summary>
    internal static ScalarValue Absent => new(-1, 0);

    internal static ScalarValue One => new(Integer, 1);

    internal double AsDouble => Kind == FloatingPoint ? BitConverter.Int64BitsToDouble(Bits) : Bits;

    internal long AsLong => Kind == FloatingPoint ? (long)BitConverter.Int64BitsToDouble(Bits) : Bits;

    internal static ScalarValue From(long value) => new(Integer, value);

    internal static ScalarValue From(double value) => new(FloatingPoint, BitConverter.DoubleToInt64Bits(value));

    internal static ScalarValue From(bool value) => new(Boolean, value ? 1 : 0);
}
