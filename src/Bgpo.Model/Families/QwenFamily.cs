using System.Text.Json.Nodes;

namespace Bgpo.Model.Families;

/// <summary>
/// What the families that grew out of Qwen have in common: names of fields and tensors, SwiGLU, RMSNorm, grouped heads.
/// </summary>
internal abstract class QwenFamily : ModelFamily
{
    /// <summary>Whether the query, key and value projections have biases.</summary>
    protected abstract bool HasQueryKeyValueBias { get; }

    /// <summary>Whether each query and key head is normalised.</summary>
    protected abstract bool HasQueryKeyNorm { get; }

    /// <inheritdoc/>
    public override TensorNames Names { get; } = new()
    {
        Embedding = "model.embed_tokens.weight",
        Block = "model.layers.{0}.",
        AttentionNorm = "input_layernorm.weight",
        Query = "self_attn.q_proj",
        Key = "self_attn.k_proj",
        Value = "self_attn.v_proj",
        AttentionOut = "self_attn.o_proj",
        MlpNorm = "post_attention_layernorm.weight",
        Gate = "mlp.gate_proj",
        Up = "mlp.up_proj",
        Down = "mlp.down_proj",
        FinalNorm = "model.norm.weight",
        Head = "lm_head.weight",
        QueryNorm = "self_attn.q_norm.weight",
        KeyNorm = "self_attn.k_norm.weight",
    };

    /// <inheritdoc/>
    internal override ModelConfig Read(ConfigFields fields)
    {
        fields.Only("hidden_act", "\"silu\"", "the MLP is a SwiGLU");
        fields.Only("attention_bias", HasQueryKeyValueBias ? "true" : "false",
            "the family decides which projections have biases");
        fields.Only("mlp_bias", "false", "the MLP has no biases");
        fields.Only("use_sliding_window", "false", "every token sees the whole sequence that its attention allows");
        fields.Only("rope_scaling", "null", "positions are not scaled");
        fields.Only("rope_parameters", "null", "rope_theta alone says how positions turn");
        fields.Only("partial_rotary_factor", "1.0", "whole heads turn");
        fields.Only("final_logit_softcapping", "null", "logits are not capped");
        fields.Only("attn_logit_softcapping", "null", "attention is not capped");
        fields.Only("query_pre_attn_scalar", "null", "attention divides by the root of the head's width");
        fields.Harmless("sliding_window", "max_window_layers", "fuse_cross_entropy", "layer_types", "num_logits_to_keep",
            "is_causal", "full_attn_mask_type");
        if (fields.Texts("layer_types")?.FirstOrDefault(type => type != "full_attention") is { } other)
        {
            throw fields.Misfit("layer_types", $"full_attention throughout, not {other}");
        }
        int heads = fields.Whole("num_attention_heads", 1, ModelConfig.MostHeads);
        int end = fields.Whole("eos_token_id", 0, ModelConfig.LargestVocabulary);
        var config = new ModelConfig
        {
            Family = this,
            Width = fields.Whole("hidden_size", 1, ModelConfig.LargestWidth),
            Layers = fields.Whole("num_hidden_layers", 1, ModelConfig.MostLayers),
            Heads = heads,
            KeyValueHeadsOrNull = fields.WholeOrNull("num_key_value_heads", 1, ModelConfig.MostHeads),
            HeadWidthOrNull = fields.WholeOrNull("head_dim", 2, ModelConfig.LargestWidth),
            Hidden = fields.Whole("intermediate_size", 1, ModelConfig.LargestWidth),
            Vocabulary = fields.Whole("vocab_size", 2, ModelConfig.LargestVocabulary),
            MaxSequenceLength = fields.Whole("max_position_embeddings", 1, ModelConfig.LongestSequence),
            RopeTheta = fields.Number("rope_theta", 1, 1e12, 10_000),
            RmsNormEpsilon = fields.Number("rms_norm_eps", 0, 1, 1e-6),
            IsHeadTied = fields.Flag("tie_word_embeddings", false),
            HasQueryKeyValueBias = HasQueryKeyValueBias,
            HasQueryKeyNorm = HasQueryKeyNorm,
            MaskToken = fields.Whole("mask_token_id", 0, ModelConfig.LargestVocabulary, missing: ModelConfig.NoToken),
            EndToken = end,
            PadToken = fields.Whole("pad_token_id", 0, ModelConfig.LargestVocabulary, missing: end),
        };
        config = Complete(config, fields);
        config.Check(fields, width: "hidden_size", heads: "num_attention_heads", keyValueHeads: "num_key_value_heads",
            rows: "vocab_size");
        return config;
    }

    /// <inheritdoc/>
    internal override JsonObject Write(ModelConfig config)
    {
        var fields = new JsonObject
        {
            ["model_type"] = ModelType,
            ["hidden_size"] = config.Width,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["intermediate_size"] = config.Hidden,
            ["hidden_act"] = "silu",
            ["vocab_size"] = config.Vocabulary,
            ["max_position_embeddings"] = config.MaxSequenceLength,
            ["rope_theta"] = config.RopeTheta,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["tie_word_embeddings"] = config.IsHeadTied,
            ["eos_token_id"] = config.EndToken,
            ["pad_token_id"] = config.PadToken,
        };
        if (config.HeadWidthOrNull is { } headWidth)
        {
            fields["head_dim"] = headWidth;
        }
        if (config.MaskToken != ModelConfig.NoToken)
        {
            fields["mask_token_id"] = config.MaskToken;
        }
        return fields;
    }

    /// <summary>Reads the fields that only this family has.</summary>
    /// <param name="config">What the shared ones say.</param>
    /// <param name="fields">The fields.</param>
    protected abstract ModelConfig Complete(ModelConfig config, ConfigFields fields);
}
