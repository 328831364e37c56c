using Bgpo.Spec;

namespace Bgpo.Tasks.Data;

/// <summary>
/// The data files of a task, or of each task of a mixture, and what was noticed in them. Files that are not disposed of are
/// closed once nobody has them any more.
/// </summary>
public sealed class TaskData : IDisposable
{
    private readonly List<string> _notices = [];
    private readonly List<FileProblems> _problems = [];

    private TaskData(TaskSection spec, IReadOnlyDictionary<string, DataFile> files, RunShape? shape, TrainingPlace? place)
    {
        (Files, Shape) = (files, shape);
        Place = place ?? TrainingPlaces.Of(shape);
        Training = [.. spec.Data.Select(path => files[path])];
        Evaluation = spec.EvaluationData.Length == 0 ? null : files[spec.EvaluationData];
    }

    /// <summary>All files by the path that the spec has.</summary>
    public IReadOnlyDictionary<string, DataFile> Files { get; }

    /// <summary>The training files, in the spec's order; none where the task makes its problems itself.</summary>
    public IReadOnlyList<DataFile> Training { get; }

    /// <summary>The evaluation file; null where there is none.</summary>
    public DataFile? Evaluation { get; }

    /// <summary>What was left out or stands in two files, a line each.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>The run that it is for; null where there is none.</summary>
    internal RunShape? Shape { get; }

    /// <summary>The order of the task's prompts.</summary>
    internal TrainingPlace Place { get; }

    /// <summary>The files that a spec names, in its order, each once.</summary>
    /// <param name="spec">The task section.</param>
    public static IReadOnlyList<string> Paths(TaskSection spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        IEnumerable<string> inner = spec is RunTaskSection { Mixture: { Count: > 0 } parts } ? parts.SelectMany(Paths) : [];
        return [.. spec.Data.Append(spec.EvaluationData).Concat(inner).Where(path => path.Length > 0)
            .Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Opens the files that a spec names.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="shape">The run that it is for; null: none.</param>
    /// <exception cref="TaskDataException">One cannot be read.</exception>
    public static TaskData Read(TaskSection spec, RunShape? shape = null)
    {
        Dictionary<string, DataFile> files = new(StringComparer.Ordinal);
        try
        {
            foreach (string path in Paths(spec))
            {
                files.Add(path, DataFile.Read(path));
            }
        }
        catch
        {
            Close(files);
            throw;
        }
        return Of(spec, files, shape);
    }

    /// <summary>Takes files that are open.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="files">The files by the path that the spec has; disposed of with this.</param>
    /// <param name="shape">The run that it is for; null: none.</param>
    public static TaskData Of(TaskSection spec, IReadOnlyDictionary<string, DataFile> files, RunShape? shape = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new TaskData(spec, files, shape, place: null);
    }

    /// <inheritdoc/>
    public void Dispose() => Close(Files);

    /// <summary>The files of one task of a mixture, which are disposed of with these.</summary>
    /// <param name="part">Its section.</param>
    /// <param name="place">The order of its prompts.</param>
    internal TaskData Part(TaskSection part, TrainingPlace place) => new(part, Files, Shape, place);

    /// <summary>Notes problems that are to be checked when all are there.</summary>
    /// <param name="problems">The problems.</param>
    internal void Add(FileProblems problems) => _problems.Add(problems);

    /// <summary>Takes over what the tasks of a mixture have noted.</summary>
    /// <param name="part">One of them.</param>
    internal void Add(TaskData part) => _problems.AddRange(part._problems);

    /// <summary>Reads all problems once: each is one, fits, and is not in an evaluation file as well.</summary>
    /// <exception cref="TaskDataException">One is bad, or refused as the spec says.</exception>
    internal void Check()
    {
        var seen = new EvaluationTexts();
        foreach (FileProblems problems in _problems)
        {
            problems.CheckEvaluation(seen, _notices);
        }
        foreach (FileProblems problems in _problems)
        {
            problems.CheckTraining(seen, _notices);
        }
    }

    private static void Close(IReadOnlyDictionary<string, DataFile> files)
    {
        foreach (DataFile file in files.Values)
        {
            file.Dispose();
        }
    }
}
