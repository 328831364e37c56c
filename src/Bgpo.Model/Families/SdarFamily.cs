using System.Text.Json.Nodes;
using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Families;

/// <summary>SDAR: Qwen3's blocks with normalised heads; a token sees its own block of the sequence and those before it.</summary>
internal sealed class SdarFamily : QwenFamily
{
    /// <summary>Block length of the published models where config.json does not say.</summary>
    private const int UsualBlock = 4;

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
    protected override ModelConfig Complete(ModelConfig config, ConfigFields fields) =>
        config with { AttentionBlock = fields.Whole("block_size", 1, 4096, missing: UsualBlock) };
}
