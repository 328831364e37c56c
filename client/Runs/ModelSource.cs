using Bgpo.Model;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;



namespace Bgpo.Client.Runs;

/// <summary>Loads what <c>--model</c> names: a model folder, a run's folder (its newest checkpoint), one checkpoint's manifest, or
/// <c>STORE/RUN[@VERSION]</c> of a store that is no folder.</summary>
internal static class ModelSource
{
    private const string RunFile = "run.json";
    private const string CheckpointFolder = "checkpoints";

    /// <summary>Loads it.</summary>
    /// <param name="path">The path.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BadInputException">There is no model at the path.</exception>
    internal static async Task<ModelFolder> Load(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (!BlobStores.IsFolder(path))
            {
                return await FromUri(path, cancellationToken);
            }
            if (File.Exists(Path.Combine(path, RunFile)))
            {
                return await FromRun(path, null, cancellationToken);
            }
            string? parent = Path.GetDirectoryName(path);
            return File.Exists(path) && Path.GetFileName(parent) == CheckpointFolder
                && int.TryParse(Path.GetFileNameWithoutExtension(path), out int version)
                ? await FromRun(Path.GetDirectoryName(parent)!, version, cancellationToken)
                : ModelFolder.Load(path);
        }
        catch (Exception e) when (e is ModelException or StorageException or ArgumentException)
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
    internal static async Task<(ModelFolder Model, CheckpointManifest Manifest)> FromRun(
        RunStore store, int? version, CancellationToken cancellationToken)
    {
        CheckpointManifest manifest = await store.RequireCheckpointAsync(version, cancellationToken: cancellationToken);
        var parameters = new float[manifest.ParameterCount];
        await store.LoadShardsAsync(
            manifest, shard => shard.Weights.CopyTo(parameters, (long)shard.Index * manifest.ShardSize), withMoments: false, cancellationToken);
        string label = $"{store.RunId}@{manifest.Version}";
        return (new ModelFolder(
            ModelConfig.Parse(manifest.ModelConfig, label), ModelFolder.ParseTokenizer(manifest.Tokenizer, label), parameters), manifest);
    }

    private static async Task<ModelFolder> FromRun(string folder, int? version, CancellationToken cancellationToken)
    {
        IBlobStore blobs = BlobStores.Open(Path.GetDirectoryName(Path.GetFullPath(folder))!);
        return (await FromRun(new RunStore(blobs, Path.GetFileName(folder)), version, cancellationToken)).Model;
    }

    /// <summary>STORE/RUN or STORE/RUN@VERSION, where the store is not a folder.</summary>
    private static async Task<ModelFolder> FromUri(string uri, CancellationToken cancellationToken)
    {
        int cut = uri.TrimEnd('/').LastIndexOf('/');
        RunReference run = RunReference.Parse(uri.TrimEnd('/')[(cut + 1)..], "option --model");
        return (await FromRun(new RunStore(BlobStores.Open(uri[..cut]), run.Run), run.Version, cancellationToken)).Model;
    }
}
