using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using Bgpo.Safetensors;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <summary>What a run starts from: the model of its spec, and the vector that it trains.</summary>
/// <param name="Config">Shape of the network.</param>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Parameters">What is trained: all weights, or adapters.</param>
/// <param name="Adapter">What the adapters are; null where all weights are trained.</param>
internal sealed record TrainedModel(ModelConfig Config, ITokenizer Tokenizer, float[] Parameters, AdapterManifest? Adapter)
{
    /// <summary>Reads the model that a spec names.</summary>
    /// <param name="spec">The spec.</param>
    /// <exception cref="ModelException">The model is bad, or a target of the adapters matches nothing.</exception>
    public static TrainedModel Load(RunSpec spec)
    {
        if (spec.Model.Train == TrainedPart.Full)
        {
            ModelFolder model = ModelFolder.Load(spec.Model.Path);
            return new TrainedModel(model.Config, Framed(model.Tokenizer, spec), model.Parameters, null);
        }
        using var files = ModelFiles.Open(spec.Model.Path);
        CheckMemory(spec, files);
        LoraSection section = spec.Model.Lora;
        var lora = new LoraConfig(section.Rank, section.Alpha, section.Targets);
        float[] adapters = LoraConfig.Draw(lora.LayoutFor(files.Config), (ulong)spec.Run.Seed);
        var adapter = new AdapterManifest(files.RememberedSha256(), lora.Rank, lora.Alpha, lora.Targets);
        return new TrainedModel(files.Config, Framed(files.Tokenizer, spec), adapters, adapter);
    }

    /// <summary>Refuses a base that is another than the one that adapters were trained on.</summary>
    /// <param name="folder">The base's folder.</param>
    /// <param name="adapter">The adapters.</param>
    /// <param name="config">The network that they were trained in.</param>
    /// <param name="run">The run, for the message.</param>
    /// <exception cref="ModelException">It is another, or is gone.</exception>
    public static void CheckBase(string folder, AdapterManifest adapter, ModelConfig config, string run)
    {
        using var files = ModelFiles.Open(folder);
        files.CheckConfig(config, $"run '{run}'");
        string found = files.RememberedSha256();
        if (found != adapter.BaseSha256)
        {
            throw new ModelException(
                $"the weights in {folder} have SHA-256 {found}; the adapters of run '{run}' are trained on " +
                    $"{adapter.BaseSha256}: put that model back.");
        }
    }

    /// <summary>
    /// A matrix that is cast to be used would stay in the graph, so that all weights would be there once more in float32.
    /// </summary>
    private static void CheckMemory(RunSpec spec, ModelFiles files)
    {
        if (!spec.Units.Recompute
            && files.Layout.Slices.FirstOrDefault(slice => files.EntryOf(slice.Name).Dtype != SafetensorsDtype.F32)
                is { Name: { } narrow })
        {
            throw new ModelException(
                $"field units.recompute: value 'false': true where weights are {files.EntryOf(narrow).Dtype.Name()}, as those " +
                    $"of {files.Folder}: "
                + "without, gradients would take a float32 copy of all of them.");
        }
    }

    private static ITokenizer Framed(ITokenizer tokenizer, RunSpec spec) =>
        spec.Model.Template == Framing.Plain && tokenizer is BpeTokenizer bpe ? bpe.With(ChatTemplate.Plain) : tokenizer;
}
