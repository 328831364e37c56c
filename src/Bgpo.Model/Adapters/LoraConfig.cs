using Bgpo.Model.Families;

namespace Bgpo.Model.Adapters;

/// <summary>Low-rank adapters (LoRA, arXiv 2106.09685): y = W x + alpha / r B A x for some of the blocks' projections.</summary>
/// <param name="Rank">r: rows of A.</param>
/// <param name="Alpha">What alpha / r scales by.</param>
/// <param name="Targets"><see cref="AllLinear"/>, or the projections' names as in the family's files, with commas
/// between.</param>
public sealed record LoraConfig(int Rank, double Alpha, string Targets)
{
    /// <summary>All linear layers of the blocks, as PEFT calls it. The head is none of them.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>What every tensor of a PEFT adapter begins with.</summary>
    public const string NamePrefix = "base_model.model.";

    /// <summary>alpha / r.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>The projections of each block that get adapters, in the order of the flat vector.</summary>
    /// <param name="family">Their names.</param>
    /// <exception cref="ModelException">A target matches nothing.</exception>
    public IReadOnlyList<string> ProjectionsOf(ModelFamily family)
    {
        TensorNames names = family.Names;
        string[] all = [names.Query, names.Key, names.Value, names.AttentionOut, names.Gate, names.Up, names.Down];
        if (Targets == AllLinear)
        {
            return all;
        }
        string[] wanted = Targets.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        static bool Matches(string projection, string target) =>
            projection == target || projection.EndsWith('.' + target, StringComparison.Ordinal);
        foreach (string target in wanted)
        {
            if (!all.Any(projection => Matches(projection, target)))
            {
                throw new ModelException(
                    $"model.lora.targets: '{target}' matches no projection of {family.Name}; expected {AllLinear} or some of " +
                        $"{string.Join(", ", all.Select(Last))}.");
            }
        }
        return wanted.Length > 0
            ? [.. all.Where(projection => wanted.Any(target => Matches(projection, target)))]
            : throw new ModelException(
                $"model.lora.targets is empty; expected {AllLinear} or some of {string.Join(", ", all.Select(Last))}.");
    }

    /// <summary>
    /// Where each adapter's matrices lie in the flat vector of what is trained: A (r, in), then B (out, r), by PEFT's names.
    /// </summary>
    /// <param name="config">The network that they are for.</param>
    public ParameterLayout LayoutFor(ModelConfig config)
    {
        var weights = new ParameterLayout(config);
        IReadOnlyList<string> projections = ProjectionsOf(config.Family);
        return new ParameterLayout(
            from n in Enumerable.Range(0, config.Layers)
            from projection in projections
            let module = config.Family.Names.BlockOf(n) + projection
            let shape = weights[module + ".weight"].Shape
            from matrix in new[]
            {
                (Name: NameOfA(module), Shape: new[] { Rank, shape[1] }),
                (Name: NameOfB(module), Shape: new[] { shape[0], Rank }),
            }
            select matrix);
    }

    /// <summary>PEFT's name of a module's matrix A.</summary>
    /// <param name="module">The module, without <c>.weight</c>.</param>
    public static string NameOfA(string module) => $"{NamePrefix}{module}.lora_A.weight";

    /// <summary>PEFT's name of a module's matrix B.</summary>
    /// <param name="module">The module, without <c>.weight</c>.</param>
    public static string NameOfB(string module) => $"{NamePrefix}{module}.lora_B.weight";

    /// <summary>
    /// Initial matrices as PEFT's: A uniform on +-1/sqrt(in), B zero, so that the adapted network begins as the base.
    /// </summary>
    /// <param name="layout">Of <see cref="LayoutFor"/>.</param>
    /// <param name="seed">Seed.</param>
    /// <returns>The flat vector.</returns>
    public static float[] Draw(ParameterLayout layout, ulong seed)
    {
        var flat = new float[layout.Length];
        for (int s = 0; s < layout.Slices.Count; s++)
        {
            ParameterSlice slice = layout.Slices[s];
            if (slice.Name.EndsWith(".lora_B.weight", StringComparison.Ordinal))
            {
                continue;
            }
            double bound = 1 / Math.Sqrt(slice.Shape[1]);
            var stream = new Philox(seed, Purpose.Other, (uint)s);
            Span<float> values = flat.AsSpan((int)slice.Offset, (int)slice.Length);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(((2 * stream.Double((uint)i)) - 1) * bound);
            }
        }
        return flat;
    }

    private static string Last(string projection) => projection[(projection.LastIndexOf('.') + 1)..];
}
