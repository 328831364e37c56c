namespace Bgpo.Tasks;

/// <summary>One problem posed to the model.</summary>
/// <param name="Id">Names the problem in journals and reports; the same problem has the same id everywhere.</param>
/// <param name="Text">What the model reads.</param>
/// <param name="Reference">What scoring needs besides the text (a solution, a test program); empty when the text says it
/// all.</param>
public sealed record Prompt(string Id, string Text, string Reference = "")
{
    /// <summary>In a mixture the label of the task that the problem is of; else empty.</summary>
    public string Task { get; init; } = "";
}

/// <summary>A prompt and an answer to learn from in pretraining.</summary>
/// <param name="Prompt">The problem.</param>
/// <param name="Answer">The answer's text, without end-of-sequence padding.</param>
public sealed record Example(Prompt Prompt, string Answer);

/// <summary>
/// A source of problems and a judge of answers. Problems and scores are pure functions of the arguments and the spec, but for
/// <see cref="Outcome.Failed"/>. Whoever made a task disposes of it: on a silo, when the run is let go of.
/// </summary>
public interface ITask : IAsyncDisposable
{
    /// <summary>The name by which specs ask for the task.</summary>
    string Name { get; }

    /// <summary>The training problem at a place of the run's dataset order.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step that samples the batch.</param>
    /// <param name="index">Place in the batch, from 0.</param>
    Prompt TrainingPrompt(ulong seed, int step, int index);

    /// <summary>A problem with an answer for pretraining, from the training split only.</summary>
    /// <param name="seed">The pretraining seed.</param>
    /// <param name="step">The optimizer step.</param>
    /// <param name="index">Place in the batch, from 0.</param>
    /// <param name="answerNoise">Probability that a part of the answer which the prompt does not give is redrawn at
    /// random.</param>
    Example TrainingExample(ulong seed, int step, int index, double answerNoise);

    /// <summary>
    /// Held-out problems: the first <paramref name="count"/> of an order fixed by the spec alone. No training problem shares a
    /// solution with them (Sudoku: the solved grid; Countdown: the set of numbers).
    /// </summary>
    /// <param name="count">How many; fewer come back when the data file holds fewer, or the settings allow no more.</param>
    IReadOnlyList<Prompt> HeldOut(int count);

    /// <summary>Judges a completion. Many calls may be under way at the same time.</summary>
    /// <param name="prompt">The problem.</param>
    /// <param name="completion">The model's text up to the first end-of-sequence token; any text at all.</param>
    /// <param name="cancellationToken">Gives the scoring up.</param>
    /// <returns>
    /// The score. What a completion does wrong, its own time-out or crash included, never makes the outcome
    /// <see cref="Outcome.Failed"/>, and never throws.
    /// </returns>
    /// <exception cref="ArgumentException">The prompt is not one of this task's.</exception>
    ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default);

    /// <summary>Checks whether this machine can score: before a run starts, and on each silo that scores for it.</summary>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>Why it cannot and what to do, in one line; null where it can.</returns>
    ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(null);

    /// <inheritdoc/>
    ValueTask IAsyncDisposable.DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
