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
        (double exact, double reward, double malformed, int failed) = Summarize(atZero);
        (double sampledExact, _, _, int failedSampled) = Summarize(atTemperature);
        return new EvaluationSummary(exact, sampledExact, reward, problems.Count)
        {
            MalformedShare = malformed,
            Failed = failed,
            FailedSampled = failedSampled,
        };
    }

    /// <summary>Means over what was judged; NaN where nothing was.</summary>
    private static (double Exact, double Reward, double Malformed, int Failed) Summarize(ScoreResult[] units)
    {
        (double Reward, bool Exact, Outcome Outcome)[] all =
            [.. units.SelectMany(unit => unit.Rewards.Zip(unit.Exact, unit.Outcomes))];
        (double Reward, bool Exact, Outcome Outcome)[] judged = [.. all.Where(one => one.Outcome != Outcome.Failed)];
        double Mean(Func<(double Reward, bool Exact, Outcome Outcome), double> of) =>
            judged.Length == 0 ? double.NaN : judged.Average(of);
        return (
            Mean(one => one.Exact ? 1 : 0), Mean(one => one.Reward), Mean(one => one.Outcome == Outcome.Malformed ? 1 : 0),
            all.Length - judged.Length);
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
