using System.Text.Json.Nodes;
using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Families;

/// <summary>
/// LLaDA 1.0 and 1.5, iLLaDA (tied head, grouped heads), and the small models that this project makes: OLMo's names, full
/// attention, logits of the place itself.
/// </summary>
internal sealed class LladaFamily : ModelFamily
{
    /// <inheritdoc/>
    public override string Name => "LLaDA";

    /// <inheritdoc/>
    public override string ModelType => "llada";

    /// <inheritdoc/>
    public override ChatTemplate Template => ChatTemplate.Llama;

    /// <inheritdoc/>
    public override TensorNames Names { get; } = new()
    {
        Embedding = "model.transformer.wte.weight",
        Block = "model.transformer.blocks.{0}.",
        AttentionNorm = "attn_norm.weight",
        Query = "q_proj",
        Key = "k_proj",
        Value = "v_proj",
        AttentionOut = "attn_out",
        MlpNorm = "ff_norm.weight",
        Gate = "ff_proj",
        Up = "up_proj",
        Down = "ff_out",
        FinalNorm = "model.transformer.ln_f.weight",
        Head = "model.transformer.ff_out.weight",
    };

    /// <inheritdoc/>
    internal override ModelConfig Read(ConfigFields fields)
    {
        fields.Only("block_type", "\"llama\"", "the block is LLaMA's");
        fields.Only("block_group_size", "1", "blocks stand alone");
        fields.Only("activation_type", "\"silu\"", "the MLP is a SwiGLU");
        fields.Only("layer_norm_type", "\"rms\"", "norms are RMSNorm");
        fields.Only("layer_norm_with_affine", "true", "norms have weights");
        fields.Only("bias_for_layer_norm", "false", "norms have no biases");
        fields.Only("attention_layer_norm", "false", "queries and keys are not normalised");
        fields.Only("input_emb_norm", "false", "embeddings are taken as they are");
        fields.Only("include_bias", "false", "the network has no biases");
        fields.Only("multi_query_attention", "false", "n_kv_heads says how many heads share keys and values");
        fields.Only("rope", "true", "positions are rotary");
        fields.Only("alibi", "false", "positions are rotary");
        fields.Only("rope_scaling", "null", "positions are not scaled");
        fields.Only("scale_logits", "false", "logits are not scaled");
        fields.Only("clip_qkv", "null", "queries, keys and values are not clipped");
        fields.Harmless(
            "alibi_bias_max", "attention_layer_norm_with_affine", "embedding_dropout", "residual_dropout", "flash_attention",
            "init_cutoff_factor",
            "init_device", "init_fn", "init_std", "mlp_ratio", "precision", "rope_full_precision", "scale_emb_init",
            "layer_norm_eps", "tie_word_embeddings");
        int width = fields.Whole("d_model", 1, ModelConfig.LargestWidth);
        int heads = fields.Whole("n_heads", 1, ModelConfig.MostHeads);
        var config = new ModelConfig
        {
            Family = this,
            Width = width,
            Layers = fields.Whole("n_layers", 1, ModelConfig.MostLayers),
            Heads = heads,
            KeyValueHeadsOrNull = fields.WholeOrNull("n_kv_heads", 1, ModelConfig.MostHeads),
            Hidden = fields.Whole("mlp_hidden_size", 1, ModelConfig.LargestWidth),
            Vocabulary = fields.Whole("vocab_size", 2, ModelConfig.LargestVocabulary),
            EmbeddingRowsOrNull = fields.WholeOrNull("embedding_size", 1, ModelConfig.LargestVocabulary),
            MaxSequenceLength = fields.Whole("max_sequence_length", 1, ModelConfig.LongestSequence),
            RopeTheta = fields.Number("rope_theta", 1, 1e12, 500_000),
            RmsNormEpsilon = fields.Number("rms_norm_eps", 0, 1, 1e-5),
            MaskToken = fields.Whole("mask_token_id", 0, ModelConfig.LargestVocabulary),
            EndToken = fields.Whole("eos_token_id", 0, ModelConfig.LargestVocabulary),
            PadToken = fields.Whole("pad_token_id", 0, ModelConfig.LargestVocabulary),
            IsHeadTied = fields.Flag("weight_tying", false),
            HasQueryKeyValueBias = fields.Flag("include_qkv_bias", false),
        };
        config.Check(fields, width: "d_model", heads: "n_heads", keyValueHeads: "n_kv_heads", rows: "embedding_size");
        return config;
    }

    /// <inheritdoc/>
    internal override JsonObject Write(ModelConfig config)
    {
        var fields = new JsonObject
        {
            ["model_type"] = ModelType,
            ["d_model"] = config.Width,
            ["n_layers"] = config.Layers,
            ["n_heads"] = config.Heads,
            ["n_kv_heads"] = config.KeyValueHeadsOrNull,
            ["mlp_hidden_size"] = config.Hidden,
            ["vocab_size"] = config.Vocabulary,
            ["embedding_size"] = config.EmbeddingRowsOrNull,
            ["max_sequence_length"] = config.MaxSequenceLength,
            ["rope_theta"] = config.RopeTheta,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["mask_token_id"] = config.MaskToken,
            ["eos_token_id"] = config.EndToken,
            ["pad_token_id"] = config.PadToken,
            ["weight_tying"] = config.IsHeadTied,
            ["include_bias"] = false,
        };
        if (config.HasQueryKeyValueBias)
        {
            fields["include_qkv_bias"] = true;
        }
        return fields;
    }
}
