using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

/// <content>Tensors of random numbers. Without a generator they come from the default one of the process.</content>
public static partial class torch
{
    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        long[] size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand(size, dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        ReadOnlySpan<long> size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand(size, dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        long size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([size], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        long rows, long columns,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([rows, columns], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        long dim0, long dim1, long dim2,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        long dim0, long dim1, long dim2, long dim3,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        int size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([size], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        int rows, int columns,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([rows, columns], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        int dim0, int dim1, int dim2,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn evenly from [0, 1).</summary>
    public static Tensor rand(
        int dim0, int dim1, int dim2, int dim3,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    private static void RequireFractions(ScalarType? dtype)
    {
        if (dtype is { } type && !is_floating_point(type))
            throw new ArgumentException($"Numbers of {dtype} cannot be drawn: a floating point type is needed.", nameof(dtype));
    }

    private static unsafe Tensor MakeRand(
        ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requires_grad, Generator? generator, string[]? names)
    {
        RequireFractions(dtype);
        var place = Place(device, names);
        fixed (long* p = size)
        {
            var handle = ts_rand(
                p, size.Length, generator?.Handle ?? 0, Type(dtype), (int)place.type, place.index, requires_grad ? 1 : 0);
            GC.KeepAlive(generator);
            return Tensor.Own(handle);
        }
    }

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        long[] size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn(size, dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        ReadOnlySpan<long> size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn(size, dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        long size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([size], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        long rows, long columns,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([rows, columns], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        long dim0, long dim1, long dim2,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        long dim0, long dim1, long dim2, long dim3,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        int size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([size], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        int rows, int columns,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([rows, columns], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        int dim0, int dim1, int dim2,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    /// <summary>Numbers drawn from the standard normal distribution.</summary>
    public static Tensor randn(
        int dim0, int dim1, int dim2, int dim3,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => MakeRandn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    private static unsafe Tensor MakeRandn(
        ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requires_grad, Generator? generator, string[]? names)
    {
        RequireFractions(dtype);
        var place = Place(device, names);
        fixed (long* p = size)
        {
            var handle = ts_randn(
                p, size.Length, generator?.Handle ?? 0, Type(dtype), (int)place.type, place.index, requires_grad ? 1 : 0);
            GC.KeepAlive(generator);
            return Tensor.Own(handle);
        }
    }

    /// <summary>Integers drawn evenly from [0, high).</summary>
    public static Tensor randint(
        long high, long[] size,
        ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null, string[]? names = null)
        => randint(0, high, size, dtype, device, requires_grad, generator, names);

    /// <summary>Integers drawn evenly from [low, high).</summary>
    public static unsafe Tensor randint(
        long low,
        long high,
        long[] size,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        Generator? generator = null,
        string[]? names = null)
    {
        var place = Place(device, names);
        fixed (long* p = size)
        {
            var handle = ts_randint(
                low,
                high,
                p,
                size.Length,
                generator?.Handle ?? 0,
                (int)(dtype ?? ScalarType.Int64),
                (int)place.type,
                place.index,
                requires_grad ? 1 : 0);
            GC.KeepAlive(generator);
            return Tensor.Own(handle);
        }
    }
}
