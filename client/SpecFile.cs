using System.Text;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;

namespace Bgpo.Client;

/// <summary>Reads specs from files and finds the files that they name.</summary>
internal static class SpecFile
{
    /// <summary>No spec comes near this; what does is the wrong file.</summary>
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads a spec.</summary>
    /// <param name="path">The file, relative to the working directory.</param>
    /// <param name="paths">Where that is; errors show the path as the user would write it.</param>
    /// <param name="overrides">Assignments <c>a.b=c</c>.</param>
    /// <param name="expected">What the file should hold, for the error of one that is empty.</param>
    /// <exception cref="BadInputException">The file cannot be read.</exception>
    /// <exception cref="SpecException">It or an override is wrong.</exception>
    internal static T Load<T>(
        string path, ProjectPaths paths, IEnumerable<string> overrides, string expected = SpecLoader.RunSpecFields)
        where T : class, new()
    {
        var full = paths.Full(path);
        var shown = paths.Shown(path);
        return SpecLoader.Load<T>(Read(full, shown), shown, overrides, expected);
    }

    /// <summary>The spec with full paths in place of those that are looked up, so that a run goes on from any folder.</summary>
    /// <exception cref="BadInputException">A file or folder that the spec names is not there.</exception>
    internal static RunSpec WithFullPaths(this RunSpec spec, ProjectPaths paths) => spec with
    {
        Model = spec.Model with { Path = ModelFolder(spec.Model.Path, "field model.path", paths) },
        Task = spec.Task.WithFullPaths(paths, "field task."),
    };

    /// <summary>The task section with full paths to the folders that its programs are started in.</summary>
    internal static T WithProgramPaths<T>(this T task, ProjectPaths paths)
        where T : TaskSection => task.Command.Run.Length == 0 ? task : (T)(task with
        {
            Command = task.Command with
            {
                Folder = task.Command.Folder.Length == 0 ? paths.WorkingFolder
                    : paths.Find(task.Command.Folder) ?? paths.Full(task.Command.Folder),
            },
        });

    /// <summary>The task section of a run with full paths to its data.</summary>
    /// <param name="task">The section.</param>
    /// <param name="paths">Where to look.</param>
    /// <param name="given">Where the section was given, for the error: what comes before a field's name.</param>
    /// <param name="isOwn">Whether a field's files are looked up, by the field's name; null: all are.</param>
    /// <exception cref="BadInputException">A data file is not there.</exception>
    internal static RunTaskSection WithFullPaths(
        this RunTaskSection task, ProjectPaths paths, string given, Func<string, bool>? isOwn = null) =>
        WithFullPaths<RunTaskSection>(task, paths, given, isOwn) with
        {
            Mixture =
            [
                .. task.Mixture.Select((part, i) => WithFullPaths(
                    part, paths, $"{given}mixture.{i}.", isOwn is null ? null : field => isOwn($"mixture.{i}.{field}"))),
            ],
        };

    /// <summary>The task section with full paths to its data.</summary>
    /// <param name="task">The section.</param>
    /// <param name="paths">Where to look.</param>
    /// <param name="given">Where it was given, for the error: what comes before a field's name.</param>
    /// <param name="isOwn">Whether a field's files are looked up, by the field's name; null: all are.</param>
    /// <exception cref="BadInputException">A data file is not there.</exception>
    internal static T WithFullPaths<T>(
        this T task, ProjectPaths paths, string given, Func<string, bool>? isOwn = null)
        where T : TaskSection
    {
        string Full(string path, string field) =>
            path.Length == 0 || isOwn?.Invoke(field) == false ? path : DataFile(path, given + field, paths);
        return (T)(task.WithProgramPaths(paths) with
        {
            EvaluationData = Full(task.EvaluationData, "evaluationData"),
            Data = [.. task.Data.Select(path => Full(path, "data"))],
        });
    }

    /// <summary>The full path of a data file.</summary>
    /// <param name="path">As given.</param>
    /// <param name="given">Where it was given, for the error.</param>
    /// <param name="paths">Where to look.</param>
    /// <exception cref="BadInputException">There is no such file.</exception>
    internal static string DataFile(string path, string given, ProjectPaths paths) =>
        paths.Find(path) is { } file && File.Exists(file) ? file
            : throw new BadInputException($"{given}: value '{path}': no such file{Looked(paths)}");

    /// <summary>The full path of a model folder.</summary>
    /// <param name="path">As given.</param>
    /// <param name="given">Where it was given, for the error.</param>
    /// <param name="paths">Where to look.</param>
    /// <exception cref="BadInputException">There is no such folder, or it has no config.json.</exception>
    internal static string ModelFolder(string path, string given, ProjectPaths paths)
    {
        var folder = Existing(path, given, paths);
        if (!Directory.Exists(folder))
        {
            throw new BadInputException(
                $"{given}: value '{path}': a file; expected a folder with config.json, tokenizer.json and model.safetensors");
        }

        return File.Exists(Path.Combine(folder, "config.json"))
            ? folder
            : throw new BadInputException(
                $"{given}: value '{path}': no config.json there; expected a folder with config.json, tokenizer.json and " +
                    "model.safetensors");
    }

    /// <summary>The full path of a model folder or checkpoint.</summary>
    /// <param name="path">As given.</param>
    /// <param name="given">Where it was given, for the error.</param>
    /// <param name="paths">Where to look.</param>
    /// <exception cref="BadInputException">There is nothing of that name.</exception>
    internal static string Existing(string path, string given, ProjectPaths paths) =>
        !BlobStores.IsFolder(path) ? path : paths.Find(path)
        ?? throw new BadInputException(
            $"{given}: value '{path}': no such folder{Looked(paths)}; {paths.CommandLine("pretrain")} makes one");

    private static string Looked(ProjectPaths paths) =>
        paths.Home is null || paths.Home == paths.WorkingFolder ? "" : $", neither here nor in {paths.Home}";

    private static string Read(string path, string shown)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new BadInputException($"{shown}: a folder; expected a YAML file");
            }

            if (!File.Exists(path))
            {
                throw new BadInputException($"{shown}: no such file; the specs in configs/ work as they are");
            }

            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new BadInputException($"{shown}: larger than {MaxBytes} bytes; this is not a spec");
            }

            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new BadInputException($"{shown}: not UTF-8 text; expected a YAML file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{shown}: cannot be read: {e.Message}", e);
        }
    }
}
