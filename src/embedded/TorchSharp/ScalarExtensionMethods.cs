using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>Conversions between numbers and <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    /// <summary>An integer.</summary>
    public static Scalar ToScalar(this byte value) => new(ScalarValue.From((long)value));

    /// <summary>An integer.</summary>
    public static Scalar ToScalar(this sbyte value) => new(ScalarValue.From((long)value));

    /// <summary>An integer.</summary>
    public static Scalar ToScalar(this short value) => new(ScalarValue.From((long)value));

    /// <summary>An integer.</summary>
    public static Scalar ToScalar(this int value) => new(ScalarValue.From((long)value));

    /// <summary>An integer.</summary>
    public static Scalar ToScalar(this long value) => new(ScalarValue.From(value));

    /// <summary>A floating-point number.</summary>
    public static Scalar ToScalar(this float value) => new(ScalarValue.From((double)value));

    /// <summary>A floating-point number.</summary>
    public static Scalar ToScalar(this double value) => new(ScalarValue.From(value));

    /// <summary>A truth value.</summary>
    public static Scalar ToScalar(this bool value) => new(ScalarValue.From(value));

    /// <summary>The number in single precision.</summary>
    public static float ToSingle(this Scalar value) => (float)value.Value.AsDouble;

    /// <summary>The number in double precision.</summary>
    public static double ToDouble(this Scalar value) => value.Value.AsDouble;

    /// <summary>The number as an integer, rounded towards zero.</summary>
    public static int ToInt32(this Scalar value) => checked((int)value.Value.AsLong);

    /// <summary>The number as an integer, rounded towards zero.</summary>
    public static long ToInt64(this Scalar value) => value.Value.AsLong;

    /// <summary>Whether the number is not 0.</summary>
    public static bool ToBoolean(this Scalar value) => value.Value.AsDouble != 0;
}
