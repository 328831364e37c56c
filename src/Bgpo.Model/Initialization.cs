namespace Bgpo.Model;

/// <summary>Initial weights from the counter-based generator, the same on every device.</summary>
public static class Initialization
{
    /// <summary>Norms one; embeddings standard normal; matrices normal with std 1 / sqrt(3 inputs).</summary>
    /// <remarks>
    /// The scale matters at this size: with the usual fixed 0.02 and small embeddings a network of width 64 memorises the
    /// training grids before it learns the rules of Sudoku, and reinforcement learning is far less stable.
    /// </remarks>
    /// <param name="layout">Where each tensor lies.</param>
    /// <param name="seed">Seed.</param>
    /// <returns>The flat vector of parameters.</returns>
    public static float[] Draw(ParameterLayout layout, ulong seed)
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
            bool embedding = slice.Name.EndsWith("wte.weight", StringComparison.Ordinal);
            double std = embedding ? 1 : 1 / Math.Sqrt(3.0 * slice.Shape[1]);
            var stream = new Philox(seed, Purpose.Initialization, (uint)s);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(std * stream.Normal((uint)i));
            }
        }
        return flat;
    }
}
