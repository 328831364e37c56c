using Bgpo.Spec;
using Bgpo.Tasks.Arithmetic;
using Bgpo.Tasks.Code;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.External;
using Bgpo.Tasks.Forms;
using Bgpo.Tasks.Mathematics;
using Bgpo.Tasks.Mixtures;
using Bgpo.Tasks.Pyfunc;
using Bgpo.Tasks.Sudoku;

namespace Bgpo.Tasks;

/// <summary>Makes the task that a spec names.</summary>
public static class TaskRegistry
{
    private static readonly SortedDictionary<string, Func<TaskSection, TaskData, ITask>> Makers =
        new(StringComparer.Ordinal)
        {
            [CodeTask.TaskName] = static (spec, data) => new CodeTask(spec, data),
            [ArithmeticTask.TaskName] = static (spec, data) => new ArithmeticTask(Generated(spec), data.Evaluation),
            [MathTask.TaskName] = static (spec, data) => new MathTask(spec, data),
            [CommandTask.TaskName] = static (spec, data) => new CommandTask(spec, data),
            [HttpTask.TaskName] = static (spec, data) => new HttpTask(spec, data),
            [CountdownTask.TaskName] = static (spec, data) => TrainedOn(
                spec, data, CountdownData.Pose, new CountdownTask(spec, data.Evaluation?.Parse(CountdownData.Parse))),
            [NumbersTask.TaskName] = static (spec, data) => InForm(
                spec, new NumbersTask(Generated(spec), data.Evaluation?.Parse(NumbersTask.Parse)),
                static task => D1Form.OfCountdown(task, CountdownTask.WrongReward)),
            [NineSudokuTask.TaskName] = static (spec, data) =>
                new NineSudokuTask(Generated(spec), data.Evaluation?.Parse(NineSudokuTask.Parse)),
            [PyfuncTask.TaskName] = static (spec, _) => new PyfuncTask(Generated(spec)),
            [SudokuTask.TaskName] = static (spec, data) => InForm(
                spec,
                TrainedOn(spec, data, SudokuData.Pose, new SudokuTask(spec, data.Evaluation?.Parse(SudokuData.Parse))),
                D1Form.OfSudoku),
        };

    /// <summary>The names of all tasks, in alphabetical order.</summary>
    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>Makes the task, or the tasks of a mixture, with the data files that the spec names.</summary>
    /// <param name="spec">The spec's task section.</param>
    /// <exception cref="ArgumentException">The name is unknown, or the task's settings contradict each other.</exception>
    /// <exception cref="TaskDataException">A data file cannot be read or has a bad line.</exception>
    public static ITask Create(TaskSection spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        TaskData data = TaskData.Read(spec);
        try
        {
            return Create(spec, data);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Makes the task, or the tasks of a mixture, with data files that are open already.</summary>
    /// <param name="spec">The spec's task section.</param>
    /// <param name="data">The files; they are needed as long as the task is.</param>
    /// <exception cref="ArgumentException">The name is unknown, or the task's settings contradict each other.</exception>
    /// <exception cref="TaskDataException">A file has a bad line.</exception>
    public static ITask Create(TaskSection spec, TaskData data)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(data);
        ITask task = spec is RunTaskSection { Mixture.Count: > 0 } mixture
            ? new MixtureTask(mixture, data, Make)
            : Make(spec, data);
        data.Check();
        return task;
    }

    private static ITask Make(TaskSection spec, TaskData data) =>
        Makers.TryGetValue(spec.Name, out Func<TaskSection, TaskData, ITask>? make)
            ? make(spec, data)
            : throw new ArgumentException(
                $"There is no task '{spec.Name}'; set the spec's task name to one of: {string.Join(", ", Names)}.", nameof(spec));

    private static ITask InForm(TaskSection spec, ITask task, Func<ITask, ITask> d1) =>
        spec.Form == TaskForm.D1 ? d1(task) : task;

    /// <summary>The section of a task that makes its training problems itself.</summary>
    private static TaskSection Generated(TaskSection spec) => spec.Data.Count == 0 ? spec
        : throw new TaskDataException(
            spec.Data[0], $"{spec.Name} makes its training problems itself; leave task.data empty, or name a file in "
            + "task.evaluationData to evaluate on.");

    /// <summary>A task that makes its training problems itself, unless the spec names files of them.</summary>
    private static ITask TrainedOn(
        TaskSection spec, TaskData data, Func<DataRecord, FieldsSection, Prompt> pose, ITask task) =>
        spec.Data.Count == 0 ? task
            : new FileTrainedTask(task, new FileProblems(spec, data, record => pose(record, spec.Fields)));
}
