using System.Text.Json.Nodes;
using Bgpo.Safetensors;

namespace Bgpo.Model.Tests;

/// <summary>Model folders: what is written comes back, and what is broken is named in one line.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-folder-").FullName;

    public ModelFolderTests() => new ModelFolder(TinyPolicy.Config, TinyPolicy.Tokenizer, TinyPolicy.Weights(2)).Save(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AModel_ComesBackAsItWent()
    {
        ModelFolder back = ModelFolder.Load(_folder);
        Assert.Equal(TinyPolicy.Config, back.Config);
        Assert.Equal(TinyPolicy.Weights(2), back.Parameters);
        Assert.Equal(TinyPolicy.Tokenizer.ToJson(), back.Tokenizer.ToJson());
    }

    [Fact]
    public void AMissingFolder_IsNamed() => Refused("there is no model folder", Path.Combine(_folder, "nowhere"));

    [Theory]
    [InlineData("config.json", "has no config.json")]
    [InlineData("tokenizer.json", "has no tokenizer.json")]
    [InlineData("model.safetensors", "has neither model.safetensors nor model.safetensors.index.json")]
    public void AMissingFile_IsNamed(string file, string expected)
    {
        File.Delete(At(file));
        Refused(expected);
    }

    [Theory]
    [InlineData("config.json", "", "config.json: not a model configuration")]
    [InlineData("config.json", "{", "config.json: not a model configuration")]
    [InlineData("config.json", "null", "config.json: holds null")]
    [InlineData("config.json", "{}", "config.json: field model_type is missing")]
    [InlineData("config.json", "[]", "config.json: holds no JSON object")]
    [InlineData("config.json", "{\"model_type\":\"llada\"}", "config.json: field d_model is missing")]
    [InlineData("config.json", "{\"model_type\":\"llada\",\"d_model\":1,\"d_model\":2}",
        "config.json: not a model configuration")]
    [InlineData("tokenizer.json", "", "tokenizer.json: not a tokenizer")]
    [InlineData("tokenizer.json", "null", "tokenizer.json: not a tokenizer")]
    [InlineData("tokenizer.json", "{\"version\":\"1.0\",\"model\":{\"type\":\"BPE\"}}", "tokenizer.json: not a tokenizer")]
    [InlineData("tokenizer.json", "{\"version\":\"2.0\",\"model\":{\"type\":\"BPE\",\"vocab\":{}}}",
        "tokenizer.json: is of version '2.0'; this version of bgpo reads '1.0'")]
    [InlineData("tokenizer.json", "{\"characters\":\"ab\"}",
        "tokenizer.json: has no type; expected a tokenizer of type 'character'")]
    [InlineData("tokenizer.json", "{\"type\":\"bpe\",\"characters\":\"ab\"}", "type is 'bpe'")]
    [InlineData("tokenizer.json", "{\"type\":\"character\",\"characters\":null}", "characters is null")]
    [InlineData("tokenizer.json", "{\"type\":\"character\",\"characters\":\"aba\"}", "the character 'a' is listed twice")]
    [InlineData("tokenizer.json", "{\"type\":\"character\",\"characters\":\"ab\"}",
        "6 tokens, mask 2, end 3 do not fit config.json: 11 rows, mask 7, end 8")]
    public void AGarbledFile_IsNamed(string file, string text, string expected)
    {
        File.WriteAllText(At(file), text);
        Refused(expected);
    }

    [Theory]
    [InlineData("model_type", "\"bert\"", "model_type is 'bert'; expected one of 'llada', 'Dream', 'sdar'")]
    [InlineData("weight_tying", "1", "weight_tying is 1; expected true or false")]
    [InlineData("include_bias", "true", "include_bias is true; expected false")]
    [InlineData("d_model", "-16", "d_model is -16")]
    [InlineData("n_layers", "0", "n_layers is 0")]
    [InlineData("n_heads", "0", "n_heads is 0")]
    [InlineData("n_heads", "3", "n_heads is 3; expected a divisor of d_model 16")]
    [InlineData("n_heads", "16", "n_heads is 16")] // heads of width 1 have no halves to rotate
    [InlineData("n_kv_heads", "3", "n_kv_heads is 3; expected a divisor of n_heads 2")]
    [InlineData("mlp_hidden_size", "0", "mlp_hidden_size is 0")]
    [InlineData("embedding_size", "5", "embedding_size is 5; expected at least vocab_size 11")]
    [InlineData("mask_token_id", "11", "mask_token_id is 11; expected a token below 11")]
    [InlineData("mask_token_id", "6", "mask 7, end 8 do not fit config.json: 11 rows, mask 6, end 8")]
    [InlineData("max_sequence_length", "0", "max_sequence_length is 0")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps is 0")]
    [InlineData("d_model", "\"wide\"", "d_model is \"wide\"; expected a whole number from 1 to 262144")]
    [InlineData("d_model", "64.5", "d_model is 64.5; expected a whole number")]
    [InlineData("n_layers", "2000000000", "n_layers is 2000000000; expected a whole number from 1 to 1024")]
    [InlineData("d_model", "2147483647", "d_model is 2147483647; expected a whole number from 1 to 262144")]
    [InlineData("mlp_hidden_size", "2000000000", "mlp_hidden_size is 2000000000; expected a whole number from 1 to 262144")]
    [InlineData("vocab_size", "1000000000", "vocab_size is 1000000000; expected a whole number from 2 to 4194304")]
    [InlineData("max_sequence_length", "99999999999", "max_sequence_length is 99999999999; expected a whole number")]
    [InlineData("mask_token_id", "8", "mask_token_id is 8; expected another token than eos_token_id 8")]
    [InlineData("rope_theta", "1e300", "rope_theta is 1e300; expected a number")]
    public void AFieldThatCannotBe_IsNamedWithItsValue(string field, string value, string expected)
    {
        Edit(field, value);
        Refused(expected);
    }

    [Theory]
    [InlineData("alibi", "true", "positions are rotary")]
    [InlineData("rope", "false", "positions are rotary")]
    [InlineData("rope_scaling", "{\"type\":\"linear\",\"factor\":2}", "positions are not scaled")]
    [InlineData("block_type", "\"sequential\"", "the block is LLaMA's")]
    [InlineData("block_group_size", "2", "blocks stand alone")]
    [InlineData("activation_type", "\"gelu\"", "the MLP is a SwiGLU")]
    [InlineData("layer_norm_type", "\"default\"", "norms are RMSNorm")]
    [InlineData("layer_norm_with_affine", "false", "norms have weights")]
    [InlineData("attention_layer_norm", "true", "queries and keys are not normalised")]
    [InlineData("input_emb_norm", "true", "embeddings are taken as they are")]
    [InlineData("scale_logits", "true", "logits are not scaled")]
    [InlineData("clip_qkv", "8.0", "queries, keys and values are not clipped")]
    [InlineData("multi_query_attention", "true", "n_kv_heads says")]
    [InlineData("num_experts", "64", "a mixture of experts, which is not supported")]
    [InlineData("quantization_config", "{\"bits\":4}", "quantized weights, which is not supported")]
    public void AFieldThatMakesAnotherNetwork_IsRefusedByName(string field, string value, string expected)
    {
        Edit(field, value);
        Refused(expected);
        Refused($"config.json: {field} is ");
    }

    [Theory]
    [InlineData("alibi", "false")]
    [InlineData("clip_qkv", "null")]
    [InlineData("num_experts", "0")]
    [InlineData("block_type", "\"llama\"")]
    [InlineData("torch_dtype", "\"bfloat16\"")]
    public void AFieldThatMakesNoOtherNetwork_IsTaken(string field, string value)
    {
        Edit(field, value);
        Assert.Equal(TinyPolicy.Config, ModelFolder.Load(_folder).Config);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "infinity")]
    [InlineData(float.NegativeInfinity, "minus infinity")]
    public void AWeightThatIsNoNumber_IsRefusedByItsTensorsName(float value, string name)
    {
        float[] weights = TinyPolicy.Weights(2);
        ParameterSlice slice = new ParameterLayout(TinyPolicy.Config)["model.transformer.blocks.1.up_proj.weight"];
        weights[slice.Offset + 17] = value;
        new ModelFolder(TinyPolicy.Config, TinyPolicy.Tokenizer, weights).Save(_folder);
        Refused($"model.safetensors: tensor 'model.transformer.blocks.1.up_proj.weight' holds {name} at element 17");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(300)]
    [InlineData(-1)]
    public void ATruncatedSafetensors_IsNamed(int bytes)
    {
        string file = At("model.safetensors");
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..(bytes < 0 ? whole.Length + bytes : bytes)]);
        Refused("model.safetensors");
    }

    [Theory]
    [InlineData("mlp_hidden_size", "32",
        "'model.transformer.blocks.0.ff_proj.weight' has shape [24, 16]; config.json makes it [32, 16]")]
    [InlineData("mlp_hidden_size", "200000",
        "'model.transformer.blocks.0.ff_proj.weight' has shape [24, 16]; config.json makes it [200000, 16]")]
    [InlineData("n_kv_heads", "1", "'model.transformer.blocks.0.k_proj.weight' has shape [16, 16]; config.json makes it [8, 16]")]
    [InlineData("embedding_size", "12", "'model.transformer.wte.weight' has shape [11, 16]; config.json makes it [12, 16]")]
    [InlineData("n_layers", "3", "no tensor 'model.transformer.blocks.2.attn_norm.weight'")]
    [InlineData("n_layers", "1", "has a tensor 'model.transformer.blocks.1.attn_norm.weight' that config.json does not call for")]
    public void AMismatch_NamesTheTensor(string field, string value, string expected)
    {
        Edit(field, value);
        Refused(expected);
        Refused("model.safetensors: ");
    }

    [Fact]
    public void AnExtraAndAMissingTensor_AreNamed()
    {
        var layout = new ParameterLayout(TinyPolicy.Config);
        void Write(IEnumerable<ParameterSlice> slices) => SafetensorsWriter.WriteFile(
            At("model.safetensors"),
            slices.Select(slice => SafetensorsTensor.FromSingles(slice.Name, slice.Shape, new float[slice.Length])));
        Write(layout.Slices.SkipLast(1));
        Refused("no tensor 'model.transformer.ff_out.weight'");
        Write([.. layout.Slices, new ParameterSlice("lm_head.bias", [11], 0)]);
        Refused("has a tensor 'lm_head.bias'");
    }

    [Fact]
    public void LLaDAsOwnConfig_IsUnderstood()
    {
        var config = ModelConfig.Parse(
            """
            {
              "_name_or_path": "", "activation_type": "silu", "alibi": false, "architectures": ["LLaDAModelLM"],
              "attention_dropout": 0.0, "attention_layer_norm": false, "block_group_size": 1, "block_type": "llama",
              "d_model": 4096, "embedding_size": 126464, "eos_token_id": 126081, "flash_attention": false,
              "include_bias": false, "include_qkv_bias": false, "init_device": "meta", "layer_norm_type": "rms",
              "mask_token_id": 126336, "max_sequence_length": 4096, "mlp_hidden_size": 12288, "mlp_ratio": 4,
              "model_type": "llada", "multi_query_attention": null, "n_heads": 32, "n_kv_heads": 32, "n_layers": 32,
              "pad_token_id": 126081, "precision": "amp_bf16", "rms_norm_eps": 1e-05, "rope": true, "rope_theta": 500000.0,
              "scale_logits": false, "vocab_size": 126464, "weight_tying": false
            }
            """, "config.json");
        Assert.Equal((4096, 32, 32, 32, 128, 12288),
            (config.Width, config.Layers, config.Heads, config.KeyValueHeads, config.HeadWidth, config.Hidden));
        Assert.Equal((126464, 126464, 4096), (config.Vocabulary, config.EmbeddingRows, config.MaxSequenceLength));
        Assert.Equal((126336, 126081, 126081), (config.MaskToken, config.EndToken, config.PadToken));
        Assert.Equal((500_000.0, 1e-5), (config.RopeTheta, config.RmsNormEpsilon));
        Assert.Equal(config, ModelConfig.Parse(config.ToJson(), "again"));
    }

    private string At(string file) => Path.Combine(_folder, file);

    private void Edit(string field, string value)
    {
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(At("config.json")))!;
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(At("config.json"), config.ToJsonString());
    }

    private void Refused(string expected, string? folder = null)
    {
        ModelException refused = Assert.Throws<ModelException>(() => ModelFolder.Load(folder ?? _folder));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }
}
