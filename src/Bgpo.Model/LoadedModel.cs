using Bgpo.Model.Adapters;
using Bgpo.Model.Files;
using Bgpo.Model.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// A model in memory, of which each device makes itself a network: all weights as float32, or frozen ones as they are kept.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    private readonly Func<Device, Transformer> _make;
    private readonly FrozenWeights? _frozen;

    private LoadedModel(ModelConfig config, ITokenizer tokenizer, string sha256, FrozenWeights? frozen,
        Func<Device, Transformer> make)
    {
        Config = config;
        Tokenizer = tokenizer;
        WeightsSha256 = sha256;
        _frozen = frozen;
        _make = make;
    }

    /// <summary>Shape of the network.</summary>
    public ModelConfig Config { get; }

    /// <summary>Text to tokens.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>
    /// Hash of the weights: <see cref="WeightsHash"/> of a flat vector, <see cref="ModelFiles.Sha256"/> of files.
    /// </summary>
    public string WeightsSha256 { get; }

    /// <summary>A model whose weights are one flat vector.</summary>
    /// <param name="model">The model.</param>
    public static LoadedModel Of(ModelFolder model) =>
        new(model.Config, model.Tokenizer, WeightsHash.Of(model.Parameters), null, device =>
    {
        var network = new Transformer(model.Config, device);
        FlatVector.Load(network, model.Parameters);
        return network;
    });

    /// <summary>A model folder whose weights stay in the type of its files, with adapters or without.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="lora">Adapters, or null.</param>
    /// <param name="adapters">Their matrices, in the order of their layout; null without.</param>
    /// <param name="trained">What the adapters were trained with, which the folder may have lost since; null: what the folder
    /// says.</param>
    /// <param name="device">Where the weights lie.</param>
    /// <exception cref="ModelException">The folder is bad, or makes another network.</exception>
    public static LoadedModel Open(
        string folder, LoraConfig? lora = null, float[]? adapters = null,
        (ModelConfig Config, ITokenizer Tokenizer)? trained = null, string device = "cpu")
    {
        using var files = ModelFiles.Open(folder);
        if (trained is { Config: var config })
        {
            files.CheckConfig(config, "the checkpoint");
        }
        FrozenWeights frozen = FrozenWeights.Load(files, torch.device(device));
        return new LoadedModel(files.Config, trained?.Tokenizer ?? files.Tokenizer, frozen.Sha256, frozen, _ =>
        {
            var network = new Transformer(frozen, lora);
            if (adapters is not null)
            {
                FlatVector.Load(network, adapters);
            }
            return network;
        });
    }

    /// <summary>A network of it; the caller's to free, before the model is.</summary>
    /// <param name="device">Where it lives; that of the weights, where they lie there already.</param>
    public Transformer NewNetwork(string device = "cpu") => _make(torch.device(device));

    /// <inheritdoc/>
    public void Dispose() => _frozen?.Dispose();
}
