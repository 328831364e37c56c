using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Mathematics;

/// <summary>
/// Mathematics from data files: GSM8K's fields (question, answer with #### 18) and MATH's (problem, solution with \boxed{})
/// as they are, or any others that <c>task.fields</c> names. The reward is 1 where the completion's answer
/// (<see cref="MathAnswer"/>) equals the reference's (<see cref="MathEquality"/>), else 0; <c>task.math.format</c> adds shares
/// for the form. A completion without an answer is malformed.
/// </summary>
internal sealed class MathTask : ITask
{
    /// <summary>The name by which specs ask for the task.</summary>
    public const string TaskName = "math";

    private readonly TaskSection _spec;
    private readonly FieldName _question;
    private readonly FieldName _solution;
    private readonly FileProblems _problems;

    /// <summary>Makes the task.</summary>
    /// <param name="spec">The task section.</param>
    /// <param name="data">Its files; they are needed as long as the task is.</param>
    public MathTask(TaskSection spec, TaskData data)
    {
        _spec = spec;
        _question = FieldName.Prompt(spec.Fields.Prompt, "question", "problem", "prompt");
        // MATH-500 has both: there the answer is what the solution has in its box.
        _solution = FieldName.Reference(spec.Fields.Reference, "answer", "solution");
        _problems = new FileProblems(spec, data, Pose);
    }

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <inheritdoc/>
    public Prompt TrainingPrompt(ulong seed, int step, int index) => _problems.Training(seed, step, index);

    /// <inheritdoc/>
    public Example TrainingExample(ulong seed, int step, int index, double answerNoise) =>
        throw new TaskDataException(Name, "the task has no answers to pretrain on; pretrain on task arithmetic.");

    /// <inheritdoc/>
    public IReadOnlyList<Prompt> HeldOut(int count) => _problems.HeldOut(count);

    /// <inheritdoc/>
    public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        string? answer = MathAnswer.Find(completion);
        bool isRight = answer is not null && MathEquality.AreEqual(answer, prompt.Reference);
        double reward = MathShares.Reward(_spec.Math.Format, completion, isRight);
        return ValueTask.FromResult(
            answer is null ? Score.Malformed(@"no closed \boxed{}, <answer>, #### or 'the answer is'", reward)
            : Score.Scored(reward, isRight, isRight ? "" : $"'{Head(answer)}' is not '{Head(prompt.Reference)}'"));
    }

    private static string Head(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private Prompt Pose(DataRecord record)
    {
        string reference = MathAnswer.OfReference(record.Text(_solution))
            ?? throw record.Error(@"a reference with an answer: '#### 18', \boxed{18} or 18 alone");
        return new Prompt(record.Id(_spec.Fields.Id), MathPrompts.Fill(_spec.Math.Prompt, record.Text(_question)), reference);
    }
}
