
namespace Bgpo.Model.Families;

/// <summary>The shapes of published models, and smaller ones of the same proportions.</summary>
public static class KnownModels
{
    /// <summary>Widths of scaled models are multiples of this.</summary>
    private const int WidthStep = 32;

    private static ModelConfig Llada => new()
    {
        Family = ModelFamily.Llada,
        Width = 4096,
        Layers = 32,
        Heads = 32,
        KeyValueHeadsOrNull = 32,
        Hidden = 12288,
        Vocabulary = 126464,
        EmbeddingRowsOrNull = 126464,
        MaxSequenceLength = 4096,
        RopeTheta = 500_000,
        RmsNormEpsilon = 1e-5,
        MaskToken = 126336,
        EndToken = 126081,
        PadToken = 126081,
    };

    private static ModelConfig Dream => new()
    {
        Family = ModelFamily.Dream,
        Width = 3584,
        Layers = 28,
        Heads = 28,
        KeyValueHeadsOrNull = 4,
        Hidden = 18944,
        Vocabulary = 152064,
        MaxSequenceLength = 131072,
        RopeTheta = 1_000_000,
        RmsNormEpsilon = 1e-6,
        HasQueryKeyValueBias = true,
        ShiftsLogits = true,
        MaskToken = 151666,
        EndToken = 151643,
        PadToken = 151643,
    };

    private static ModelConfig Sdar => new()
    {
        Family = ModelFamily.Sdar,
        Width = 4096,
        Layers = 36,
        Heads = 32,
        KeyValueHeadsOrNull = 8,
        HeadWidthOrNull = 128,
        Hidden = 12288,
        Vocabulary = 151936,
        MaxSequenceLength = 32768,
        RopeTheta = 1_000_000,
        RmsNormEpsilon = 1e-6,
        HasQueryKeyNorm = true,
        AttentionBlock = 4,
        MaskToken = 151669,
        EndToken = 151645,
        PadToken = 151643,
    };

    /// <summary>Models by name. iLLaDA's end token and rotary base are not published; those here stand in for them.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> ByName { get; } = new Dictionary<string, ModelConfig>
    {
        ["llada-8b"] = Llada,
        ["illada-8b"] = Llada with
        {
            KeyValueHeadsOrNull = 8,
            Hidden = 14336,
            Vocabulary = 155136,
            EmbeddingRowsOrNull = 155136,
            IsHeadTied = true,
            MaskToken = 5,
            EndToken = 2,
            PadToken = 2,
        },
        ["dream-7b"] = Dream,
        ["sdar-1.7b"] = Sdar with { Width = 2048, Layers = 28, Heads = 16, Hidden = 6144 },
        ["sdar-4b"] = Sdar with { Width = 2560, Hidden = 9728 },
        ["sdar-8b"] = Sdar,
    };

    /// <summary>A configuration of the same family and vocabulary with about as many parameters as asked for.</summary>
    /// <param name="model">The model to scale down.</param>
    /// <param name="parameters">About how many parameters.</param>
    /// <exception cref="ModelException">The vocabulary alone takes more.</exception>
    public static ModelConfig Scaled(ModelConfig model, long parameters)
    {
        ModelConfig? best = null;
        double least = double.PositiveInfinity;
        for (int width = WidthStep; width <= model.Width; width += WidthStep)
        {
            foreach (int layers in Enumerable.Range(1, model.Layers))
            {
                ModelConfig candidate = Shrunk(model, width, layers);
                double off = Math.Abs(Math.Log((double)new ParameterLayout(candidate).Length / parameters));
                double stretched = Math.Abs(Math.Log((double)layers / model.Layers) - Math.Log((double)width / model.Width));
                double cost = off + (0.05 * stretched);
                if (off < 0.15 && cost < least)
                {
                    (best, least) = (candidate, cost);
                }
            }
        }
        long smallest = new ParameterLayout(Shrunk(model, WidthStep, 1)).Length;
        return best ?? throw new ModelException(
            $"no {model.Family.Name} of about {parameters} parameters: the vocabulary of {model.EmbeddingRows} tokens alone " +
                $"makes {smallest}; ask for more.");
    }

    private static ModelConfig Shrunk(ModelConfig model, int width, int layers)
    {
        int heads = Math.Max(1, width / WidthStep);
        int sharing = model.Heads / model.KeyValueHeads;
        int keyValueHeads = Enumerable.Range(1, heads).Where(k => heads % k == 0 && heads / k <= sharing).First();
        return model with
        {
            Width = width,
            Layers = layers,
            Heads = heads,
            KeyValueHeadsOrNull = keyValueHeads,
            HeadWidthOrNull = model.HeadWidthOrNull is null ? null : WidthStep,
            Hidden = Math.Max(8, (int)Math.Round((double)model.Hidden / model.Width * width / 8) * 8),
        };
    }
}
