using Bgpo.Spec;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Sudoku;

namespace Bgpo.Tasks;

/// <summary>Makes the task that a spec names.</summary>
public static class TaskRegistry
{
    private static readonly SortedDictionary<string, Func<TaskSection, EvaluationFile?, ITask>> Makers =
        new(StringComparer.Ordinal)
        {
            [CountdownTask.TaskName] = static (spec, data) => new CountdownTask(spec, data?.Parse(CountdownData.Parse)),
            [SudokuTask.TaskName] = static (spec, data) => new SudokuTask(spec, data?.Parse(SudokuData.Parse)),
        };

    /// <summary>The names of all tasks, in alphabetical order.</summary>
    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>Makes the task; reads the whole of the evaluation data file where the spec names one.</summary>
    /// <param name="spec">The spec's task section.</param>
    /// <exception cref="ArgumentException">The name is unknown, or the task's settings contradict each other.</exception>
    /// <exception cref="TaskDataException">The evaluation data file cannot be read or has a bad line.</exception>
    public static ITask Create(TaskSection spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return Create(spec, EvaluationFile.Read(spec.EvaluationData));
    }

    /// <summary>Makes the task with an evaluation data file that is read already.</summary>
    /// <param name="spec">The spec's task section.</param>
    /// <param name="data">The file; null where the spec names none.</param>
    /// <exception cref="ArgumentException">The name is unknown, or the task's settings contradict each other.</exception>
    /// <exception cref="TaskDataException">The file has a bad line.</exception>
    public static ITask Create(TaskSection spec, EvaluationFile? data)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (!Makers.TryGetValue(spec.Name, out Func<TaskSection, EvaluationFile?, ITask>? make))
        {
            throw new ArgumentException(
                $"There is no task '{spec.Name}'; set the spec's task name to one of: {string.Join(", ", Names)}.", nameof(spec));
        }
        return make(spec, data);
    }
}
