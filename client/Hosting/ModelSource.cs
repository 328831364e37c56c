using Bgpo.Model;
using Bgpo.Storage;
using Bgpo.Storage.Local;

namespace Bgpo.Client.Hosting;

/// <summary>Loads what <c>--model</c> names: a model folder, a run's folder (its newest checkpoint), or one checkpoint's manifest.</summary>
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
        catch (Exception e) when (e is ModelException or StorageException)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    private static async Task<ModelFolder> FromRun(string folder, int? version, CancellationToken cancellationToken)
    {
        var store = new RunStore(new LocalBlobStore(Path.GetDirectoryName(Path.GetFullPath(folder))!), Path.GetFileName(folder));
        CheckpointManifest manifest = (version is { } wanted
            ? await store.ReadManifestAsync(wanted, cancellationToken)
            : await store.LatestWholeCheckpointAsync(cancellationToken: cancellationToken))
            ?? throw new BadInputException($"the run in '{folder}' has no whole checkpoint.");
        var parameters = new float[manifest.ParameterCount];
        foreach (ShardEntry entry in manifest.Shards)
        {
            ShardState shard = await store.LoadShardAsync(entry, withMoments: false, cancellationToken);
            shard.Weights.CopyTo(parameters, (long)entry.Index * manifest.ShardSize);
        }
        return new ModelFolder(
            ModelConfig.Parse(manifest.ModelConfig, folder), ModelFolder.ParseTokenizer(manifest.Tokenizer, folder), parameters);
    }
}
