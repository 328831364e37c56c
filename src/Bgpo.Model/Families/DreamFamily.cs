using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Families;

/// <summary>
/// Dream 7B: Qwen2's blocks with biases of q, k and v, full attention, and logits that predict the place behind.
/// </summary>
internal sealed class DreamFamily : QwenFamily
{
    /// <inheritdoc/>
    public override string Name => "Dream";

    /// <inheritdoc/>
    public override string ModelType => "Dream";

    /// <inheritdoc/>
    public override ChatTemplate Template => ChatTemplate.ChatMlWithSystem;

    /// <inheritdoc/>
    protected override bool HasQueryKeyValueBias => true;

    /// <inheritdoc/>
    protected override bool HasQueryKeyNorm => false;

    /// <inheritdoc/>
    protected override ModelConfig Complete(ModelConfig config, ConfigFields fields) => config with { ShiftsLogits = true };
}
