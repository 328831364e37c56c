using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>Moves flat vectors of parameters and gradients between arrays and a network, whatever its device and type.</summary>
public static class FlatVector
{
    /// <summary>Values that are copied together: a span of a tensor's bytes has at most 2^31 - 1.</summary>
    private const int CopiedAtOnce = 1 << 26;

    /// <summary>Copies a flat vector into a network.</summary>
    /// <param name="model">The network.</param>
    /// <param name="values">Its parameters in layout order.</param>
    public static void Load(Transformer model, float[] values)
    {
        using IDisposable noGradient = no_grad();
        using Tensor source = tensor(values);
        _ = model.Parameters.copy_(source);
    }

    /// <summary>Copies a flat tensor's values out, as float32.</summary>
    /// <param name="flat">The tensor.</param>
    /// <param name="destination">Receives them.</param>
    public static void CopyTo(Tensor flat, Span<float> destination) => CopyTo(flat, destination, CopiedAtOnce);

    /// <summary>Copies a flat tensor's values out, as float32, some at a time.</summary>
    /// <param name="flat">The tensor.</param>
    /// <param name="destination">Receives them.</param>
    /// <param name="atOnce">How many.</param>
    internal static void CopyTo(Tensor flat, Span<float> destination, int atOnce)
    {
        using Tensor source = flat.detach();
        for (long from = 0; from < source.numel(); from += atOnce)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor part = source.narrow(0, from, Math.Min(atOnce, source.numel() - from)).to(ScalarType.Float32).cpu()
                .contiguous();
            MemoryMarshal.Cast<byte, float>(part.bytes).CopyTo(destination[(int)from..]);
        }
    }
}
