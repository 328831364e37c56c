using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bgpo.Model.Families;
using Bgpo.Safetensors;

namespace Bgpo.Model.Adapters;

/// <summary>Adapters as PEFT keeps them: adapter_config.json and adapter_model.safetensors.</summary>
/// <param name="Base">Folder of the model that they adapt.</param>
/// <param name="Lora">Rank, scale and targets.</param>
/// <param name="Layout">Where each matrix lies in the vector.</param>
/// <param name="Vector">The matrices.</param>
public sealed record AdapterFolder(string Base, LoraConfig Lora, ParameterLayout Layout, float[] Vector)
{
    /// <summary>Name of the configuration file.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>Name of the weights' file.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Whether a folder holds adapters.</summary>
    /// <param name="folder">Its path.</param>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, ConfigFile));

    /// <summary>Writes a folder that PEFT reads.</summary>
    /// <param name="folder">Its path; made when missing.</param>
    /// <param name="config">The adapted network.</param>
    public void Save(string folder, ModelConfig config)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.WriteFile(
            Path.Combine(folder, WeightsFile),
            Layout.Slices.Select(
                slice => SafetensorsTensor.FromSingles(
                    slice.Name, slice.Shape, Vector.AsMemory((int)slice.Offset, (int)slice.Length))),
            new Dictionary<string, string> { ["format"] = "pt" });
        var json = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = null,
            ["base_model_name_or_path"] = Base,
            ["revision"] = null,
            ["inference_mode"] = true,
            ["r"] = Lora.Rank,
            ["lora_alpha"] = Lora.Alpha,
            ["lora_dropout"] = 0.0,
            ["target_modules"] = TargetsOf(config),
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["init_lora_weights"] = true,
            ["modules_to_save"] = null,
            ["layers_to_transform"] = null,
            ["layers_pattern"] = null,
            ["rank_pattern"] = new JsonObject(),
            ["alpha_pattern"] = new JsonObject(),
            ["use_rslora"] = false,
            ["use_dora"] = false,
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), json.ToJsonString(s_indented) + "\n");
    }

    /// <summary>Reads a folder.</summary>
    /// <param name="folder">Its path.</param>
    /// <exception cref="ModelException">It holds no adapters of a kind that is known, or they do not fit their base, or one is no
    /// number.</exception>
    public static AdapterFolder Load(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        var fields = ConfigFields.Parse(ModelFolder.ReadText(folder, ConfigFile), path);
        fields.Only("peft_type", "\"LORA\"", "adapters are LoRA");
        fields.Only("bias", "\"none\"", "adapters have no biases");
        fields.Only("fan_in_fan_out", "false", "weights are (out, in)");
        fields.Only("modules_to_save", "null", "nothing but adapters is trained");
        fields.Never("another adapter than LoRA's own", "use_dora", "use_rslora", "rank_pattern", "alpha_pattern",
            "layers_to_transform", "layer_replication");
        string from = fields.Text("base_model_name_or_path")
            ?? throw new ModelException($"{path}: field base_model_name_or_path is missing; expected a model folder.");
        string model = Path.GetFullPath(from, folder);
        (ModelConfig config, _) = ModelFolder.ReadTexts(model);
        int rank = fields.Whole("r", 1, 1 << 16);
        double alpha = fields.Number("lora_alpha", 0, 1e6, 8);
        try
        {
            using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(folder, WeightsFile));
            var lora = new LoraConfig(rank, alpha, TargetsIn(reader, config, path));
            ParameterLayout layout = lora.LayoutFor(config);
            return new AdapterFolder(model, lora, layout, ReadVector(reader, layout));
        }
        catch (SafetensorsException e)
        {
            throw new ModelException(e.Message, e);
        }
    }

    /// <summary>Names where they are a projection's alone; a pattern where the head bears one of them, as LLaDA's does.</summary>
    private JsonNode TargetsOf(ModelConfig config)
    {
        IReadOnlyList<string> projections = Lora.ProjectionsOf(config.Family);
        string[] names = [.. projections.Select(projection => projection[(projection.LastIndexOf('.') + 1)..])];
        string head = config.Family.Names.Head;
        return names.Any(name => head.EndsWith($".{name}.weight", StringComparison.Ordinal))
            ? JsonValue.Create($"{Regex.Escape(config.Family.Names.Block).Replace(@"\{0}", @"\d+", StringComparison.Ordinal)}({string.Join('|', projections.Select(Regex.Escape))})")
            : new JsonArray([.. names.Select(name => JsonValue.Create(name))]);
    }

    /// <summary>The projections that the file has matrices of.</summary>
    private static string TargetsIn(SafetensorsReader reader, ModelConfig config, string path)
    {
        string[] projections =
        [
            .. new LoraConfig(1, 1, LoraConfig.AllLinear).ProjectionsOf(config.Family)
                .Where(projection => reader.Entries.Any(
                    entry => entry.Name.EndsWith($".{projection}.lora_A.weight", StringComparison.Ordinal))),
        ];
        return projections.Length > 0
            ? string.Join(',', projections)
            : throw new ModelException(
                $"{path}: {WeightsFile} has no adapter of a projection of {config.Family.Name}; is it another family's?");
    }

    private static float[] ReadVector(SafetensorsReader reader, ParameterLayout layout)
    {
        List<string> faults = [];
        foreach (ParameterSlice slice in layout.Slices)
        {
            if (!reader.Contains(slice.Name))
            {
                faults.Add($"there is no tensor '{slice.Name}'");
            }
            else if (reader.Entry(slice.Name) is var entry
                && (!entry.Shape.SequenceEqual(slice.Shape) || entry.Dtype != SafetensorsDtype.F32))
            {
                faults.Add($"tensor '{slice.Name}' is {entry.Dtype.Name()} [{string.Join(", ", entry.Shape)}]; expected F32 " +
                    $"[{string.Join(", ", slice.Shape)}]");
            }
        }
        faults.AddRange(reader.Entries.Where(entry => !layout.Has(entry.Name))
            .Select(entry => $"has a tensor '{entry.Name}' that fits no projection"));
        if (faults.Count > 0)
        {
            throw new ModelException(
                $"{reader.Label}: {string.Join("; ", faults.Take(6))}{(faults.Count > 6 ? $"; and {faults.Count - 6} more" : "")}.");
        }
        var vector = new float[layout.Length];
        foreach (ParameterSlice slice in layout.Slices)
        {
            Span<float> values = vector.AsSpan((int)slice.Offset, (int)slice.Length);
            reader.ReadSingles(slice.Name, values);
            int at = NonFinite.IndexIn(values);
            if (at >= 0)
            {
                throw new ModelException(
                    $"{reader.Label}: tensor '{slice.Name}' holds {NonFinite.Name(values[at])} at element {at}; every weight " +
                        "must be a finite number.");
            }
        }
        return vector;
    }
}
