using System.Text.Json.Nodes;
using Bgpo.Model.Adapters;
using Bgpo.Model.Families;
using Bgpo.Model.Files;
using Bgpo.Safetensors;

namespace Bgpo.Model.Tests;

/// <summary>The published models' shapes, their fields, and folders of them that are not as they should be.</summary>
public sealed class FamilyTests : IDisposable
{
    private static readonly string s_reference = Path.Combine(AppContext.BaseDirectory, "Reference");

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-family-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llada-8b", 16_031_162_368, 291)]
    [InlineData("dream-7b", 15_231_233_024, 339)]
    [InlineData("sdar-4b", 8_822_848_512, 399)]
    [InlineData("sdar-8b", 16_381_470_720, 399)]
    public void PublishedModels_TakeTheirBytes(string name, long bytes, int tensors)
    {
        ModelConfig config = KnownModels.ByName[name];
        var layout = new ParameterLayout(config);
        Assert.Equal((bytes, tensors), (2 * layout.Length, layout.Slices.Count));
        Assert.Equal(config, ModelConfig.Parse(config.ToJson(), name));
    }

    [Fact]
    public void AdaptersOfRank128OnLLaDA8B_Have335544320Parameters()
    {
        ModelConfig config = KnownModels.ByName["llada-8b"];
        Assert.Equal(335_544_320, new LoraConfig(128, 64, LoraConfig.AllLinear).LayoutFor(config).Length);
        Assert.Equal(
            ["base_model.model.model.transformer.blocks.0.q_proj.lora_A.weight",
                "base_model.model.model.transformer.blocks.0.q_proj.lora_B.weight"],
            new LoraConfig(8, 16, "q_proj").LayoutFor(config).Slices.Take(2).Select(slice => slice.Name));
        Assert.Contains(
            "model.lora.targets: 'c_proj' matches no projection of LLaDA",
            Assert.Throws<ModelException>(() => new LoraConfig(8, 16, "q_proj,c_proj").LayoutFor(config)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void DreamsOwnConfig_IsUnderstood()
    {
        const string json = """
            {
              "architectures": ["DreamModel"], "attention_dropout": 0.0,
              "auto_map": {"AutoConfig": "configuration_dream.DreamConfig", "AutoModel": "modeling_dream.DreamModel"},
              "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 3584, "initializer_range": 0.02,
              "intermediate_size": 18944, "mask_token_id": 151666, "max_position_embeddings": 131072, "max_window_layers": 28,
              "model_type": "Dream", "num_attention_heads": 28, "num_hidden_layers": 28, "num_key_value_heads": 4, "pad_token_id": 151643,
              "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false,
              "torch_dtype": "bfloat16", "transformers_version": "4.46.2", "use_cache": true, "use_sliding_window": false, "vocab_size": 152064,
              "something_new": 1
            }
            """;
        var config = ModelConfig.Parse(json, "config.json");
        Assert.Equal(KnownModels.ByName["dream-7b"], config);
        Assert.Equal(["something_new"], config.UnknownFields);
        Assert.Equal(json, config.ToJson()); // as it came
    }

    [Theory]
    [InlineData("dream", "hidden_act", "\"gelu\"", "the MLP is a SwiGLU")]
    [InlineData("dream", "attention_bias", "false", "the family decides which projections have biases")]
    [InlineData("sdar", "attention_bias", "true", "the family decides which projections have biases")]
    [InlineData("dream", "use_sliding_window", "true", "every token sees the whole sequence")]
    [InlineData("sdar", "rope_scaling", "{\"rope_type\":\"yarn\"}", "positions are not scaled")]
    [InlineData("sdar", "rope_parameters", "{\"rope_theta\":1}", "rope_theta alone says")]
    [InlineData("sdar", "partial_rotary_factor", "0.5", "whole heads turn")]
    [InlineData("sdar", "layer_types", "[\"full_attention\",\"sliding_attention\"]",
        "full_attention throughout, not sliding_attention")]
    [InlineData("sdar", "final_logit_softcapping", "30.0", "logits are not capped")]
    [InlineData("sdar", "num_experts", "128", "a mixture of experts, which is not supported")]
    [InlineData("sdar", "block_size", "0", "a whole number from 1 to 4096")]
    [InlineData("sdar", "head_dim", "7", "an even head width")]
    [InlineData("dream", "model_type", "\"qwen2\"", "expected one of 'llada', 'Dream', 'sdar'")]
    [InlineData("illada", "num_experts", "64", "a mixture of experts, which is not supported")]
    public void AFieldThatMakesAnotherNetwork_IsRefusedByName(string family, string field, string value, string expected)
    {
        Copy(family);
        Edit(field, value);
        Refused($"config.json: {field} is ", expected);
    }

    [Theory]
    [InlineData("dream", "num_hidden_layers", "1",
        "has a tensor 'model.layers.1.input_layernorm.weight' that config.json does not call for; has a tensor")]
    [InlineData("dream", "num_hidden_layers", "3",
        "there is no tensor 'model.layers.2.input_layernorm.weight'; there is no tensor")]
    [InlineData("dream", "num_key_value_heads", "1", "and 2 more")]
    [InlineData("dream", "tie_word_embeddings", "true", "")]
    [InlineData("sdar", "head_dim", "4", "q_norm.weight' has shape [8]; config.json makes it [4]")]
    [InlineData("illada", "weight_tying", "false", "there is no tensor 'model.transformer.ff_out.weight'")]
    public void TensorsThatDoNotFit_AreListedTogether(string family, string field, string value, string expected)
    {
        Copy(family);
        Edit(field, value);
        if (expected.Length == 0)
        {
            using var files = ModelFiles.Open(_folder); // a head that is the embedding may be there all the same
            return;
        }
        Refused(expected);
    }

    [Fact]
    public void WeightsOfAnotherType_AreNamed()
    {
        Copy("llada");
        using (SafetensorsReader reader = SafetensorsReader.Open(At("model.safetensors")))
        {
            SafetensorsWriter.WriteFile(
                At("other"), reader.Entries.Select(entry => entry.Name.EndsWith("ln_f.weight", StringComparison.Ordinal)
                ? SafetensorsTensor.FromBytes(entry.Name, SafetensorsDtype.F64, entry.Shape, new byte[8 * entry.Elements])
                : SafetensorsTensor.FromBytes(entry.Name, entry.Dtype, entry.Shape, reader.Read(entry.Name))));
        }
        File.Move(At("other"), At("model.safetensors"), overwrite: true);
        Refused("tensor 'model.transformer.ln_f.weight' is F64; expected F32, F16 or BF16");
    }

    [Theory]
    [InlineData("illada", 0x7C00, "infinity")]
    [InlineData("sdar", 0x7F80, "infinity")]
    [InlineData("sdar", 0x7FC0, "NaN")]
    public void ANarrowWeightThatIsNoNumber_IsRefusedByItsTensorsName(string family, int bits, string name)
    {
        Copy(family);
        string file = At("model.safetensors");
        byte[] content = File.ReadAllBytes(file);
        string tensor;
        long at;
        using (SafetensorsReader reader = SafetensorsReader.Open(file))
        {
            SafetensorsEntry last = reader.Entries.MaxBy(entry => entry.End)!;
            tensor = last.Name;
            at = last.Elements - 1;
        }
        content[^2] = (byte)bits;
        content[^1] = (byte)(bits >> 8);
        File.WriteAllBytes(file, content);
        using var files = ModelFiles.Open(_folder);
        string expected = $"tensor '{tensor}' holds {name} at element {at}";
        Assert.Contains(expected, Assert.Throws<ModelException>(() => FrozenWeights.Load(files)).Message,
            StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<ModelException>(() => ModelFolder.Load(_folder)).Message,
            StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<ModelException>(() => files.Sha256()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no tokenizer", "has no tokenizer.json")]
    [InlineData("an index that names a missing shard", "model-00003-of-00002.safetensors: cannot be opened")]
    [InlineData("a cut shard", "model-00002-of-00002.safetensors: tensor ")]
    [InlineData("a shard that links to itself", "model-00002-of-00002.safetensors: cannot be opened")]
    [InlineData("a config that links to itself", "config.json cannot be read")]
    [InlineData("a folder in a file's place", "config.json")]
    [InlineData("an index that is no JSON", "model.safetensors.index.json: cannot be read as JSON")]
    [InlineData("an index beyond the folder", "expected a file name beside the index")]
    [InlineData("no block length",
        "config.json: field block_size is missing; expected the block length that the model was trained with")]
    [InlineData("another tokenizer", "has no special token 259, which is config.json's mask_token_id")]
    [InlineData("two mask tokens",
        "two mask tokens: config.json says 259, tokenizer_config.json says '<|im_end|>', which is 258")]
    [InlineData("no mask token", "no token is spelt like a mask, and config.json has no mask_token_id")]
    [InlineData("two that are spelt like masks",
        "two mask tokens: '<|mask|>' (259), '<MASK>' (260), and config.json has no mask_token_id")]
    [InlineData("a tokenizer that is cut", "tokenizer.json: not a tokenizer")]
    [InlineData("a tokenizer larger than the model", "1001 tokens, mask 259, end 256 do not fit config.json: 262 rows")]
    [InlineData("a token twice", "the token 256 is '<|endoftext|>' and 'x'")]
    [InlineData("a token that is too large", "tokenizer.json: not a tokenizer: the token 2147483647 is not from 0 to 4194303")]
    [InlineData("a token below 0", "tokenizer.json: not a tokenizer: the token -1 is not from 0 to 4194303")]
    [InlineData("a token without content", "tokenizer.json: not a tokenizer: the added token 261 has no content")]
    [InlineData("a tokenizer that cuts", "tokenizer.json: truncation is {\"max_length\":8}; it would change prompts in silence")]
    [InlineData("a tokenizer that pads",
        "tokenizer.json: padding is {\"direction\":\"Left\"}; it would change prompts in silence")]
    [InlineData("a config without end", "config.json cannot be read: it is not a regular file")]
    [InlineData("a pipe for a shard", "model-00002-of-00002.safetensors: cannot be opened: it is not a regular file")]
    [InlineData("a pipe for an index", "model.safetensors.index.json: cannot be read as JSON: it is not a regular file")]
    [InlineData("an index that is too long", "it has 100000001 bytes; expected at most 100000000")]
    [InlineData("a huge header", "its header claims")]
    [InlineData("no weights", "has neither model.safetensors nor model.safetensors.index.json")]
    public void AMalformedFolder_IsOneLine(string fault, string expected)
    {
        Copy("dream");
        Break(fault);
        Refused(expected);
    }

    [Fact]
    public void ARandomModel_IsReadBack_AndTheSameEachTime()
    {
        ModelConfig config = KnownModels.Scaled(KnownModels.ByName["sdar-8b"], 22_000_000);
        Assert.InRange(new ParameterLayout(config).Length, 19_000_000, 25_500_000);
        RandomModel.Write(config, _folder, 7, SafetensorsDtype.BF16, null, CancellationToken.None);
        using var files = ModelFiles.Open(_folder);
        Assert.Equal(config, files.Config);
        Assert.Equal("ab <MASK>", files.Tokenizer.Decode([.. ((Tokenizers.BpeTokenizer)files.Tokenizer).Encode("ab "), 151669]));
        string once = files.Sha256();
        RandomModel.Write(config, _folder, 7, SafetensorsDtype.BF16, null, CancellationToken.None);
        using var again = ModelFiles.Open(_folder);
        Assert.Equal(once, again.Sha256());
    }

    [Fact]
    public void AHashThatCouldNotBeTaken_IsTakenWhenTheWeightsAreMended()
    {
        Copy("sdar");
        string weights = At("model.safetensors");
        byte[] good = File.ReadAllBytes(weights);
        DateTime time = File.GetLastWriteTimeUtc(weights);
        byte[] bad = [.. good[..^2], 0x80, 0x7F];
        File.WriteAllBytes(weights, bad);
        File.SetLastWriteTimeUtc(weights, time);
        using (var files = ModelFiles.Open(_folder))
        {
            Assert.Throws<ModelException>(files.RememberedSha256);
        }
        File.WriteAllBytes(weights, good);
        File.SetLastWriteTimeUtc(weights, time);
        using var mended = ModelFiles.Open(_folder);
        Assert.Equal(mended.Sha256(), mended.RememberedSha256());
    }

    [Fact]
    public void AFolderOfLinks_IsReadAsWhatTheLinksName()
    {
        string blobs = Directory.CreateDirectory(At("blobs")).FullName;
        string snapshot = Directory.CreateDirectory(At("snapshot")).FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(s_reference, "sdar")))
        {
            string name = Path.GetFileName(file);
            File.Copy(file, Path.Combine(blobs, name));
            File.CreateSymbolicLink(Path.Combine(snapshot, name), Path.Combine("..", "blobs", name));
        }
        Assert.True(ModelFolder.HasHuggingFacesTokenizer(snapshot));
        string first;
        using (var files = ModelFiles.Open(snapshot))
        {
            first = files.RememberedSha256();
        }
        string weights = Path.Combine(blobs, "model.safetensors");
        byte[] content = File.ReadAllBytes(weights);
        content[^2] ^= 1;
        File.WriteAllBytes(weights, content);
        File.SetLastWriteTimeUtc(weights, DateTime.UnixEpoch);
        using var changed = ModelFiles.Open(snapshot);
        Assert.NotEqual(first, changed.RememberedSha256()); // the link itself is as before
    }

    private void Break(string fault)
    {
        string second = At("model-00002-of-00002.safetensors");
        string index = At("model.safetensors.index.json");
        switch (fault)
        {
            case "no tokenizer":
                File.Delete(At("tokenizer.json"));
                break;
            case "an index that names a missing shard":
                File.WriteAllText(index,
                    File.ReadAllText(index).Replace("00002-of-00002", "00003-of-00002", StringComparison.Ordinal));
                break;
            case "a cut shard":
                File.WriteAllBytes(second, File.ReadAllBytes(second)[..^100]);
                break;
            case "a shard that links to itself":
                File.Delete(second);
                File.CreateSymbolicLink(second, second);
                break;
            case "a config that links to itself":
                File.Delete(At("config.json"));
                File.CreateSymbolicLink(At("config.json"), At("config.json"));
                break;
            case "a folder in a file's place":
                File.Delete(At("config.json"));
                Directory.CreateDirectory(At("config.json"));
                break;
            case "an index that is no JSON":
                File.WriteAllText(index, "{");
                break;
            case "an index beyond the folder":
                File.WriteAllText(index, """{"weight_map":{"a":"../x"}}""");
                break;
            case "another tokenizer":
                EditTokenizer(tokenizer => ((JsonArray)tokenizer["added_tokens"]!).RemoveAt(3));
                break;
            case "two mask tokens":
                File.WriteAllText(At("tokenizer_config.json"), """{"mask_token":"<|im_end|>"}""");
                break;
            case "no mask token":
                Edit("mask_token_id", "null");
                EditTokenizer(tokenizer => ((JsonArray)tokenizer["added_tokens"]!).RemoveAt(3));
                break;
            case "two that are spelt like masks":
                Edit("mask_token_id", "null");
                EditTokenizer(tokenizer => Add(tokenizer, 260, "<MASK>"));
                break;
            case "a tokenizer that is cut":
                File.WriteAllText(At("tokenizer.json"), File.ReadAllText(At("tokenizer.json"))[..^400]);
                break;
            case "a tokenizer larger than the model":
                EditTokenizer(tokenizer => Add(tokenizer, 1000, "far"));
                break;
            case "a token twice":
                EditTokenizer(tokenizer => Add(tokenizer, 256, "x"));
                break;
            case "no block length":
                Edit("model_type", "\"sdar\"");
                break;
            case "a token that is too large":
                EditTokenizer(tokenizer => Add(tokenizer, int.MaxValue, "far"));
                break;
            case "a token below 0":
                EditTokenizer(tokenizer => Add(tokenizer, -1, "below"));
                break;
            case "a token without content":
                EditTokenizer(tokenizer => Add(tokenizer, 261, null));
                break;
            case "a tokenizer that cuts":
                EditTokenizer(tokenizer => tokenizer["truncation"] = new JsonObject { ["max_length"] = 8 });
                break;
            case "a tokenizer that pads":
                EditTokenizer(tokenizer => tokenizer["padding"] = new JsonObject { ["direction"] = "Left" });
                break;
            case "a config without end":
                File.Delete(At("config.json"));
                File.CreateSymbolicLink(At("config.json"), "/dev/zero");
                break;
            case "a pipe for a shard":
                MakePipe(second);
                break;
            case "a pipe for an index":
                MakePipe(index);
                break;
            case "an index that is too long":
                using (FileStream stream = File.OpenWrite(index))
                {
                    stream.SetLength(100_000_001);
                }
                break;
            case "a huge header":
                File.WriteAllBytes(second, [255, 255, 255, 255, 255, 255, 255, 127, (byte)'{']);
                break;
            case "no weights":
                File.Delete(index);
                break;
            default:
                Assert.Fail(fault);
                break;
        }
    }

    private static void MakePipe(string path)
    {
        File.Delete(path);
        using var made = System.Diagnostics.Process.Start("mkfifo", [path]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }

    private static void Add(JsonNode tokenizer, int id, string? content)
    {
        var list = (JsonArray)tokenizer["added_tokens"]!;
        JsonNode token = list[0]!.DeepClone();
        token["id"] = id;
        token["content"] = content;
        list.Add(token);
    }

    private string At(string file) => Path.Combine(_folder, file);

    private void Copy(string family)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(s_reference, family)))
        {
            File.Copy(file, At(Path.GetFileName(file)));
        }
    }

    private void Edit(string field, string value) => Change("config.json", config => config[field] = JsonNode.Parse(value));

    private void EditTokenizer(Action<JsonNode> change) => Change("tokenizer.json", change);

    private void Change(string file, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(At(file)))!;
        change(json);
        File.WriteAllText(At(file), json.ToJsonString());
    }

    private void Refused(params string[] expected)
    {
        string message = Assert.Throws<ModelException>(() => ModelFiles.Open(_folder)).Message;
        Assert.All(expected, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
        Assert.Equal(message, Assert.Throws<ModelException>(() => ModelFolder.Load(_folder)).Message);
    }
}
