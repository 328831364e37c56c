using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number of whatever type, as an argument of tensor functions. Numbers convert to it implicitly.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(ScalarValue value) => Value = value;

    /// <summary>Int64 for integers, Float64 for floating-point numbers, Bool for truth values: what libtorch keeps.</summary>
    public torch.ScalarType Type => Value.Kind switch
    {
        ScalarValue.FloatingPoint => torch.ScalarType.Float64,
        ScalarValue.Boolean => torch.ScalarType.Bool,
        _ => torch.ScalarType.Int64,
    };

    internal ScalarValue Value { get; }

    /// <summary>Nothing to free here; TorchSharp's own scalar is a native object.</summary>
    public void Dispose()
    {
    }

#pragma warning disable CA2225 // No named alternatives but ToScalar, as in TorchSharp.
    /// <summary>An integer.</summary>
    public static implicit operator Scalar(byte value) => value.ToScalar();

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(sbyte value) => value.ToScalar();

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(short value) => value.ToScalar();

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(int value) => value.ToScalar();

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(long value) => value.ToScalar();

    /// <summary>A floating-point number.</summary>
    public static implicit operator Scalar(float value) => value.ToScalar();

    /// <summary>A floating-point number.</summary>
    public static implicit operator Scalar(double value) => value.ToScalar();

    /// <summary>A truth value.</summary>
    public static implicit operator Scalar(bool value) => value.ToScalar();
#pragma warning restore CA2225
}
