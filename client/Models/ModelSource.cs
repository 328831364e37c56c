using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Models;

/// <summary>Loads what <c>--model</c> names: a model folder, a run's folder (its newest checkpoint), one checkpoint's manifest,
/// or
/// <c>STORE/RUN[@VERSION]</c> of a store that is no folder.</summary>
internal static class ModelSource
{
    private const string RunFile = "run.json";
    private const string CheckpointFolder = "checkpoints";

    /// <summary>Loads it. Weights of a folder with a tokenizer of Hugging Face's kind stay in the type of its files.</summary>
    /// <param name="path">The path.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="device">Where frozen weights are to lie, <c>cuda:0</c>.</param>
    /// <exception cref="BadInputException">There is no model at the path.</exception>
    internal static async Task<LoadedModel> Open(string path, CancellationToken cancellationToken, string device = "cpu")
    {
        try
        {
            if (!BlobStores.IsFolder(path))
            {
                return (await FromUri(path, cancellationToken)).Open(device);
            }
            if (File.Exists(Path.Combine(path, RunFile)))
            {
                return (await FromRun(path, null, cancellationToken)).Open(device);
            }
            string? parent = Path.GetDirectoryName(path);
            if (File.Exists(path) && Path.GetFileName(parent) == CheckpointFolder
                && int.TryParse(Path.GetFileNameWithoutExtension(path), out int version))
            {
                return (await FromRun(Path.GetDirectoryName(parent)!, version, cancellationToken)).Open(device);
            }
            if (AdapterFolder.IsOne(path))
            {
                var adapters = AdapterFolder.Load(path);
                return LoadedModel.Open(adapters.Base, adapters.Lora, adapters.Vector, device: device);
            }
            return File.Exists(Path.Combine(path, ModelFolder.TokenizerFile)) && ModelFolder.HasHuggingFacesTokenizer(path)
                ? LoadedModel.Open(path, device: device)
                : LoadedModel.Of(ModelFolder.Load(path));
        }
        catch (Exception e) when (e is ModelException or StorageException or ArgumentException or SpecException)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    /// <summary>Loads a checkpoint's weights.</summary>
    /// <param name="store">The run.</param>
    /// <param name="version">The version; null for the newest whole one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageException">There is no such checkpoint, or it is not whole.</exception>
    /// <exception cref="ModelException">It is of a model that this version does not know.</exception>
    internal static async Task<StoredModel> FromRun(RunStore store, int? version, CancellationToken cancellationToken)
    {
        CheckpointManifest manifest = await store.RequireCheckpointAsync(version, cancellationToken: cancellationToken);
        var parameters = new float[manifest.ParameterCount];
        await store.LoadShardsAsync(
            manifest, shard => shard.Weights.CopyTo(parameters, (long)shard.Index * manifest.ShardSize), withMoments: false,
            cancellationToken);
        (ModelConfig config, ITokenizer tokenizer) =
            ModelFolder.ParseTexts(manifest.ModelConfig, manifest.Tokenizer, $"{store.RunId}@{manifest.Version}");
        string folder = manifest.Adapter is null ? "" : await BaseOf(store, cancellationToken);
        return new StoredModel(manifest, config, tokenizer, parameters, folder);
    }

    /// <summary>The folder of the model that a run's adapters are over.</summary>
    private static async Task<string> BaseOf(RunStore store, CancellationToken cancellationToken)
    {
        StoredRun run = await store.ReadAsync(cancellationToken)
            ?? throw new StorageException($"there is no run '{store.RunId}' in {store.Blobs.Location}.");
        return SpecLoader.Load<RunSpec>(run.Record.Spec, $"run.json of {store.RunId}", []).Model.Path;
    }

    private static async Task<StoredModel> FromRun(string folder, int? version, CancellationToken cancellationToken)
    {
        IBlobStore blobs = BlobStores.Open(Path.GetDirectoryName(Path.GetFullPath(folder))!);
        return await FromRun(new RunStore(blobs, Path.GetFileName(folder)), version, cancellationToken);
    }

    /// <summary>STORE/RUN or STORE/RUN@VERSION, where the store is not a folder.</summary>
    private static async Task<StoredModel> FromUri(string uri, CancellationToken cancellationToken)
    {
        int cut = uri.TrimEnd('/').LastIndexOf('/');
        RunReference run = RunReference.Parse(uri.TrimEnd('/')[(cut + 1)..], "option --model");
        return await FromRun(new RunStore(BlobStores.Open(uri[..cut]), run.Run), run.Version, cancellationToken);
    }
}
