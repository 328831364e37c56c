using System.Globalization;
using System.Text.Json;
using Bgpo.Grains;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>Steps as columns, one for each series, as charts take them.</summary>
/// <param name="Revision">What changes are asked for since.</param>
/// <param name="Version">The steps' versions, ascending; 0 for the evaluation before the first step.</param>
/// <param name="Time">When each was committed, milliseconds of UTC since 1970.</param>
/// <param name="Series">The columns by their names in TensorBoard; null where a step has no such value.</param>
internal sealed record StepColumns(
    long Revision, IReadOnlyList<int> Version, IReadOnlyList<long> Time, IReadOnlyDictionary<string, double?[]> Series)
{
    /// <summary>Makes the columns.</summary>
    /// <param name="steps">The steps, ascending.</param>
    /// <param name="revision">Their revision.</param>
    internal static StepColumns Of(IReadOnlyList<StepMetrics> steps, long revision) => new(
        revision, [.. steps.Select(step => step.Version)], [.. steps.Select(step => step.UnixMilliseconds)],
        StepSeries.All.ToDictionary(series => series.Tag, series => steps.Select(step => Value(series, step)).ToArray()));

    /// <summary>The held-out evaluation before the first step, as a version 0 that has nothing else.</summary>
    /// <param name="record">The run's record.</param>
    internal static StepMetrics? Before(RunRecord record) =>
        record.Result?[RunResult.EvaluationBefore] is not { } before ? null : new StepMetrics
        {
            Version = record.FirstVersion,
            Evaluation = before.Deserialize<EvaluationSummary>(),
            UnixMilliseconds = record.Created.ToUnixTimeMilliseconds(),
        };

    private static double? Value(StepSeries series, StepMetrics step)
    {
        // Before the first step, and where no group had signal, there is nothing that was measured.
        bool isMeasured = step.Groups > 0 || series.Tag.StartsWith("eval/", StringComparison.Ordinal);
        double value = isMeasured && (step.Samples > 0 || series.Tag is not "objective/elbo") ? series.Of(step) : double.NaN;
        return double.IsFinite(value)
            ? double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
    }
}
