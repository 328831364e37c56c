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
/// <param name="grains">Where rollout grains are found.</param>
/// <param name="dispatcher">Who finds a silo.</param>
/// <param name="shards">The run's shards, whose history a version is of.</param>
public sealed class Evaluator(RunContext run, RunSpec spec, IGrainFactory grains, Dispatcher dispatcher, ShardSet shards)
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
            ScoreResult result = await dispatcher.Run(
                0, silo => SampleAndScore(silo, version, unit, temperature, cancellationToken), cancellationToken);
            progress(++done, 2 * units.Count);
            return result;
        }
        Task<ScoreResult[]> greedy = Task.WhenAll(units.Select(unit => Judged(unit, 0)));
        Task<ScoreResult[]> sampled = Task.WhenAll(units.Select(unit => Judged(unit, spec.Evaluation.Temperature)));
        ScoreResult[] atZero = await greedy;
        return new EvaluationSummary(
            ExactShare(atZero), ExactShare(await sampled), atZero.SelectMany(unit => unit.Rewards).Average(), problems.Count);
    }

    private static double ExactShare(ScoreResult[] units) =>
        units.SelectMany(unit => unit.Exact).Average(exact => exact ? 1.0 : 0.0);

    private async Task<ScoreResult> SampleAndScore(
        string silo, int version, (Prompt Prompt, int Index)[] unit, double temperature, CancellationToken cancellationToken)
    {
        int steps = spec.Evaluation.DenoisingSteps > 0 ? spec.Evaluation.DenoisingSteps : spec.Rollout.DenoisingSteps;
        // The same noise at every version: differences between versions are then the weights' own.
        var request = new RolloutRequest(
            shards.History, version, Purpose.Evaluation, 0, [.. unit.Select(problem => (uint)problem.Index)],
            [.. unit.Select(problem => problem.Prompt.Text)], temperature, steps);
        var problems = new ScoreRequest(
            [.. unit.Select(problem => problem.Prompt.Id)], request.Prompts,
            [.. unit.Select(problem => problem.Prompt.Reference)], []);
        return (await grains.GetGrain<IRolloutGrain>(SiloKey.Of(run.Key, silo)).Sample(request, problems, cancellationToken))
            .Score;
    }
}
