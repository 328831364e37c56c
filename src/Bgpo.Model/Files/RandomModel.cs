using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Model.Families;
using Bgpo.Safetensors;

namespace Bgpo.Model.Files;

/// <summary>Writes checkpoints with random weights in a family's exact format, for trials and tests.</summary>
public static class RandomModel
{
    /// <summary>Bytes of weights in one file.</summary>
    private const long ShardBytes = 3L << 30;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Writes the folder.</summary>
    /// <param name="config">Shape of the network.</param>
    /// <param name="folder">Its path; made when missing.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="tokenizer">A tokenizer.json to take; null: one of single bytes and the family's special tokens.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    public static void Write(
        ModelConfig config, string folder, ulong seed, SafetensorsDtype dtype, string? tokenizer,
        CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ModelFolder.ConfigFile), config.ToJson());
        string target = Path.Combine(folder, ModelFolder.TokenizerFile);
        if (tokenizer is null)
        {
            File.WriteAllText(target, ByteTokenizer(config));
        }
        else
        {
            File.Copy(tokenizer, target, overwrite: true);
        }
        ParameterSlice[] slices = [.. new ParameterLayout(config).Slices];
        List<List<int>> shards = Shards(slices, dtype);
        var map = new JsonObject();
        for (int s = 0; s < shards.Count; s++)
        {
            string name = shards.Count == 1
                ? SafetensorsModel.SingleFile
                : string.Create(CultureInfo.InvariantCulture, $"model-{s + 1:00000}-of-{shards.Count:00000}.safetensors");
            SafetensorsWriter.WriteFile(
                Path.Combine(folder, name),
                shards[s].Select(i => new SafetensorsTensor(slices[i].Name, dtype, slices[i].Shape, stream =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Draw(stream, config, slices[i], dtype, new Philox(seed, Purpose.Initialization, (uint)i));
                })),
                new Dictionary<string, string> { ["format"] = "pt" });
            foreach (int i in shards[s])
            {
                map[slices[i].Name] = name;
            }
        }
        if (shards.Count > 1)
        {
            var index = new JsonObject
            {
                ["metadata"] = new JsonObject { ["total_size"] = slices.Sum(slice => slice.Length) * dtype.Size() },
                ["weight_map"] = map,
            };
            File.WriteAllText(Path.Combine(folder, SafetensorsModel.IndexFile), index.ToJsonString(s_indented));
        }
    }

    private static List<List<int>> Shards(ParameterSlice[] slices, SafetensorsDtype dtype)
    {
        List<List<int>> shards = [[]];
        long bytes = 0;
        for (int i = 0; i < slices.Length; i++)
        {
            long own = slices[i].Length * dtype.Size();
            if (bytes > 0 && bytes + own > ShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(i);
            bytes += own;
        }
        return shards;
    }

    /// <summary>
    /// Norms one; the rest uniform, as wide as <see cref="Initialization"/> draws them, from 16 random bits each.
    /// </summary>
    private static void Draw(Stream stream, ModelConfig config, ParameterSlice slice, SafetensorsDtype dtype, Philox random)
    {
        bool isNorm = slice.Shape.Length == 1 && !slice.Name.EndsWith(".bias", StringComparison.Ordinal);
        bool isEmbedding = slice.Name == config.Family.Names.Embedding;
        double std = slice.Shape.Length == 1 ? 0.1 : isEmbedding && !config.IsHeadTied ? 1 : 1 / Math.Sqrt(3.0 * slice.Shape[1]);
        byte[] table = Table(dtype, isNorm ? _ => 1 : u => ((2 * u) - 1) * std * Math.Sqrt(3));
        int size = dtype.Size();
        const int blocks = 1 << 14; // of eight values
        byte[] chunk = new byte[blocks * 8 * size];
        Span<ushort> halves = stackalloc ushort[8];
        for (long done = 0; done < slice.Length; done += blocks * 8)
        {
            int count = (int)Math.Min(blocks * 8, slice.Length - done);
            for (int i = 0; i < count; i += 8)
            {
                (uint a, uint b, uint c, uint d) = random.Block((uint)((done + i) / 8));
                MemoryMarshal.Cast<ushort, uint>(halves)[0] = a;
                MemoryMarshal.Cast<ushort, uint>(halves)[1] = b;
                MemoryMarshal.Cast<ushort, uint>(halves)[2] = c;
                MemoryMarshal.Cast<ushort, uint>(halves)[3] = d;
                for (int k = 0; k < 8; k++)
                {
                    table.AsSpan(halves[k] * size, size).CopyTo(chunk.AsSpan((i + k) * size));
                }
            }
            stream.Write(chunk.AsSpan(0, count * size));
        }
    }

    /// <summary>The bytes of a value for each of 2^16 equal shares of [0, 1).</summary>
    private static byte[] Table(SafetensorsDtype dtype, Func<double, double> value)
    {
        int size = dtype.Size();
        byte[] table = new byte[(1 << 16) * size];
        for (int i = 0; i < 1 << 16; i++)
        {
            float single = (float)value((i + 0.5) / (1 << 16));
            Span<byte> at = table.AsSpan(i * size, size);
            switch (dtype)
            {
                case SafetensorsDtype.F32:
                    MemoryMarshal.Write(at, single);
                    break;
                case SafetensorsDtype.F16:
                    MemoryMarshal.Write(at, (Half)single);
                    break;
                default:
                    MemoryMarshal.Write(at, (ushort)((BitConverter.SingleToUInt32Bits(single) + 0x8000) >> 16));
                    break;
            }
        }
        return table;
    }

    /// <summary>A tokenizer.json of one token a byte, with the family's special tokens where its models have them.</summary>
    private static string ByteTokenizer(ModelConfig config)
    {
        (int Id, string Content)[] special = SpecialTokensOf(config);
        var taken = special.Select(token => token.Id).ToHashSet();
        int[] free = [.. Enumerable.Range(0, 512).Where(id => !taken.Contains(id)).Take(256)];
        var vocabulary = new JsonObject();
        int extra = 0;
        for (int b = 0; b < 256; b++)
        {
            bool isShown = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            vocabulary[((char)(isShown ? b : 256 + extra++)).ToString()] = free[b];
        }
        var added = new JsonArray();
        foreach ((int id, string content) in special)
        {
            vocabulary[content] = id;
            added.Add(new JsonObject
            {
                ["id"] = id,
                ["content"] = content,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            });
        }
        static JsonObject Level() => new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = false,
            ["use_regex"] = false,
        };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = Level(),
            ["post_processor"] = Level(),
            ["decoder"] = Level(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        }.ToJsonString();
    }

    private static (int Id, string Content)[] SpecialTokensOf(ModelConfig config)
    {
        if (config.Family == ModelFamily.Llada)
        {
            int headers = config.MaskToken > 1000 ? config.MaskToken + 10 : 10;
            return
            [
                (config.EndToken - 1, "<|startoftext|>"), (config.EndToken, "<|endoftext|>"), (config.MaskToken, "<|mdm_mask|>"),
                (headers, "<|start_header_id|>"), (headers + 1, "<|end_header_id|>"), (headers + 2, "<|eot_id|>"),
            ];
        }
        string mask = config.AttentionBlock > 0 ? "<MASK>" : "<|mask|>";
        return [(151643, "<|endoftext|>"), (151644, "<|im_start|>"), (151645, "<|im_end|>"), (config.MaskToken, mask)];
    }
}
