using System.Globalization;
using System.Text.Json.Nodes;
using Bgpo.Model.Tokenizers;

namespace Bgpo.Model.Families;

/// <summary>
/// What differs between families of masked-diffusion language models: the fields of config.json, the names of tensors, the
/// framing of a conversation. A family is one small class; <see cref="ModelConfig"/> says what they have in common.
/// </summary>
public abstract class ModelFamily
{
    /// <summary>All families that are known.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } = [new LladaFamily(), new DreamFamily(), new SdarFamily()];

    /// <summary>The family of the small models that this project makes.</summary>
    public static ModelFamily Llada { get; } = All[0];

    /// <summary>Dream.</summary>
    public static ModelFamily Dream { get; } = All[1];

    /// <summary>SDAR.</summary>
    public static ModelFamily Sdar { get; } = All[2];

    /// <summary>The family's name, as people write it.</summary>
    public abstract string Name { get; }

    /// <summary>What config.json says in <c>model_type</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>What the family calls its tensors.</summary>
    public abstract TensorNames Names { get; }

    /// <summary>How a conversation is framed for the family's instruction-tuned models.</summary>
    public abstract ChatTemplate Template { get; }

    /// <summary>Reads the fields of a config.json, all of them.</summary>
    /// <param name="fields">The fields.</param>
    /// <exception cref="ModelException">A field is missing, or asks for what the network cannot do.</exception>
    internal abstract ModelConfig Read(ConfigFields fields);

    /// <summary>The fields that make this configuration again.</summary>
    /// <param name="config">The configuration.</param>
    internal abstract JsonObject Write(ModelConfig config);

    /// <summary>Finds the family that a config.json is of.</summary>
    /// <param name="fields">Its fields.</param>
    /// <exception cref="ModelException">It is of none that is known.</exception>
    internal static ModelFamily Of(ConfigFields fields)
    {
        string known = string.Join(", ", All.Select(family => $"'{family.ModelType}'"));
        string type = fields.Text("model_type")
            ?? throw new ModelException($"{fields.File}: field model_type is missing; expected one of {known}.");
        ModelFamily family = All.FirstOrDefault(family => family.ModelType == type)
            ?? throw new ModelException($"{fields.File}: model_type is '{type}'; expected one of {known}.");
        // The file of a mixture of experts may call itself by the name of the dense family.
        fields.Never(
            "a mixture of experts", "num_experts", "n_routed_experts", "num_local_experts", "num_experts_per_tok",
            "moe_intermediate_size",
            "expert_intermediate_size", "moe_num_experts", "n_shared_experts", "num_shared_experts");
        fields.Never("quantized weights", "quantization_config", "quantization");
        fields.Harmless(
            "_name_or_path", "architectures", "auto_map", "transformers_version", "torch_dtype", "dtype", "use_cache",
            "initializer_range", "bos_token_id",
            "attention_dropout", "hidden_dropout", "output_attentions", "output_hidden_states", "return_dict",
            "_attn_implementation", "debug");
        return family;
    }
}

/// <summary>
/// What a family calls its tensors. Those of block n begin with <see cref="Block"/>, in which {0} stands for n.
/// </summary>
public sealed record TensorNames
{
    /// <summary>(rows, D) token embedding.</summary>
    public required string Embedding { get; init; }

    /// <summary>Beginning of the names of block {0}.</summary>
    public required string Block { get; init; }

    /// <summary>(D) norm before attention.</summary>
    public required string AttentionNorm { get; init; }

    /// <summary>(H E, D) query projection, without its ending <c>.weight</c> or <c>.bias</c>.</summary>
    public required string Query { get; init; }

    /// <summary>(K E, D) key projection.</summary>
    public required string Key { get; init; }

    /// <summary>(K E, D) value projection.</summary>
    public required string Value { get; init; }

    /// <summary>(D, H E) projection back to the width.</summary>
    public required string AttentionOut { get; init; }

    /// <summary>(D) norm before the MLP.</summary>
    public required string MlpNorm { get; init; }

    /// <summary>(hidden, D) projection that is put through silu.</summary>
    public required string Gate { get; init; }

    /// <summary>(hidden, D) projection that is multiplied with it.</summary>
    public required string Up { get; init; }

    /// <summary>(D, hidden) projection back to the width.</summary>
    public required string Down { get; init; }

    /// <summary>(D) norm before the head.</summary>
    public required string FinalNorm { get; init; }

    /// <summary>(rows, D) head, where it is not the embedding.</summary>
    public required string Head { get; init; }

    /// <summary>(E) norm of each query head, in families that have one.</summary>
    public string QueryNorm { get; init; } = "";

    /// <summary>(E) norm of each key head, in families that have one.</summary>
    public string KeyNorm { get; init; } = "";

    /// <summary>Beginning of the names of a block.</summary>
    /// <param name="n">The block, from 0.</param>
    public string BlockOf(int n) => Block.Replace("{0}", n.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
