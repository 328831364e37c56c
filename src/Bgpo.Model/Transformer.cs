using Bgpo.Model.Families;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Bgpo.Model;

/// <summary>
/// LLaDA's masked-diffusion transformer: bidirectional attention, pre-RMSNorm, rotary positions, SwiGLU, no biases, an untied
/// head and no time input. It reads a partly masked sequence and scores every token of the vocabulary at every place.
/// </summary>
/// <remarks>
/// Shapes in comments: B sequences, T tokens, D width, H heads, K key/value heads, E = D / H, V vocabulary. All parameters are
/// views into one flat vector, and so are their gradients, so a step's contribution is one contiguous array.
/// Owns its tensors; not safe for two threads at once.
/// </remarks>
public sealed class Transformer : IDisposable
{
    private readonly Tensor _embedding;
    private readonly Block[] _blocks;
    private readonly Tensor _finalNorm;
    private readonly Tensor _head;
    private readonly List<(Tensor Leaf, Tensor Gradient)> _leaves = [];
    private readonly Device _device;
    private readonly ScalarType _type;
    private Tensor? _cos;
    private Tensor? _sin;
    private bool _gradientsBound;

    /// <summary>A network with all parameters zero; load or initialise <see cref="Parameters"/> before use.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where it lives; null: CPU.</param>
    /// <param name="type">Type of parameters and arithmetic.</param>
    public Transformer(ModelConfig config, Device? device = null, ScalarType type = ScalarType.Float32)
    {
        _ = NativeHeap.KeepFreed();
        Config = config;
        Layout = new ParameterLayout(config);
        _device = device ?? CPU;
        _type = type;
        Parameters = zeros(Layout.Length, dtype: type, device: _device);
        Gradients = zeros(Layout.Length, dtype: type, device: _device);
        TensorNames names = config.Family.Names;
        int keyValueWidth = config.KeyValueHeads * config.HeadWidth;
        _embedding = Leaf(names.Embedding, config.EmbeddingRows, config.Width);
        _blocks = new Block[config.Layers];
        for (int n = 0; n < config.Layers; n++)
        {
            string name = names.BlockOf(n);
            _blocks[n] = new Block(
                AttentionNorm: Leaf(name + names.AttentionNorm, config.Width),
                QueryKeyValue: Leaf($"{name}{names.Query}.weight", config.Width + (2 * keyValueWidth), config.Width),
                AttentionOut: Leaf($"{name}{names.AttentionOut}.weight", config.Width, config.Width),
                MlpNorm: Leaf(name + names.MlpNorm, config.Width),
                GateUp: Leaf($"{name}{names.Gate}.weight", 2 * config.Hidden, config.Width),
                MlpOut: Leaf($"{name}{names.Down}.weight", config.Width, config.Hidden));
        }
        _finalNorm = Leaf(names.FinalNorm, config.Width);
        _head = Leaf(names.Head, config.EmbeddingRows, config.Width);
    }

    /// <summary>Its shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where each tensor lies in the flat vector.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All parameters, flat. Writing here changes the network.</summary>
    public Tensor Parameters { get; }

    /// <summary>All gradients, flat. <see cref="BindGradients"/> makes backward passes add here.</summary>
    public Tensor Gradients { get; }

    /// <summary>Where it lives.</summary>
    public Device Device => _device;

    /// <summary>Hidden states after the final norm.</summary>
    /// <param name="tokens">(B, T) int64.</param>
    /// <returns>(B, T, D), owned by the caller.</returns>
    public Tensor Hidden(Tensor tokens)
    {
        using IDisposable scope = NewDisposeScope();
        long b = tokens.shape[0];
        long t = tokens.shape[1];
        (Tensor cos, Tensor sin) = Rotary(t);
        Tensor x = _embedding.index_select(0, tokens.reshape(b * t)).view(b, t, Config.Width); // (B, T, D)
        foreach (Block block in _blocks)
        {
            x = x + Attend(block, Normalize(x, block.AttentionNorm), b, t, cos, sin);
            x = x + Transform(block, Normalize(x, block.MlpNorm));
        }
        return Normalize(x, _finalNorm).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of the whole vocabulary.</summary>
    /// <param name="hidden">(..., D) hidden states.</param>
    /// <returns>(..., V) logits, owned by the caller.</returns>
    public Tensor Logits(Tensor hidden) => F.linear(hidden, _head);

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
        _cos?.Dispose();
        _sin?.Dispose();
        Parameters.Dispose();
        Gradients.Dispose();
    }

    private Tensor Attend(Block block, Tensor x, long b, long t, Tensor cos, Tensor sin)
    {
        int h = Config.Heads;
        int k = Config.KeyValueHeads;
        int e = Config.HeadWidth;
        Tensor heads = F.linear(x, block.QueryKeyValue).view(b, t, h + (2 * k), e).transpose(1, 2); // (B, H + 2K, T, E)
        Tensor rotated = Rotate(heads.narrow(1, 0, h + k), cos, sin); // queries and keys turn alike
        Tensor query = rotated.narrow(1, 0, h); // (B, H, T, E)
        Tensor key = Repeat(rotated.narrow(1, h, k), h / k);
        Tensor value = Repeat(heads.narrow(1, h + k, k), h / k);
        Tensor mixed = F.scaled_dot_product_attention(query, key, value); // (B, H, T, E), every token sees every token
        return F.linear(mixed.transpose(1, 2).reshape(b, t, Config.Width), block.AttentionOut);
    }

    private Tensor Transform(Block block, Tensor x)
    {
        Tensor gateUp = F.linear(x, block.GateUp); // (B, T, 2 hidden)
        Tensor gate = gateUp.narrow(-1, 0, Config.Hidden);
        Tensor up = gateUp.narrow(-1, Config.Hidden, Config.Hidden);
        return F.linear(F.silu(gate) * up, block.MlpOut);
    }

    /// <summary>RMSNorm in at least float32, cast back before the weight multiplies, as LLaDA does.</summary>
    private Tensor Normalize(Tensor x, Tensor weight)
    {
        Tensor wide = _type == ScalarType.Float64 ? x : x.to(ScalarType.Float32);
        Tensor scaled = wide * (wide.square().mean([-1], keepdim: true) + Config.RmsNormEpsilon).rsqrt();
        return scaled.to(_type) * weight;
    }

    /// <summary>Rotates the pairs (i, i + E/2) of each head by its position's angle (rotate-half layout).</summary>
    private Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        int half = Config.HeadWidth / 2;
        Tensor swapped = cat([-x.narrow(-1, half, half), x.narrow(-1, 0, half)], -1);
        return ((x * cos) + (swapped * sin)).to(_type);
    }

    private static Tensor Repeat(Tensor x, int times) => times == 1 ? x : x.repeat_interleave(times, dim: 1);

    /// <summary>cos and sin of position times frequency, (T, E) each; kept for the longest sequence seen.</summary>
    private (Tensor Cos, Tensor Sin) Rotary(long t)
    {
        if (t > Config.MaxSequenceLength)
        {
            throw new ModelException(
                $"a sequence of {t} tokens is longer than the model's max_sequence_length {Config.MaxSequenceLength}.");
        }
        if (_cos is null || _cos.shape[0] < t)
        {
            _cos?.Dispose();
            _sin?.Dispose();
            int e = Config.HeadWidth;
            // In double, once, on the CPU: then every device and type starts from the same numbers.
            var cosines = new double[t * e];
            var sines = new double[t * e];
            for (int position = 0; position < t; position++)
            {
                for (int i = 0; i < e; i++)
                {
                    double angle = position * Math.Pow(Config.RopeTheta, -2.0 * (i % (e / 2)) / e);
                    cosines[(position * e) + i] = Math.Cos(angle);
                    sines[(position * e) + i] = Math.Sin(angle);
                }
            }
            ScalarType type = _type == ScalarType.Float64 ? _type : ScalarType.Float32;
            _cos = tensor(cosines, [t, e]).to(type).to(_device).DetachFromDisposeScope();
            _sin = tensor(sines, [t, e]).to(type).to(_device).DetachFromDisposeScope();
        }
        return (_cos.narrow(0, 0, t), _sin!.narrow(0, 0, t));
    }

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

    private sealed record Block(
        Tensor AttentionNorm, Tensor QueryKeyValue, Tensor AttentionOut, Tensor MlpNorm, Tensor GateUp, Tensor MlpOut);
}
