using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.External;

/// <summary>A task whose problems come from data files and whose answers are judged outside of this program.</summary>
internal abstract class ExternalTask : ITask
{
    private readonly FileProblems _problems;
    private readonly FieldName _prompt;
    private readonly FieldName _reference;
    private readonly FieldName _id;

    /// <summary>Takes the files.</summary>
    /// <param name="spec">The task's section.</param>
    /// <param name="data">Its files.</param>
    protected ExternalTask(TaskSection spec, TaskData data)
    {
        Name = spec.Name;
        _prompt = FieldName.Prompt(spec.Fields.Prompt, "prompt", "question", "problem");
        _reference = FieldName.Reference(spec.Fields.Reference, "reference", "answer", "solution");
        _id = FieldName.Of(spec.Fields.Id, "task.fields.id", "id");
        _problems = new FileProblems(spec, data, Pose);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => _problems.Training(seed, step, index);

    /// <summary>A training problem and its reference, as it stands.</summary>
    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        Prompt prompt = TrainingPrompt(seed, step, index);
        return new Example(prompt, prompt.Reference);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) => _problems.HeldOut(count);

    /// <inheritdoc/>
    public abstract ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public virtual ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>(null);

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private Prompt Pose(DataRecord record) => new(
        _id.Names.Count > 0 && record.TextOrNull(_id) is { } id ? id : record.Place, record.Text(_prompt),
        record.TextOrNull(_reference) ?? "");
}
