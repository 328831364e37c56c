using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>cos and sin of position times frequency, kept for the longest sequence seen.</summary>
/// <param name="config">Shape of the network.</param>
/// <param name="device">Where it lives.</param>
/// <param name="type">Type of the arithmetic.</param>
internal sealed class RotaryTable(ModelConfig config, Device device, ScalarType type) : IDisposable
{
    private Tensor? _cos;
    private Tensor? _sin;

    /// <summary>The values of positions 0 to T - 1, or of given ones.</summary>
    /// <param name="length">T.</param>
    /// <param name="positions">(B, T), or null.</param>
    /// <returns>(T, E) each, or (B, 1, T, E).</returns>
    public (Tensor Cos, Tensor Sin) At(long length, Tensor? positions)
    {
        long needed = length;
        if (positions is not null)
        {
            using Tensor last = positions.max();
            needed = last.cpu().item<long>() + 1;
        }
        if (needed > config.MaxSequenceLength)
        {
            throw new ModelException(
                $"a sequence of {needed} tokens is longer than the model's max_sequence_length {config.MaxSequenceLength}.");
        }
        Grow(needed);
        if (positions is null)
        {
            return (_cos!.narrow(0, 0, length), _sin!.narrow(0, 0, length));
        }
        long[] shape = [positions.shape[0], 1, length, config.HeadWidth];
        Tensor flat = positions.reshape(-1);
        return (_cos!.index_select(0, flat).view(shape), _sin!.index_select(0, flat).view(shape));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cos?.Dispose();
        _sin?.Dispose();
    }

    private void Grow(long t)
    {
        if (_cos is not null && _cos.shape[0] >= t)
        {
            return;
        }
        Dispose();
        int e = config.HeadWidth;
        // In double, once, on the CPU: then every device and type starts from the same numbers.
        var cosines = new double[t * e];
        var sines = new double[t * e];
        for (int position = 0; position < t; position++)
        {
            for (int i = 0; i < e; i++)
            {
                double angle = position * Math.Pow(config.RopeTheta, -2.0 * (i % (e / 2)) / e);
                cosines[(position * e) + i] = Math.Cos(angle);
                sines[(position * e) + i] = Math.Sin(angle);
            }
        }
        ScalarType kept = type == ScalarType.Float64 ? type : ScalarType.Float32;
        using IDisposable scope = NewDisposeScope();
        _cos = tensor(cosines, [t, e]).to(kept).to(device).DetachFromDisposeScope();
        _sin = tensor(sines, [t, e]).to(kept).to(device).DetachFromDisposeScope();
    }
}
