using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>Stands for a token that config.json does not name.</summary>
    internal const int NoToken = -1;

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    /// <summary>The family: names of fields and tensors.</summary>
    public ModelFamily Family { get; init; } = ModelFamily.Llada;

    /// <summary>Fields of the file that nobody knows; they are taken to change nothing.</summary>
    public IReadOnlyList<string> UnknownFields { get; init; } = [];

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

    /// <summary>Width of one head; null: D / H.</summary>
    public int? HeadWidthOrNull { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool IsHeadTied { get; init; }

    /// <summary>Whether the query, key and value projections have biases.</summary>
    public bool HasQueryKeyValueBias { get; init; }

    /// <summary>Whether each query and key head is normalised before it turns.</summary>
    public bool HasQueryKeyNorm { get; init; }

    /// <summary>
    /// Whether the output at a place predicts the place behind it: place i is scored by output i - 1, the first by its own.
    /// </summary>
    public bool ShiftsLogits { get; init; }

    /// <summary>
    /// Length of the blocks of a sequence between which attention is causal: a token sees its own block and those before it. 0:
    /// every token sees every other.
    /// </summary>
    public int AttentionBlock { get; init; }

    /// <summary>Key and value heads.</summary>
    public int KeyValueHeads => KeyValueHeadsOrNull ?? Heads;

    /// <summary>Rows of the embedding and the head.</summary>
    public int EmbeddingRows => EmbeddingRowsOrNull ?? Vocabulary;

    /// <summary>Width of one head.</summary>
    public int HeadWidth => HeadWidthOrNull ?? (Width / Heads);

    /// <summary>The file's text as it was read, and what it said; null for a configuration that was made here.</summary>
    private (string Text, string Canonical)? Source { get; init; }

    private string Canonical => Family.Write(this).ToJsonString(s_options) + "\n";

    /// <summary>Reads a config.json.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModelException">It is not JSON, lacks a field, or describes something that is not this
    /// network.</exception>
    public static ModelConfig Parse(string json, string file)
    {
        var fields = ConfigFields.Parse(json, file);
        ModelConfig config = ModelFamily.Of(fields).Read(fields);
        return config with { Source = (json, config.Canonical), UnknownFields = fields.Unknown };
    }

    /// <summary>The config.json text: as it was read, or made of the fields that are honoured.</summary>
    public string ToJson() => Source is { } source && source.Canonical == Canonical ? source.Text : Canonical;

    /// <summary>The configuration with the mask token that the tokenizer names, where config.json names none.</summary>
    /// <param name="token">The token.</param>
    internal ModelConfig WithMaskToken(int token)
    {
        ModelConfig config = this with { MaskToken = token };
        return config with { Source = Source is { } source ? (source.Text, config.Canonical) : null };
    }

    /// <summary>Two configurations are equal when they make the same network.</summary>
    /// <param name="other">Another.</param>
    public bool Equals(ModelConfig? other) => other is not null && Canonical == other.Canonical;

    /// <inheritdoc/>
    public override int GetHashCode() => Canonical.GetHashCode(StringComparison.Ordinal);

    /// <summary>The first field in which another configuration makes another network; null where both make the same.</summary>
    /// <param name="other">The other.</param>
    internal string? DifferenceTo(ModelConfig other)
    {
        if (Equals(other))
        {
            return null;
        }
        JsonObject own = Family.Write(this);
        JsonObject others = other.Family.Write(other);
        static string Text(JsonNode? value) => value?.ToJsonString() ?? "missing";
        return own.Select(field => field.Key).Union(others.Select(field => field.Key))
            .Where(name => !JsonNode.DeepEquals(own[name], others[name]))
            .Select(name => $"{name} is {Text(others[name])}; it is {Text(own[name])}").First();
    }

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
        Must(HeadWidthOrNull is not null || Width % Heads == 0, heads,
            $"a divisor of {width} {Width} that leaves an even head width");
        Must(HeadWidth % 2 == 0, HeadWidthOrNull is null ? heads : "head_dim",
            $"a divisor of {width} {Width} that leaves an even head width");
        Must(Heads % KeyValueHeads == 0, keyValueHeads, $"a divisor of {heads} {Heads}");
        Must(EmbeddingRows >= Vocabulary, rows, $"at least vocab_size {Vocabulary}");
        Must(MaskToken < EmbeddingRows, "mask_token_id", $"a token below {EmbeddingRows}");
        Must(EndToken < EmbeddingRows, "eos_token_id", $"a token below {EmbeddingRows}");
        Must(PadToken < EmbeddingRows, "pad_token_id", $"a token below {EmbeddingRows}");
        Must(MaskToken != EndToken, "mask_token_id", $"another token than eos_token_id {EndToken}");
    }
}
