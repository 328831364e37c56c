using System.Text.Json;
using Bgpo.Model.Families;

namespace Bgpo.Model;

/// <summary>Shape of a masked-diffusion transformer, whatever its family calls the fields in config.json.</summary>
public sealed record ModelConfig
{
    /// <summary>The largest width, outer or inner, that a configuration may ask for. Real ones have up to 30,000.</summary>
    internal const int LargestWidth = 1 << 18;

    /// <summary>The most heads of a block.</summary>
    internal const int MostHeads = 4096;

    /// <summary>The most blocks.</summary>
    internal const int MostLayers = 1024;

    /// <summary>The largest vocabulary.</summary>
    internal const int LargestVocabulary = 1 << 22;

    /// <summary>The longest sequence.</summary>
    internal const int LongestSequence = 1 << 24;

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    /// <summary>The family: names of fields and tensors.</summary>
    public ModelFamily Family { get; init; } = ModelFamily.Llada;

    /// <summary>Width D.</summary>
    public required int Width { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads H.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; query heads share them in equal groups. Null: as many.</summary>
    public int? KeyValueHeadsOrNull { get; init; }

    /// <summary>Width inside the SwiGLU.</summary>
    public required int Hidden { get; init; }

    /// <summary>Tokens in the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Rows of the embedding and the head, when padded beyond the vocabulary.</summary>
    public int? EmbeddingRowsOrNull { get; init; }

    /// <summary>Longest sequence.</summary>
    public required int MaxSequenceLength { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 500_000;

    /// <summary>Epsilon of RMSNorm.</summary>
    public double RmsNormEpsilon { get; init; } = 1e-5;

    /// <summary>The [MASK] token.</summary>
    public required int MaskToken { get; init; }

    /// <summary>The end-of-sequence token.</summary>
    public required int EndToken { get; init; }

    /// <summary>The padding token.</summary>
    public required int PadToken { get; init; }

    /// <summary>Key and value heads.</summary>
    public int KeyValueHeads => KeyValueHeadsOrNull ?? Heads;

    /// <summary>Rows of the embedding and the head.</summary>
    public int EmbeddingRows => EmbeddingRowsOrNull ?? Vocabulary;

    /// <summary>Width of one head.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>Reads a config.json.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModelException">It is not JSON, lacks a field, or describes something that is not this network.</exception>
    public static ModelConfig Parse(string json, string file)
    {
        var fields = ConfigFields.Parse(json, file);
        return ModelFamily.Of(fields).Read(fields);
    }

    /// <summary>The config.json text.</summary>
    public string ToJson() => Family.Write(this).ToJsonString(s_options) + "\n";

    /// <summary>Refuses sizes that do not fit one another.</summary>
    /// <param name="fields">The fields, for messages.</param>
    /// <param name="width">What the family calls the width.</param>
    /// <param name="heads">What it calls the number of heads.</param>
    /// <param name="keyValueHeads">What it calls the number of key and value heads.</param>
    /// <param name="rows">What it calls the number of the embedding's rows.</param>
    internal void Check(ConfigFields fields, string width, string heads, string keyValueHeads, string rows)
    {
        void Must(bool holds, string field, string expected)
        {
            if (!holds)
            {
                throw fields.Misfit(field, expected);
            }
        }
        Must(Width % Heads == 0 && HeadWidth % 2 == 0, heads, $"a divisor of {width} {Width} that leaves an even head width");
        Must(Heads % KeyValueHeads == 0, keyValueHeads, $"a divisor of {heads} {Heads}");
        Must(EmbeddingRows >= Vocabulary, rows, $"at least vocab_size {Vocabulary}");
        Must(MaskToken < EmbeddingRows, "mask_token_id", $"a token below {EmbeddingRows}");
        Must(EndToken < EmbeddingRows, "eos_token_id", $"a token below {EmbeddingRows}");
        Must(PadToken < EmbeddingRows, "pad_token_id", $"a token below {EmbeddingRows}");
        Must(MaskToken != EndToken, "mask_token_id", $"another token than eos_token_id {EndToken}");
    }
}
