using Bgpo.Spec;
using Bgpo.Tasks.Code;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Pyfunc;

/// <summary>
/// One line of Python from words: to <c>f(a,b): twice a plus b</c> belongs <c>return 2*a+b</c>. Whatever is written is run in a
/// sandbox, as for the task code, and tested by calls. Prompts are 50 characters, generated answers 23 at most.
/// </summary>
/// <remarks>The split goes by the function: about one in ten is held out, whatever the run's seed.</remarks>
internal sealed class PyfuncTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "pyfunc";

    private readonly ProgramScorer _scorer;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    public PyfuncTask(TaskSection spec)
    {
        if (spec.EvaluationData.Length > 0)
        {
            throw new TaskDataException(spec.EvaluationData, $"{TaskName} reads no data file; leave evaluationData empty.");
        }
        _scorer = new ProgramScorer(spec);
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => Draw(Streams.Training(seed, step, index), false).Pose(Name);

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise)
    {
        Noise.Check(answerNoise);
        PyfuncProblem problem = Draw(Streams.Pretraining(seed, step, index), false);
        return new Example(problem.Pose(Name), problem.Redrawn(Streams.AnswerNoise(seed, step, index), answerNoise).Answer);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) =>
        HeldOutProblems.Distinct(count, attempt => Draw(Streams.HeldOut(attempt), true).Pose(Name));

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
        _scorer.ScoreAsync(prompt, completion, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellationToken = default) =>
        ProgramScorer.CheckAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _scorer.DisposeAsync();

    private static PyfuncProblem Draw(Philox random, bool isHeldOut)
    {
        for (uint i = 0; ; i++)
        {
            PyfuncProblem problem = PyfuncProblem.Draw(random, i << 20);
            if (problem.IsHeldOut == isHeldOut)
            {
                return problem;
            }
        }
    }
}
