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
    /// <summary>The data files of a run: its own copies, else the files that it began with.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="record">Its record.</param>
    /// <param name="task">The task section of its spec.</param>
    /// <param name="shape">What the task needs to know of the run.</param>
    /// <exception cref="RunException">There is no copy of one, and the file is another one now.</exception>
    /// <exception cref="TaskDataException">There is no copy of one, and the file cannot be read.</exception>
    /// <exception cref="CorruptBlobException">A copy is missing, cut or altered, and the file is not there as it
    /// was.</exception>
    internal static Task<TaskData> ReadAsync(RunStore store, RunRecord record, TaskSection task, RunShape shape)
    {
        Dictionary<string, RunFile?> known = new(Known(record, task), StringComparer.Ordinal);
        return OpenAsync(task, shape, path => OpenAsync(store, record, path, known.GetValueOrDefault(path)));
    }

    /// <summary>
    /// The data files of a fork: its source's as that began with them, but for those that the fork names itself.
    /// </summary>
    /// <param name="source">The source's store.</param>
    /// <param name="record">Its record.</param>
    /// <param name="before">The task section of its spec.</param>
    /// <param name="task">That of the fork.</param>
    /// <param name="own">Fields that are the fork's own.</param>
    /// <param name="shape">What the task needs to know of the fork.</param>
    /// <exception cref="RunException">One is not what the source began with.</exception>
    /// <exception cref="TaskDataException">One cannot be read.</exception>
    internal static async Task<TaskData> ReadForkAsync(
        RunStore source, RunRecord record, RunTaskSection before, RunTaskSection task, string[]? own, RunShape shape)
    {
        Dictionary<string, RunFile?> known = new(
            Known(record, before).Where(file => own?.Any(field => Names(task, field, file.Key)) != true), StringComparer.Ordinal);
        await CheckUnchangedAsync(record, known.Keys);
        return await OpenAsync(task, shape, path => known.TryGetValue(path, out RunFile? file)
            ? OpenAsync(source, record, path, file)
            : Task.Run(() => DataFile.Read(path)));
    }

    /// <summary>
    /// Refuses a run of whose data files one is there and is not what the run began with: whoever changed it expects it to be
    /// used.
    /// </summary>
    /// <param name="record">The run's record.</param>
    /// <param name="paths">The files that count, as the spec has them; null: all.</param>
    /// <exception cref="RunException">It is another one.</exception>
    internal static async Task CheckUnchangedAsync(RunRecord record, IReadOnlyCollection<string>? paths = null)
    {
        foreach ((string path, RunFile? known) in Known(record, TaskOf(record)))
        {
            if (paths?.Contains(path) != false && known is { Path: { } original }
                && await Task.Run(() => HashOf(original)) is { } hash && hash != known.Sha256)
            {
                throw Changed(record, known, path, hash);
            }
        }
    }

    /// <summary>Keeps a run's data files with it.</summary>
    /// <param name="store">The run's store.</param>
    /// <param name="task">The task section of its spec.</param>
    /// <param name="data">The files.</param>
    /// <returns>The run's evaluation file, and the others in the order of <see cref="TaskData.Paths"/>; null where there are
    /// none.</returns>
    /// <exception cref="TaskDataException">One cannot be kept, and is nowhere to be read again.</exception>
    internal static async Task<(RunFile? Evaluation, IReadOnlyList<RunFile>? Others)> KeepAsync(
        RunStore store, TaskSection task, TaskData data)
    {
        RunFile? evaluation = null;
        List<RunFile> others = [];
        foreach (string path in TaskData.Paths(task))
        {
            RunFile kept = await KeepAsync(store, data.Files[path]);
            if (path == task.EvaluationData)
            {
                evaluation = kept;
            }
            else
            {
                others.Add(kept);
            }
        }
        return (evaluation, others.Count > 0 ? others : null);
    }

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

    private static async Task<TaskData> OpenAsync(TaskSection task, RunShape shape, Func<string, Task<DataFile>> open)
    {
        Dictionary<string, DataFile> files = new(StringComparer.Ordinal);
        try
        {
            foreach (string path in TaskData.Paths(task))
            {
                files.Add(path, await open(path));
            }
        }
        catch
        {
            foreach (DataFile file in files.Values)
            {
                file.Dispose();
            }
            throw;
        }
        return TaskData.Of(task, files, shape);
    }

    private static async Task<DataFile> OpenAsync(RunStore store, RunRecord record, string path, RunFile? known)
    {
        if (known is { IsKept: true })
        {
            try
            {
                return DataFile.Of(path, await store.ReadFileAsync(known), isStream: known.Path is null);
            }
            catch (CorruptBlobException) when (HashOf(known.Path) == known.Sha256)
            {
                return DataFile.Read(known.Path!);
            }
        }
        DataFile file = await Task.Run(() => DataFile.Read(path));
        if (known is null || file.Sha256 == known.Sha256)
        {
            return file;
        }
        using (file)
        {
            throw Changed(record, known, path, file.Sha256);
        }
    }

    private static async Task<RunFile> KeepAsync(RunStore store, DataFile file)
    {
        string? path = file.IsStream ? null : Path.GetFullPath(file.Path);
        if (file.Bytes <= RunStore.LargestCopy)
        {
            return await store.KeepFileAsync(path, file.Content());
        }
        return path is not null ? new RunFile(file.Sha256, file.Bytes, IsKept: false, path)
            : throw new TaskDataException(
                file.Path,
                $"a pipe of more than {RunStore.LargestCopy >> 20} MiB cannot be read again when the run goes on; name a file.");
    }

    /// <summary>What a run's record says of each file that its spec names.</summary>
    private static IEnumerable<KeyValuePair<string, RunFile?>> Known(RunRecord record, TaskSection task)
    {
        int next = 0;
        foreach (string path in TaskData.Paths(task))
        {
            RunFile? file = path == task.EvaluationData ? record.EvaluationData : record.DataFiles?.ElementAtOrDefault(next++);
            yield return KeyValuePair.Create(path, file);
        }
    }

    private static RunTaskSection TaskOf(RunRecord record) =>
        SpecLoader.Load<RunSpec>(record.Spec, $"run.json of {record.RunId}", []).Task;

    /// <summary>Whether a field that the fork was given names a file.</summary>
    private static bool Names(RunTaskSection task, string field, string path) =>
        (field == "task.evaluationData" && path == task.EvaluationData)
        || (IsOrIsIn(field, "task.data") && task.Data.Contains(path))
        || (IsOrIsIn(field, "task.mixture") && task.Mixture.Any(part => TaskData.Paths(part).Contains(path)));

    private static bool IsOrIsIn(string field, string section) =>
        field == section || field.StartsWith(section + '.', StringComparison.Ordinal);

    /// <summary>One that cannot be read here, as on another machine, tells nothing of what the run's copy is.</summary>
    private static string? HashOf(string? path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }
            using DataFile file = DataFile.Read(path);
            return file.Sha256;
        }
        catch (TaskDataException)
        {
            return null;
        }
    }

    private static RunException Changed(RunRecord record, RunFile known, string path, string hash)
    {
        string field = FieldOf(TaskOf(record), path);
        return new RunException(
            $"{path}: the {(field == "evaluationData" ? "evaluation " : "")}data is not what run '{record.RunId}' began with "
            + $"(sha256 {Short(hash)}, then {Short(known.Sha256)}); "
            + (known.IsKept ? "put that back, or move this away, since the run keeps a copy; " : "put that back; ")
            + $"to train by this, fork: train --fork {record.RunId} --set task.{field}={path}");
    }

    /// <summary>The field of a task section that names a file.</summary>
    private static string FieldOf(TaskSection task, string path)
    {
        if (task.EvaluationData == path)
        {
            return "evaluationData";
        }
        int place = task.Data.ToList().IndexOf(path);
        if (place >= 0)
        {
            return task.Data.Count == 1 ? "data" : $"data.{place}";
        }
        IReadOnlyList<MixtureSection> parts = task is RunTaskSection { Mixture: var mixture } ? mixture : [];
        int part = parts.ToList().FindIndex(one => TaskData.Paths(one).Contains(path));
        return part < 0 ? "data" : $"mixture.{part}.{FieldOf(parts[part], path)}";
    }

    private static string Short(string hash) => hash[..Math.Min(12, hash.Length)];
}
