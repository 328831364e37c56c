using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Code;

/// <summary>
/// Programs in Python: the completion's program is run in a sandbox and judged by tests in another one. Problems come from data
/// files (<see cref="CodeData"/>).
/// </summary>
internal sealed class CodeTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "code";

    private readonly FileProblems _problems;
    private readonly ProgramScorer _scorer;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="data">Its files.</param>
    public CodeTask(TaskSection spec, TaskData data)
    {
        _problems = new FileProblems(spec, data, new CodeData(spec).Pose);
        _scorer = new ProgramScorer(spec);
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => _problems.Training(seed, step, index);

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise) =>
        throw new TaskDataException(Name, "has no answers to pretrain on; pretrain on another task.");

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) => _problems.HeldOut(count);

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        _scorer.ScoreAsync(prompt, completion, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) =>
        ProgramScorer.CheckAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _scorer.DisposeAsync();
}
