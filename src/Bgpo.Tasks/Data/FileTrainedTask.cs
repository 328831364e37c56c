namespace Bgpo.Tasks.Data;

/// <summary>
/// A task that makes problems itself, trained on those of files instead. Held-out problems and scores are its own.
/// </summary>
/// <param name="task">The task.</param>
/// <param name="problems">The problems.</param>
internal sealed class FileTrainedTask(ITask task, FileProblems problems) : ITask
{
    /// <inheritdoc/>
    public string Name => task.Name;

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => problems.Training(seed, step, index);

    /// <inheritdoc/>
    /// <exception cref="TaskDataException">Always: the files have problems and no worked answers.</exception>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise) =>
        throw new TaskDataException(
            problems.Name, $"pretraining of {Name} takes the problems that the task makes itself; leave task.data empty.");

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) => task.HeldOut(count);

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        task.ScoreAsync(prompt, completion, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) => task.CheckAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => task.DisposeAsync();
}
