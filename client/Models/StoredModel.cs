using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Tokenizers;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Models;

/// <summary>A checkpoint's model: all weights, or adapters over a base.</summary>
/// <param name="Manifest">The checkpoint.</param>
/// <param name="Config">Shape of the network.</param>
/// <param name="Tokenizer">Text to tokens.</param>
/// <param name="Parameters">What was trained.</param>
/// <param name="Base">Folder of the model that the run began with.</param>
internal sealed record StoredModel(
    CheckpointManifest Manifest, ModelConfig Config, ITokenizer Tokenizer, float[] Parameters, string Base)
{
    /// <summary>The model, where all weights were trained.</summary>
    internal ModelFolder Whole => new(Config, Tokenizer, Parameters);

    /// <summary>The adapters; null where all weights were trained.</summary>
    internal AdapterFolder? Adapters => Manifest.Adapter is { } adapter
        ? new LoraConfig(adapter.Rank, adapter.Alpha, adapter.Targets) is var lora
            ? new AdapterFolder(Base, lora, lora.LayoutFor(Config), Parameters) : null
        : null;

    /// <summary>Ready to make networks of.</summary>
    /// <param name="device">Where frozen weights are to lie.</param>
    /// <exception cref="ModelException">The base is gone, or is another now.</exception>
    internal LoadedModel Open(string device = "cpu")
    {
        if (Adapters is not { } adapters)
        {
            return LoadedModel.Of(Whole);
        }
        LoadedModel model = LoadedModel.Open(Base, adapters.Lora, adapters.Vector, (Config, Tokenizer), device);
        if (model.WeightsSha256 == Manifest.Adapter!.BaseSha256)
        {
            return model;
        }
        model.Dispose();
        throw new ModelException(
            $"the weights in {Base} have SHA-256 {model.WeightsSha256}; these adapters are trained on " +
                $"{Manifest.Adapter.BaseSha256}: put that model back.");
    }
}
