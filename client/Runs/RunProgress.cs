using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Grains.Runs;

namespace Bgpo.Client.Runs;

/// <summary>How far a run has come, by the newest steps in its store.</summary>
/// <param name="Version">Version of the newest one.</param>
/// <param name="MeanReward">Its batch's mean reward.</param>
/// <param name="SolveRate">Share of its batch's completions that solve their problem.</param>
/// <param name="SecondsAStep">Median of the last steps.</param>
/// <param name="SecondsAgo">Since it was committed.</param>
/// <param name="EvaluatedVersion">The newest version that was evaluated; null where none was.</param>
/// <param name="Solved">Held-out problems that it solves greedily, a share.</param>
/// <param name="SolvedBefore">The same before the first step.</param>
internal sealed record RunProgress(
    int Version, double MeanReward, double SolveRate, double SecondsAStep, double SecondsAgo, int? EvaluatedVersion,
    double? Solved, double? SolvedBefore)
{
    private const int Steps = 10;

    /// <summary>
    /// Reads it; null before the first step, and where what it measured is damaged: <c>run metrics</c> names that.
    /// </summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="target">The run.</param>
    /// <param name="upTo">Newest version that counts: a run that has gone back takes later ones again.</param>
    internal static async Task<RunProgress?> Of(ConsoleContext context, RunTarget target, int upTo = int.MaxValue)
    {
        var token = context.Interrupts.Token;
        // As far back as the newest evaluation can be.
        var back = Math.Max(Steps, new RunSettings(target.Record).Newest.Evaluation.Every);
        IReadOnlyList<StepMetrics> steps;
        try
        {
            steps = await RunHistory.ReadNewest(target.Store, back, upTo, token);
        }
        catch (BadInputException)
        {
            return null;
        }

        if (steps is not [.., var last])
        {
            return null;
        }

        var before = RunHistory.Before(target.Record);
        var evaluated = steps.LastOrDefault(step => step.Evaluation is not null) ?? before;
        return new RunProgress(
            last.Version, last.MeanReward, last.SolveRate, Pace.Of(steps),
            (context.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(last.UnixMilliseconds)).TotalSeconds,
            evaluated?.Version, evaluated?.Evaluation!.GreedyExact, before?.Evaluation!.GreedyExact);
    }
}
