using Bgpo.Model.Families;

namespace Bgpo.Model;

/// <summary>
/// Where each tensor lies in a flat vector of parameters. The order is part of a run's bits: shards are cut from the vector of
/// what is trained.
/// </summary>
/// <remarks>
/// q, k and v of a block lie next to each other, and so do their biases and the two inner projections of its MLP, so that the
/// network can use each of these groups as one matrix while files keep the family's names.
/// </remarks>
public sealed class ParameterLayout
{
    private readonly List<ParameterSlice> _slices = [];
    private readonly Dictionary<string, ParameterSlice> _byName = [];

    /// <summary>Lays out the parameters of a network.</summary>
    /// <param name="config">Its shape.</param>
    public ParameterLayout(ModelConfig config)
    {
        TensorNames names = config.Family.Names;
        Add(names.Embedding, config.EmbeddingRows, config.Width);
        for (int n = 0; n < config.Layers; n++)
        {
            AddBlock(config, names, names.BlockOf(n));
        }
        Add(names.FinalNorm, config.Width);
        if (!config.IsHeadTied)
        {
            Add(names.Head, config.EmbeddingRows, config.Width);
        }
    }

    /// <summary>Lays out tensors in a given order.</summary>
    /// <param name="tensors">Names and shapes.</param>
    internal ParameterLayout(IEnumerable<(string Name, long[] Shape)> tensors)
    {
        foreach ((string name, long[] shape) in tensors)
        {
            Add(name, shape);
        }
    }

    /// <summary>Tensors in the order of the flat vector.</summary>
    public IReadOnlyList<ParameterSlice> Slices => _slices;

    /// <summary>Parameters in all.</summary>
    public long Length { get; private set; }

    /// <summary>The slice of a tensor.</summary>
    /// <param name="name">The family's name of it.</param>
    public ParameterSlice this[string name] => _byName[name];

    /// <summary>Whether there is such a tensor.</summary>
    /// <param name="name">The family's name of it.</param>
    public bool Has(string name) => _byName.ContainsKey(name);

    private void AddBlock(ModelConfig config, TensorNames names, string block)
    {
        int queryWidth = config.Heads * config.HeadWidth;
        int keyValueWidth = config.KeyValueHeads * config.HeadWidth;
        Add(block + names.AttentionNorm, config.Width);
        Add($"{block}{names.Query}.weight", queryWidth, config.Width);
        Add($"{block}{names.Key}.weight", keyValueWidth, config.Width);
        Add($"{block}{names.Value}.weight", keyValueWidth, config.Width);
        if (config.HasQueryKeyValueBias)
        {
            Add($"{block}{names.Query}.bias", queryWidth);
            Add($"{block}{names.Key}.bias", keyValueWidth);
            Add($"{block}{names.Value}.bias", keyValueWidth);
        }
        if (config.HasQueryKeyNorm)
        {
            Add(block + names.QueryNorm, config.HeadWidth);
            Add(block + names.KeyNorm, config.HeadWidth);
        }
        Add($"{block}{names.AttentionOut}.weight", config.Width, queryWidth);
        Add(block + names.MlpNorm, config.Width);
        Add($"{block}{names.Gate}.weight", config.Hidden, config.Width);
        Add($"{block}{names.Up}.weight", config.Hidden, config.Width);
        Add($"{block}{names.Down}.weight", config.Width, config.Hidden);
    }

    private void Add(string name, params long[] shape)
    {
        var slice = new ParameterSlice(name, shape, Length);
        _slices.Add(slice);
        _byName.Add(name, slice);
        Length += slice.Length;
    }
}

/// <summary>One tensor's place in the flat vector.</summary>
/// <param name="Name">The family's name.</param>
/// <param name="Shape">Its shape, rows first.</param>
/// <param name="Offset">First element.</param>
public sealed record ParameterSlice(string Name, long[] Shape, long Offset)
{
    /// <summary>Elements.</summary>
    public long Length => Shape.Aggregate(1L, (a, b) => a * b);
}
