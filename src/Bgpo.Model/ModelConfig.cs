using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bgpo.Model;

/// <summary>Shape of a LLaDA-like network, by the names of LLaDA's own config.json.</summary>
public sealed record ModelConfig
{
    /// <summary>Always "llada": says how the file is read.</summary>
    [JsonPropertyName("model_type")] public string ModelType { get; init; } = "llada";

    /// <summary>Width D.</summary>
    [JsonPropertyName("d_model")] public required int Width { get; init; }

    /// <summary>Transformer blocks.</summary>
    [JsonPropertyName("n_layers")] public required int Layers { get; init; }

    /// <summary>Query heads H.</summary>
    [JsonPropertyName("n_heads")] public required int Heads { get; init; }

    /// <summary>Key and value heads; query heads share them in equal groups.</summary>
    [JsonPropertyName("n_kv_heads")] public int? KeyValueHeadsOrNull { get; init; }

    /// <summary>Width inside the SwiGLU.</summary>
    [JsonPropertyName("mlp_hidden_size")] public required int Hidden { get; init; }

    /// <summary>Tokens in the vocabulary.</summary>
    [JsonPropertyName("vocab_size")] public required int Vocabulary { get; init; }

    /// <summary>Rows of the embedding and the head, when padded beyond the vocabulary.</summary>
    [JsonPropertyName("embedding_size")] public int? EmbeddingRowsOrNull { get; init; }

    /// <summary>Longest sequence.</summary>
    [JsonPropertyName("max_sequence_length")] public required int MaxSequenceLength { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    [JsonPropertyName("rope_theta")] public double RopeTheta { get; init; } = 500_000;

    /// <summary>Epsilon of RMSNorm.</summary>
    [JsonPropertyName("rms_norm_eps")] public double RmsNormEpsilon { get; init; } = 1e-5;

    /// <summary>The [MASK] token.</summary>
    [JsonPropertyName("mask_token_id")] public required int MaskToken { get; init; }

    /// <summary>The end-of-sequence token.</summary>
    [JsonPropertyName("eos_token_id")] public required int EndToken { get; init; }

    /// <summary>The padding token.</summary>
    [JsonPropertyName("pad_token_id")] public required int PadToken { get; init; }

    /// <summary>Must be false: head and embedding are separate tensors here.</summary>
    [JsonPropertyName("weight_tying")] public bool WeightTying { get; init; }

    /// <summary>Must be false: the network has no biases.</summary>
    [JsonPropertyName("include_bias")] public bool IncludeBias { get; init; }

    /// <summary>Key and value heads.</summary>
    [JsonIgnore] public int KeyValueHeads => KeyValueHeadsOrNull ?? Heads;

    /// <summary>Rows of the embedding and the head.</summary>
    [JsonIgnore] public int EmbeddingRows => EmbeddingRowsOrNull ?? Vocabulary;

    /// <summary>Width of one head.</summary>
    [JsonIgnore] public int HeadWidth => Width / Heads;

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    /// <summary>Reads a config.json.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModelException">It is not JSON, lacks a field, or describes something that is not this network.</exception>
    public static ModelConfig Parse(string json, string file)
    {
        ModelConfig config;
        try
        {
            config = JsonSerializer.Deserialize<ModelConfig>(json, s_options)
                ?? throw new ModelException($"{file}: holds null where a model configuration was expected.");
        }
        catch (JsonException e)
        {
            throw new ModelException($"{file}: not a model configuration: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        config.Validate(file);
        return config;
    }

    /// <summary>The config.json text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_options) + "\n";

    private void Validate(string file)
    {
        void Must(bool holds, string field, object value, string expected)
        {
            if (!holds)
            {
                throw new ModelException($"{file}: {field} is {value}; expected {expected}.");
            }
        }
        Must(ModelType == "llada", "model_type", $"'{ModelType}'", "'llada'");
        Must(!WeightTying, "weight_tying", WeightTying, "false: the head is a tensor of its own");
        Must(!IncludeBias, "include_bias", IncludeBias, "false: the network has no biases");
        Must(Width > 0, "d_model", Width, "a positive width");
        Must(Layers > 0, "n_layers", Layers, "at least 1");
        Must(Heads > 0 && Width % Heads == 0 && HeadWidth % 2 == 0, "n_heads", Heads, $"a divisor of d_model {Width} that leaves an even head width");
        Must(KeyValueHeads > 0 && Heads % KeyValueHeads == 0, "n_kv_heads", KeyValueHeads, $"a divisor of n_heads {Heads}");
        Must(Hidden > 0, "mlp_hidden_size", Hidden, "a positive width");
        Must(Vocabulary > 1, "vocab_size", Vocabulary, "at least 2");
        Must(EmbeddingRows >= Vocabulary, "embedding_size", EmbeddingRows, $"at least vocab_size {Vocabulary}");
        Must(MaxSequenceLength > 0, "max_sequence_length", MaxSequenceLength, "a positive length");
        Must(RopeTheta > 1, "rope_theta", RopeTheta, "above 1");
        Must(RmsNormEpsilon > 0, "rms_norm_eps", RmsNormEpsilon, "above 0");
        foreach ((string name, int token) in new[]
            { ("mask_token_id", MaskToken), ("eos_token_id", EndToken), ("pad_token_id", PadToken) })
        {
            Must(token >= 0 && token < EmbeddingRows, name, token, $"a token below {EmbeddingRows}");
        }
    }
}
