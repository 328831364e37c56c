using Bgpo.Spec;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Sudoku;



namespace Bgpo.Tasks;

/// <summary>Makes the task that a spec names.</summary>
public static class TaskRegistry
{
    private static readonly SortedDictionary<string, Func<TaskSection, ITask>> Makers = new(StringComparer.Ordinal)
    {
        [CountdownTask.TaskName] = spec => new CountdownTask(spec),
        [SudokuTask.TaskName] = spec => new SudokuTask(spec),
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
        if (!Makers.TryGetValue(spec.Name, out Func<TaskSection, ITask>? make))
        {
            throw new ArgumentException(
                $"There is no task '{spec.Name}'; set the spec's task name to one of: {string.Join(", ", Names)}.", nameof(spec));
        }
        return make(spec);
    }
}
