using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

/// <content>Tensors that copy the elements of .NET arrays.</content>
public static partial class torch
{
    /// <summary>A float as a tensor without dimensions.</summary>
    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false)
        => Copy<float>([scalar], ScalarType.Float32, [], null, device, requires_grad, null);

    /// <summary>The elements of an array in one dimension.</summary>
    public static Tensor tensor(
        float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<float>(rawArray, ScalarType.Float32, [rawArray.Length], dtype, device, requires_grad, names);

    /// <summary>The elements of an array in a shape.</summary>
    public static Tensor tensor(
        float[] rawArray, ReadOnlySpan<long> dimensions,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<float>(rawArray, ScalarType.Float32, dimensions, dtype, device, requires_grad, names);

    /// <summary>A double as a tensor without dimensions.</summary>
    public static Tensor tensor(double scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        => Copy<double>([scalar], ScalarType.Float64, [], dtype, device, requires_grad, null);

    /// <summary>The elements of an array in one dimension.</summary>
    public static Tensor tensor(
        double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<double>(rawArray, ScalarType.Float64, [rawArray.Length], dtype, device, requires_grad, names);

    /// <summary>The elements of an array in a shape.</summary>
    public static Tensor tensor(
        double[] rawArray, ReadOnlySpan<long> dimensions,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<double>(rawArray, ScalarType.Float64, dimensions, dtype, device, requires_grad, names);

    /// <summary>A long as a tensor without dimensions.</summary>
    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        => Copy<long>([scalar], ScalarType.Int64, [], dtype, device, requires_grad, null);

    /// <summary>The elements of an array in one dimension.</summary>
    public static Tensor tensor(
        long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<long>(dataArray, ScalarType.Int64, [dataArray.Length], dtype, device, requires_grad, names);

    /// <summary>The elements of an array in a shape.</summary>
    public static Tensor tensor(
        long[] dataArray, ReadOnlySpan<long> dimensions,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<long>(dataArray, ScalarType.Int64, dimensions, dtype, device, requires_grad, names);

    /// <summary>An int as a tensor without dimensions.</summary>
    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false)
        => Copy<int>([scalar], ScalarType.Int32, [], null, device, requires_grad, null);

    /// <summary>The elements of an array in one dimension.</summary>
    public static Tensor tensor(
        int[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<int>(rawArray, ScalarType.Int32, [rawArray.Length], dtype, device, requires_grad, names);

    /// <summary>The elements of an array in a shape.</summary>
    public static Tensor tensor(
        int[] rawArray, ReadOnlySpan<long> dimensions,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<int>(rawArray, ScalarType.Int32, dimensions, dtype, device, requires_grad, names);

    /// <summary>A bool as a tensor without dimensions.</summary>
    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        => Copy<bool>([scalar], ScalarType.Bool, [], dtype, device, requires_grad, null);

    /// <summary>The elements of an array in one dimension.</summary>
    public static Tensor tensor(
        bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<bool>(rawArray, ScalarType.Bool, [rawArray.Length], dtype, device, requires_grad, names);

    /// <summary>The elements of an array in a shape.</summary>
    public static Tensor tensor(
        bool[] rawArray, ReadOnlySpan<long> dimensions,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => Copy<bool>(rawArray, ScalarType.Bool, dimensions, dtype, device, requires_grad, names);

    private static unsafe Tensor Copy<T>(
        ReadOnlySpan<T> elements,
        ScalarType elementType,
        ReadOnlySpan<long> dimensions,
        ScalarType? dtype,
        Device? device,
        bool requires_grad,
        string[]? names)
        where T : unmanaged
    {
        long count = 1;
        foreach (var size in dimensions)
            count *= size;
        if (count != elements.Length)
        {
            throw new ArgumentException(
                $"mismatched total size creating a tensor from an array: [{string.Join(", ", dimensions.ToArray())}] has {count} "
                + $"elements, the array {elements.Length}");
        }

        var place = Place(device, names);
        fixed (T* data = elements)
        fixed (long* p = dimensions)
        {
            return Tensor.Own(ts_from_data(
                (IntPtr)data,
                (int)elementType,
                p,
                dimensions.Length,
                (int)(dtype ?? elementType),
                (int)place.type,
                place.index,
                requires_grad ? 1 : 0));
        }
    }
}
