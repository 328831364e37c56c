using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>Moves flat vectors of parameters and gradients between arrays and a network, whatever its device and type.</summary>
public static class FlatVector
{
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
    public static void CopyTo(Tensor flat, Span<float> destination)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor host = flat.detach().to(ScalarType.Float32).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(host.bytes).CopyTo(destination);
    }
}
