using System.Text.Json.Nodes;
using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Families;

/// <summary>SDAR: Qwen3's blocks with normalised heads; a token sees its own block of the sequence and those before it.</summary>
internal sealed class SdarFamily : QwenFamily
{
    /// <inheritdoc/>
    public override string Name => "SDAR";

    /// <inheritdoc/>
    public override string ModelType => "sdar";

    /// <inheritdoc/>
    public override ChatTemplate Template => ChatTemplate.ChatMl;

    /// <inheritdoc/>
    protected override bool HasQueryKeyValueBias => false;

    /// <inheritdoc/>
    protected override bool HasQueryKeyNorm => true;

    /// <inheritdoc/>
    internal override JsonObject Write(ModelConfig config)
    {
        JsonObject fields = base.Write(config);
        fields["attention_bias"] = false;
        fields["block_size"] = config.AttentionBlock;
        return fields;
    }

    /// <inheritdoc/>
    protected override ModelConfig Complete(ModelConfig config, ConfigFields fields) => config with
    {
        // Another length is another network, and there is no usual one.
        AttentionBlock = fields.WholeOrNull("block_size", 1, 4096) ?? throw new ModelException(
            $"{fields.File}: field block_size is missing; expected the block length that the model was trained with: see its " +
                "card, and add the field."),
    };
}
