using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Grains.Steps;

/// <summary>
/// Evaluates a version on held-out problems, greedily and at the evaluation's temperature, over the live silos.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="spec">Its spec as it was started: evaluations are the same at every version.</param>
/// <param name="rollouts">Who samples and scores.</param>
/// <param name="shards">The run's shards, whose history a version is of.</param>
public sealed class Evaluator(RunContext run, RunSpec spec, Rollouts rollouts, ShardSet shards)
{
    /// <summary>Problems decoded together. Part of an evaluation's bits, so it is fixed.</summary>
    private const int ProblemsPerUnit = 32;

    /// <summary>Evaluates.</summary>
    /// <param name="version">Version of the weights.</param>
    /// <param name="count">Problems, or fewer when the held-out set has fewer.</param>
    /// <param name="progress">Told how many units of how many are done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<EvaluationSummary> Evaluate(
        int version, int count, Action<int, int> progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<Prompt> problems = run.Task.HeldOut(count);
        // Prompts that are decoded together must be equally long.
        List<(Prompt Prompt, int Index)[]> units =
        [
            .. problems.Select((prompt, index) => (Prompt: prompt, Index: index))
                .GroupBy(problem => run.Tokenizer.EncodePrompt(problem.Prompt.Text).Length)
                .OrderBy(group => group.Key)
                .SelectMany(group => group.Chunk(ProblemsPerUnit)),
        ];
        int done = 0;
        async Task<ScoreResult> Judged((Prompt Prompt, int Index)[] unit, double temperature)
        {
            ScoreResult result = await SampleAndScoreAsync(version, unit, temperature, cancellationToken);
            progress(++done, 2 * units.Count);
            return result;
        }
        Task<ScoreResult[]> greedy = Task.WhenAll(units.Select(unit => Judged(unit, 0)));
        Task<ScoreResult[]> sampled = Task.WhenAll(units.Select(unit => Judged(unit, spec.Evaluation.Temperature)));
        ScoreResult[] atZero = await greedy, atTemperature = await sampled;
        Judgement judged = Judgement.Of(atZero.SelectMany(ScoresOf));
        Judgement judgedSampled = Judgement.Of(atTemperature.SelectMany(ScoresOf));
        return new EvaluationSummary(judged.ExactShare, judgedSampled.ExactShare, judged.MeanReward, problems.Count)
        {
            MalformedShare = judged.MalformedShare,
            Failed = judged.Failed,
            FailedSampled = judgedSampled.Failed,
            Tasks = TasksOf([.. units.SelectMany(unit => unit).Select(problem => problem.Prompt.Task)], atZero, atTemperature),
        };
    }

    private static IEnumerable<(double Reward, bool Exact, Outcome Outcome)> ScoresOf(ScoreResult unit) =>
        unit.Rewards.Zip(unit.Exact, unit.Outcomes);

    /// <summary>The tasks of a mixture by themselves.</summary>
    /// <param name="labels">The task of each problem, in the order of the units.</param>
    /// <param name="atZero">The units' scores at temperature 0.</param>
    /// <param name="atTemperature">Those at the evaluation's temperature.</param>
    private static TaskEvaluation[]? TasksOf(string[] labels, ScoreResult[] atZero, ScoreResult[] atTemperature)
    {
        if (labels.All(label => label.Length == 0))
        {
            return null;
        }
        Judgement Of(ScoreResult[] units, string task) => Judgement.Of(
            units.SelectMany(ScoresOf).Zip(labels).Where(one => one.Second == task).Select(one => one.First));
        return
        [
            .. labels.Distinct().Order(StringComparer.Ordinal).Select(task =>
            {
                Judgement greedy = Of(atZero, task);
                return new TaskEvaluation(
                    task, greedy.ExactShare, Of(atTemperature, task).ExactShare, greedy.MeanReward, greedy.MalformedShare,
                    labels.Count(label => label == task));
            }),
        ];
    }

    private async Task<ScoreResult> SampleAndScoreAsync(
        int version, (Prompt Prompt, int Index)[] unit, double temperature, CancellationToken cancellationToken)
    {
        int steps = spec.Evaluation.DenoisingSteps > 0 ? spec.Evaluation.DenoisingSteps : spec.Rollout.DenoisingSteps;
        // The same noise at every version: differences between versions are then the weights' own.
        var request = new RolloutRequest(
            shards.History, version, Purpose.Evaluation, 0, [.. unit.Select(problem => (uint)problem.Index)],
            [.. unit.Select(problem => problem.Prompt.Text)], temperature, steps);
        var problems = new ScoreRequest(
            [.. unit.Select(problem => problem.Prompt.Id)], request.Prompts,
            [.. unit.Select(problem => problem.Prompt.Reference)], []);
        return (await rollouts.SampleAsync(request, problems, cancellationToken)).Score;
    }
}
