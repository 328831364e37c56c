using System.Text.Json.Nodes;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Tasks.Data;

namespace Bgpo.Grains.Runs;

/// <summary>The files from outside that a run depends on: known by their SHA-256, and kept with the run where they are
/// small.</summary>
internal static class RunFiles
{
    /// <summary>The evaluation data of a run: its own copy, else the file that it began with.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="record">Its record.</param>
    /// <param name="task">The task section of its spec.</param>
    /// <returns>The file; null where the task has none.</returns>
    /// <exception cref="RunException">There is no copy, and the file is another one now.</exception>
    /// <exception cref="TaskDataException">There is no copy, and the file cannot be read.</exception>
    /// <exception cref="CorruptBlobException">The copy is missing, cut or altered, and the file is not there as it
    /// was.</exception>
    internal static async Task<EvaluationFile?> ReadAsync(RunStore store, RunRecord record, TaskSection task)
    {
        if (record.EvaluationData is { IsKept: true } kept && task.EvaluationData.Length > 0)
        {
            try
            {
                return new EvaluationFile(task.EvaluationData, await store.ReadFileAsync(kept), isStream: kept.Path is null);
            }
            catch (CorruptBlobException) when (TryRead(kept.Path) is { } original && original.Sha256 == kept.Sha256)
            {
                return original;
            }
        }
        EvaluationFile? file = EvaluationFile.Read(task.EvaluationData);
        return file is null || record.EvaluationData is not { } known || file.Sha256 == known.Sha256
            ? file
            : throw Changed(record, known, file);
    }

    /// <summary>Refuses a run whose data file is there and is not what the run began with: whoever changed it expects it to be
    /// used.</summary>
    /// <param name="record">The run's record.</param>
    /// <exception cref="RunException">It is another one.</exception>
    internal static async Task CheckUnchangedAsync(RunRecord record)
    {
        if (record.EvaluationData is { Path: { } path } known
            && await Task.Run(() => TryRead(path)) is { } file && file.Sha256 != known.Sha256)
        {
            throw Changed(record, known, file);
        }
    }

    /// <summary>Keeps a run's evaluation data with it.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="file">The file; null: none.</param>
    /// <exception cref="TaskDataException">It cannot be kept, and is nowhere to be read again.</exception>
    internal static async Task<RunFile?> KeepAsync(RunStore store, EvaluationFile? file) => file switch
    {
        null => null,
        { IsStream: true, Content.Length: > RunStore.LargestCopy } => throw new TaskDataException(
            file.Path,
            $"a pipe of more than {RunStore.LargestCopy >> 20} MiB cannot be read again when the run goes on; name a file."),
        _ => await store.KeepFileAsync(file.IsStream ? null : Path.GetFullPath(file.Path), file.Content),
    };

    /// <summary>Keeps the file of a tokenizer that manifests only name.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="tokenizer">What the manifests say of it.</param>
    /// <param name="readable">The same, by the path where it can be read.</param>
    internal static async Task<RunFile?> KeepTokenizerAsync(RunStore store, string tokenizer, string readable) =>
        BpeTokenizer.IsReference(tokenizer)
            ? await store.KeepFileAsync(PathIn(tokenizer), await File.ReadAllBytesAsync(PathIn(readable)))
            : null;

    /// <summary>
    /// What a run's tokenizer is read by: what its manifests say, or that with the path of the run's copy where the file is gone.
    /// </summary>
    /// <param name="store">The run's store.</param>
    /// <param name="record">Its record.</param>
    /// <param name="tokenizer">What its manifests say.</param>
    /// <exception cref="CorruptBlobException">The copy is missing, cut or altered.</exception>
    internal static async Task<string> ReadableTokenizerAsync(RunStore store, RunRecord record, string tokenizer)
    {
        if (record.TokenizerFile is not { IsKept: true } kept || File.Exists(kept.Path))
        {
            return tokenizer;
        }
        ReadOnlyMemory<byte> content = await store.ReadFileAsync(kept);
        string folder = Path.Combine(CacheFolder(), "bgpo", "files", kept.Sha256);
        string path = Path.Combine(folder, ModelFolder.TokenizerFile);
        string partial = Path.Combine(folder, $"{Guid.NewGuid():N}.partial");
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(partial, content.ToArray());
        File.Move(partial, path, overwrite: true);
        JsonNode reference = JsonNode.Parse(tokenizer)!;
        reference["path"] = path;
        return reference.ToJsonString();
    }

    private static string CacheFolder() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    private static string PathIn(string tokenizer) => (string)JsonNode.Parse(tokenizer)!["path"]!;

    /// <summary>One that cannot be read here, as on another machine, tells nothing of what the run's copy is.</summary>
    private static EvaluationFile? TryRead(string? path)
    {
        try
        {
            return File.Exists(path) ? EvaluationFile.Read(path) : null;
        }
        catch (TaskDataException)
        {
            return null;
        }
    }

    private static RunException Changed(RunRecord record, RunFile known, EvaluationFile file) => new(
        $"{file.Path}: the evaluation data is not what run '{record.RunId}' began with "
        + $"(sha256 {Short(file.Sha256)}, then {Short(known.Sha256)}); "
        + (known.IsKept ? "put that back, or move this away, since the run keeps a copy; " : "put that back; ")
        + $"to train by this, fork: train --fork {record.RunId} --set task.evaluationData={file.Path}");

    private static string Short(string hash) => hash[..Math.Min(12, hash.Length)];
}
