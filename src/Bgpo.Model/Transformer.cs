using Bgpo.Model.Adapters;
using Bgpo.Model.Families;
using Bgpo.Model.Files;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model;

/// <summary>
/// The masked-diffusion transformer of all families: pre-RMSNorm, rotary positions, grouped heads, SwiGLU and no time input. It
/// reads a partly masked sequence and scores every token of the vocabulary at every place. <see cref="ModelConfig"/> says what a
/// family adds.
/// </summary>
/// <remarks>
/// Shapes in comments: B sequences, T tokens, D width, H heads, K key/value heads, E head width, V vocabulary. What is trained
/// are views into one flat vector, and so are the gradients, so a step's contribution is one contiguous array: all parameters, or
/// the matrices of low-rank adapters over frozen weights. Owns its tensors, but not the frozen ones; not safe for two threads at
/// once.
/// </remarks>
public sealed class Transformer : IDisposable
{
    private readonly Tensor _embedding;
    private readonly Block[] _blocks;
    private readonly Tensor _finalNorm;
    private readonly Tensor _head;
    private readonly List<(Tensor Leaf, Tensor Gradient)> _leaves = [];
    private readonly RotaryTable _rotary;
    private readonly ScalarType _type;
    private bool _gradientsBound;

    /// <summary>
    /// A network of which everything is trained, with all parameters zero; load or initialise <see cref="Parameters"/> before
    /// use.
    /// </summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where it lives; null: CPU.</param>
    /// <param name="type">Type of parameters and arithmetic.</param>
    public Transformer(ModelConfig config, Device? device = null, ScalarType type = ScalarType.Float32)
        : this(config, new ParameterLayout(config), device ?? CPU, type, null, null)
    {
    }

    /// <summary>A network over frozen weights: nothing of it is trained, or its adapters alone.</summary>
    /// <param name="weights">The frozen weights; they outlive the network.</param>
    /// <param name="lora">The adapters, all zero until <see cref="Parameters"/> is loaded; null: none.</param>
    /// <param name="type">Type of the arithmetic, whatever the weights are kept in.</param>
    public Transformer(FrozenWeights weights, LoraConfig? lora, ScalarType type = ScalarType.Float32)
        : this(weights.Config, lora?.LayoutFor(weights.Config) ?? new ParameterLayout([]), weights.Device, type, weights, lora)
    {
    }

    private Transformer(
        ModelConfig config, ParameterLayout trained, Device device, ScalarType type, FrozenWeights? frozen, LoraConfig? lora)
    {
        _ = NativeHeap.KeepFreed();
        Config = config;
        Layout = trained;
        Device = device;
        Frozen = frozen;
        _type = type;
        _rotary = new RotaryTable(config, device, type);
        Parameters = zeros(Layout.Length, dtype: type, device: device);
        Gradients = zeros(Layout.Length, dtype: type, device: device);
        TensorNames names = config.Family.Names;
        _embedding = Take(names.Embedding, config.EmbeddingRows, config.Width);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(n => MakeBlock(names, names.BlockOf(n), lora))];
        _finalNorm = Take(names.FinalNorm, config.Width);
        _head = config.IsHeadTied ? _embedding : Take(names.Head, config.EmbeddingRows, config.Width);
    }

    /// <summary>Its shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where each trained tensor lies in the flat vector.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All trained parameters, flat. Writing here changes the network.</summary>
    public Tensor Parameters { get; }

    /// <summary>Their gradients, flat. <see cref="BindGradients"/> makes backward passes add here.</summary>
    public Tensor Gradients { get; }

    /// <summary>Where it lives.</summary>
    public Device Device { get; }

    /// <summary>Blocks.</summary>
    internal int Depth => _blocks.Length;

    /// <summary>The frozen weights; null where everything is trained.</summary>
    internal FrozenWeights? Frozen { get; }

    /// <summary>Hidden states after the final norm, each token seeing what its family's attention allows.</summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <returns>(B, T, D), owned by the caller.</returns>
    public Tensor Hidden(Tensor tokens)
    {
        using var plan = AttentionPlan.Of(Config, new int[tokens.shape[0]], (int)tokens.shape[1], Device);
        return Hidden(tokens, plan);
    }

    /// <summary>Hidden states after the final norm.</summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <param name="plan">Where the tokens stand and what they see.</param>
    /// <returns>(B, T, D), owned by the caller.</returns>
    public Tensor Hidden(Tensor tokens, AttentionPlan plan) => Hidden(tokens, plan, null, keeps: false);

    /// <summary>Hidden states after the final norm, of tokens that also see those of a cache.</summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <param name="plan">Where the tokens stand and what they see of one another.</param>
    /// <param name="cache">What was read before; null: nothing.</param>
    /// <param name="keeps">Whether these are added to it.</param>
    /// <returns>(B, T, D), owned by the caller.</returns>
    internal Tensor Hidden(Tensor tokens, AttentionPlan plan, KeyValueCache? cache, bool keeps)
    {
        using IDisposable scope = NewDisposeScope();
        Attention attention = AttentionOf(tokens.shape[1], plan) with { Cache = cache, Keeps = keeps };
        Tensor x = Through(_blocks.Length, Embed(tokens), (n, input) => Apply(n, input, attention));
        return Finish(x).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What leaves the last block. Each block's input is let go when its output is there; a graph that needs it keeps it.
    /// </summary>
    /// <param name="blocks">How many blocks.</param>
    /// <param name="x">(B, T, D) input of the first; freed.</param>
    /// <param name="apply">A block.</param>
    internal static Tensor Through(int blocks, Tensor x, Func<int, Tensor, Tensor> apply)
    {
        for (int n = 0; n < blocks; n++)
        {
            Tensor output = apply(n, x);
            x.Dispose();
            x = output;
        }
        return x;
    }

    /// <summary>Scores of the whole vocabulary.</summary>
    /// <param name="hidden">(..., D) hidden states.</param>
    /// <returns>(..., V) logits, owned by the caller.</returns>
    public Tensor Logits(Tensor hidden) => Linear.Multiply(hidden, _head);

    /// <summary>Makes backward passes add into <see cref="Gradients"/>, and sets it to zero.</summary>
    public void BindGradients()
    {
        _ = Gradients.fill_(0);
        if (_gradientsBound)
        {
            return;
        }
        foreach ((Tensor leaf, Tensor gradient) in _leaves)
        {
            leaf.requires_grad = true;
            leaf.grad = gradient;
        }
        _gradientsBound = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor leaf, Tensor gradient) in _leaves)
        {
            leaf.Dispose();
            gradient.Dispose();
        }
        _rotary.Dispose();
        Parameters.Dispose();
        Gradients.Dispose();
    }

    /// <summary>Positions and mask, ready for the blocks.</summary>
    /// <param name="length">T.</param>
    /// <param name="plan">Where the tokens stand and what they see.</param>
    internal Attention AttentionOf(long length, AttentionPlan plan)
    {
        (Tensor cos, Tensor sin) = _rotary.At(length, plan.Positions);
        return new Attention(cos, sin, plan.Mask);
    }

    /// <summary>(B, T, D) embeddings of (B, T) tokens.</summary>
    internal Tensor Embed(Tensor tokens)
    {
        using IDisposable scope = NewDisposeScope();
        long b = tokens.shape[0];
        long t = tokens.shape[1];
        return _embedding.index_select(0, tokens.reshape(b * t)).to(_type).view(b, t, Config.Width).MoveToOuterDisposeScope();
    }

    /// <summary>(B, T, D) after block n.</summary>
    internal Tensor Apply(int n, Tensor x, Attention attention)
    {
        using IDisposable scope = NewDisposeScope();
        Block block = _blocks[n];
        x = x + Attend(block, n, Normalize(x, block.AttentionNorm), attention);
        x = x + Transform(block, Normalize(x, block.MlpNorm));
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>The final norm.</summary>
    internal Tensor Finish(Tensor x)
    {
        using IDisposable scope = NewDisposeScope();
        return Normalize(x, _finalNorm).MoveToOuterDisposeScope();
    }

    private Tensor Attend(Block block, int n, Tensor x, Attention attention)
    {
        int h = Config.Heads;
        int k = Config.KeyValueHeads;
        int e = Config.HeadWidth;
        long b = x.shape[0];
        long t = x.shape[1];
        Tensor heads = block.QueryKeyValue.Apply(x).view(b, t, h + (2 * k), e).transpose(1, 2); // (B, H + 2K, T, E)
        Tensor turning = heads.narrow(1, 0, h + k); // queries and keys turn alike
        if (block is { QueryNorm: { } queryNorm, KeyNorm: { } keyNorm })
        {
            turning = cat([Normalize(heads.narrow(1, 0, h), queryNorm), Normalize(heads.narrow(1, h, k), keyNorm)], 1);
        }
        Tensor rotated = Rotate(turning, attention.Cos, attention.Sin);
        Tensor query = rotated.narrow(1, 0, h); // (B, H, T, E)
        Tensor key = rotated.narrow(1, h, k);
        Tensor value = heads.narrow(1, h + k, k);
        if (attention.Cache is { } cache)
        {
            (key, value) = cache.Extend(n, key, value, attention.Keeps);
        }
        // (B, H, T, E)
        Tensor mixed = F.scaled_dot_product_attention(query, Repeat(key, h / k), Repeat(value, h / k), attention.Mask);
        return block.AttentionOut.Apply(mixed.transpose(1, 2).reshape(b, t, h * e));
    }

    private Tensor Transform(Block block, Tensor x)
    {
        Tensor gateUp = block.GateUp.Apply(x); // (B, T, 2 hidden)
        Tensor gate = gateUp.narrow(-1, 0, Config.Hidden);
        Tensor up = gateUp.narrow(-1, Config.Hidden, Config.Hidden);
        return block.MlpOut.Apply(F.silu(gate) * up);
    }

    /// <summary>RMSNorm in at least float32, cast back before the weight multiplies, as the families do.</summary>
    private Tensor Normalize(Tensor x, Tensor weight)
    {
        Tensor wide = _type == ScalarType.Float64 ? x : x.to(ScalarType.Float32);
        Tensor scaled = wide * (wide.square().mean([-1], keepdim: true) + Config.RmsNormEpsilon).rsqrt();
        return scaled.to(_type) * (weight.dtype == _type ? weight : weight.to(_type));
    }

    /// <summary>Rotates the pairs (i, i + E/2) of each head by its position's angle (rotate-half layout).</summary>
    private Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        int half = Config.HeadWidth / 2;
        Tensor swapped = cat([-x.narrow(-1, half, half), x.narrow(-1, 0, half)], -1);
        return ((x * cos) + (swapped * sin)).to(_type);
    }

    private static Tensor Repeat(Tensor x, int times) => times == 1 ? x : x.repeat_interleave(times, dim: 1);

    private Block MakeBlock(TensorNames names, string block, LoraConfig? lora)
    {
        int queryWidth = Config.Heads * Config.HeadWidth;
        int keyValueWidth = Config.KeyValueHeads * Config.HeadWidth;
        HashSet<string> adapted = lora is null ? [] : [.. lora.ProjectionsOf(Config.Family)];
        Linear Map(long inputs, bool hasBias, params (string Projection, long Rows)[] parts)
        {
            long rows = parts.Sum(part => part.Rows);
            string first = block + parts[0].Projection;
            return new Linear(
                Take(first + ".weight", rows, inputs),
                hasBias ? Take(first + ".bias", rows) : null,
                [.. parts.Select(part =>
                    Adapter(block + part.Projection, part.Rows, inputs, adapted.Contains(part.Projection) ? lora : null))],
                lora?.Scale ?? 1);
        }
        return new Block(
            AttentionNorm: Take(block + names.AttentionNorm, Config.Width),
            QueryKeyValue: Map(
                Config.Width, Config.HasQueryKeyValueBias, (names.Query, queryWidth), (names.Key, keyValueWidth),
                (names.Value, keyValueWidth)),
            QueryNorm: Config.HasQueryKeyNorm ? Take(block + names.QueryNorm, Config.HeadWidth) : null,
            KeyNorm: Config.HasQueryKeyNorm ? Take(block + names.KeyNorm, Config.HeadWidth) : null,
            AttentionOut: Map(queryWidth, false, (names.AttentionOut, Config.Width)),
            MlpNorm: Take(block + names.MlpNorm, Config.Width),
            GateUp: Map(Config.Width, false, (names.Gate, Config.Hidden), (names.Up, Config.Hidden)),
            MlpOut: Map(Config.Hidden, false, (names.Down, Config.Width)));
    }

    private LinearPart Adapter(string module, long rows, long inputs, LoraConfig? lora) => lora is null
        ? new LinearPart(rows)
        : new LinearPart(rows, Leaf(LoraConfig.NameOfA(module), lora.Rank, inputs),
            Leaf(LoraConfig.NameOfB(module), rows, lora.Rank));

    private Tensor Take(string first, params long[] shape) =>
        Frozen is { } frozen ? frozen.Take(first, shape) : Leaf(first, shape);

    private Tensor Leaf(string first, params long[] shape)
    {
        long length = shape.Aggregate(1L, (a, b) => a * b);
        long offset = Layout[first].Offset;
        // The views on the way are freed at once: each would hold the whole flat vector alive until the collector finds it.
        using IDisposable scope = NewDisposeScope();
        Tensor leaf = Parameters.narrow(0, offset, length).view(shape).detach().MoveToOuterDisposeScope();
        _leaves.Add((leaf, Gradients.narrow(0, offset, length).view(shape).MoveToOuterDisposeScope()));
        return leaf;
    }

    /// <summary>What attention needs of a batch.</summary>
    /// <param name="Cos">Rotary cosines.</param>
    /// <param name="Sin">Rotary sines.</param>
    /// <param name="Mask">What sees what; null: all see all.</param>
    internal sealed record Attention(Tensor Cos, Tensor Sin, Tensor? Mask)
    {
        /// <summary>What was read before; null: nothing.</summary>
        public KeyValueCache? Cache { get; init; }

        /// <summary>Whether what is read now is added to it.</summary>
        public bool Keeps { get; init; }
    }

    private sealed record Block(
        Tensor AttentionNorm, Linear QueryKeyValue, Tensor? QueryNorm, Tensor? KeyNorm, Linear AttentionOut, Tensor MlpNorm,
        Linear GateUp,
        Linear MlpOut);
}
