namespace Bgpo.Model;

/// <summary>Initial weights from the counter-based generator, the same on every device.</summary>
public static class Initialization
{
    /// <summary>
    /// Norms one; matrices normal with std 1 / sqrt(3 D), those that write to the residual stream smaller by sqrt(2 layers).
    /// </summary>
    /// <remarks>A fixed 0.02, right for widths in the thousands, makes a network of width 64 memorise before it generalises.</remarks>
    /// <param name="config">Shape of the network.</param>
    /// <param name="layout">Where each tensor lies.</param>
    /// <param name="seed">Seed.</param>
    /// <returns>The flat vector of parameters.</returns>
    public static float[] Draw(ModelConfig config, ParameterLayout layout, ulong seed)
    {
        var flat = new float[layout.Length];
        for (int s = 0; s < layout.Slices.Count; s++)
        {
            ParameterSlice slice = layout.Slices[s];
            Span<float> values = flat.AsSpan((int)slice.Offset, (int)slice.Length);
            if (slice.Shape.Length == 1)
            {
                values.Fill(1);
                continue;
            }
            bool writesResidual = slice.Name.Contains(".blocks.", StringComparison.Ordinal)
                && (slice.Name.EndsWith("attn_out.weight", StringComparison.Ordinal)
                    || slice.Name.EndsWith("ff_out.weight", StringComparison.Ordinal));
            double std = 1 / Math.Sqrt(3.0 * config.Width * (writesResidual ? 2 * config.Layers : 1));
            var stream = new Philox(seed, Purpose.Initialization, (uint)s);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(std * stream.Normal((uint)i));
            }
        }
        return flat;
    }
}
