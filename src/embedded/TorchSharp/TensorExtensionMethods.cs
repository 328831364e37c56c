namespace TorchSharp;

/// <summary>Conversions of one-element tensors to numbers, whatever the type of the element.</summary>
public static class TensorExtensionMethods
{
    /// <summary>The value in single precision.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is not exactly one element.</exception>
    public static float ToSingle(this torch.Tensor value) => (float)value.Item().AsDouble;

    /// <summary>The value in double precision.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is not exactly one element.</exception>
    public static double ToDouble(this torch.Tensor value) => value.Item().AsDouble;

    /// <summary>The value as an integer, rounded towards zero.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is not exactly one element.</exception>
    public static int ToInt32(this torch.Tensor value) => checked((int)value.Item().AsLong);

    /// <summary>The value as an integer, rounded towards zero.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is not exactly one element.</exception>
    public static long ToInt64(this torch.Tensor value) => value.Item().AsLong;

    /// <summary>Whether the value is not 0.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is not exactly one element.</exception>
    public static bool ToBoolean(this torch.Tensor value) => value.Item().AsDouble != 0;
}
