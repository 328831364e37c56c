using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Mixtures;

/// <summary>
/// Several tasks in one run, by weights. A problem's id begins with its task's label and a slash; by that its answers go to the
/// task that judges them. Held-out problems are taken from the tasks in turn.
/// </summary>
internal sealed class MixtureTask : ITask
{
    private readonly MixtureDraw _draw;
    private readonly (string Label, ITask Task)[] _parts;

    /// <summary>Makes the tasks.</summary>
    /// <param name="spec">The run's task section, with a mixture.</param>
    /// <param name="data">The files of all.</param>
    /// <param name="make">Makes one of them.</param>
    public MixtureTask(RunTaskSection spec, TaskData data, Func<TaskSection, TaskData, ITask> make)
    {
        _draw = new MixtureDraw([.. spec.Mixture.Select(part => part.Weight)], data.Shape);
        _parts = [.. spec.Mixture.Select((part, i) =>
        {
            TaskData files = data.Part(part, _draw.PlacesOf(i));
            ITask task = make(part, files);
            data.Add(files);
            return (part.Called, task);
        })];
    }

    /// <inheritdoc/>
    public string Name => string.Join('+', _parts.Select(part => part.Label));

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index)
    {
        (string label, ITask task) = _parts[_draw.PartOf(seed, step, index)];
        return Of(label, task.TrainingPrompt(seed, step, index));
    }

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        (string label, ITask task) = _parts[_draw.PartOf(seed, step, index)];
        Example example = task.TrainingExample(seed, step, index, answerNoise);
        return example with { Prompt = Of(label, example.Prompt) };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Prompt[][] all = [.. _parts.Select(part => part.Task.HeldOut(count).Select(prompt => Of(part.Label, prompt)).ToArray())];
        return
        [
            .. Enumerable.Range(0, all.Max(part => part.Length))
                .SelectMany(i => all.Where(part => i < part.Length).Select(part => part[i]))
                .Take(count),
        ];
    }

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int slash = prompt.Id.IndexOf('/', StringComparison.Ordinal);
        foreach ((string label, ITask task) in _parts)
        {
            if (slash == label.Length && prompt.Id.StartsWith(label, StringComparison.Ordinal))
            {
                return task.ScoreAsync(prompt with { Id = prompt.Id[(slash + 1)..], Task = "" }, completion, cancellationToken);
            }
        }
        throw new ArgumentException(
            $"The prompt '{prompt.Id}' is of none of the tasks {Name}; expected an id such as {_parts[0].Label}/….",
            nameof(prompt));
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default)
    {
        foreach ((_, ITask task) in _parts)
        {
            if (await task.CheckAsync(cancellationToken).ConfigureAwait(false) is { } reason)
            {
                return reason;
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach ((_, ITask task) in _parts)
        {
            await task.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Prompt Of(string label, Prompt prompt) => prompt with { Id = $"{label}/{prompt.Id}", Task = label };
}
