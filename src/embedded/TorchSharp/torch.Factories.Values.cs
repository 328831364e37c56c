using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

/// <content>Tensors of given values: full, like another, ranges, the identity.</content>
public static partial class torch
{
    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        long[] size, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull(size, value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        ReadOnlySpan<long> size, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull(size, value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        long size, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([size], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        long rows, long columns, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([rows, columns], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        long dim0, long dim1, long dim2, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([dim0, dim1, dim2], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        long dim0, long dim1, long dim2, long dim3, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([dim0, dim1, dim2, dim3], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        int size, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([size], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        int rows, int columns, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([rows, columns], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        int dim0, int dim1, int dim2, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([dim0, dim1, dim2], value, dtype, device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere.</summary>
    public static Tensor full(
        int dim0, int dim1, int dim2, int dim3, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => MakeFull([dim0, dim1, dim2, dim3], value, dtype, device, requires_grad, names);

    private static unsafe Tensor MakeFull(
        ReadOnlySpan<long> size, Scalar value, ScalarType? dtype, Device? device, bool requires_grad, string[]? names)
    {
        var place = Place(device, names);
        fixed (long* p = size)
        {
            var handle = ts_full(
                p, size.Length, value.Value, Type(dtype), (int)place.type, place.index, requires_grad ? 1 : 0);
            return Tensor.Own(handle);
        }
    }

    /// <summary>A tensor in the shape of another, whose elements are not set.</summary>
    public static Tensor empty_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => empty(input.shape.AsSpan(), dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    /// <summary>A tensor of zeros in the shape of another.</summary>
    public static Tensor zeros_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => zeros(input.shape.AsSpan(), dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    /// <summary>A tensor of ones in the shape of another.</summary>
    public static Tensor ones_like(
        Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => ones(input.shape.AsSpan(), dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    /// <summary>A tensor with the same value everywhere, in the shape of another.</summary>
    public static Tensor full_like(
        Tensor input, Scalar value,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, string[]? names = null)
        => full(input.shape.AsSpan(), value, dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    /// <summary>The numbers from start (included) to stop (excluded) in steps; integers if all three are, else float.</summary>
    public static Tensor arange(
        Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var place = Place(device, null);
        var integers = is_integral(start.Type) && is_integral(stop.Type) && is_integral(step.Type);
        var type = dtype ?? (integers ? ScalarType.Int64 : ScalarType.Float32);
        return Tensor.Own(ts_arange(
            start.Value, stop.Value, step.Value, (int)type, (int)place.type, place.index, requires_grad ? 1 : 0));
    }

    /// <summary>The numbers from start (included) to stop (excluded); integers if both are, else float.</summary>
    public static Tensor arange(
        Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        => arange(start, stop, 1, dtype, device, requires_grad);

    /// <summary>The numbers from 0 to stop (excluded); integers if that is one, else float.</summary>
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        => arange(0, stop, 1, dtype, device, requires_grad);

    /// <summary>A matrix with ones on the diagonal; square where columns is -1.</summary>
    public static Tensor eye(
        long rows,
        long columns = -1L,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null)
    {
        var place = Place(device, names);
        return Tensor.Own(ts_eye(
            rows, columns == -1 ? rows : columns, Type(dtype), (int)place.type, place.index, requires_grad ? 1 : 0));
    }

    private static int Type(ScalarType? dtype) => (int)(dtype ?? ScalarType.Float32);

    private static Device Place(Device? device, string[]? names)
    {
        if (names is { Length: > 0 })
            throw new NotSupportedException("the embedded TorchSharp names no dimensions; leave out the argument 'names'");
        return InitializeDevice(device);
    }
}
