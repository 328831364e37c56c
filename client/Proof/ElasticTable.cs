using System.Globalization;

namespace Bgpo.Client.Proof;

/// <summary>What the proof of elasticity found, for people.</summary>
internal static class ElasticTable
{
    /// <summary>The table's head.</summary>
    internal static string Head { get; } =
        $"{"scenario",-11} {"silos",5} {"faults",6} {"steps",5} {"again",5} {"time",6}  {"sha256",-12}  {"same",-4}  " +
            $"{"samples",8}  ledger";

    /// <summary>A scenario's line, and one for each thing that went against the promise.</summary>
    /// <param name="outcome">The scenario.</param>
    /// <param name="reference">The hash that it should have.</param>
    internal static IEnumerable<string> Lines(ElasticOutcome outcome, string reference)
    {
        var hash = outcome.WeightsSha256.Length > 12 ? outcome.WeightsSha256[..12] : "-";
        yield return $"{outcome.Scenario,-11} {outcome.Silos,5} {outcome.Acts,5} {outcome.Steps,5} {outcome.Repeated,5} " +
            $"{Format.Clock(outcome.Seconds),6}  {hash,-12}  "
            + $"{(outcome.WeightsSha256 == reference ? "yes" : "NO"),-4}  {Format.Count(outcome.Samples),8}  {outcome.Ledger}  " +
                $"({outcome.Title})";
        foreach (var fault in outcome.Faults)
        {
            yield return $"  fault: {fault}";
        }
    }

    /// <summary>From SIGKILL to the victim's work running elsewhere.</summary>
    internal static string Recovery(IReadOnlyList<double> milliseconds) => milliseconds.Count == 0
        ? "recovery    no victim had work"
        : $"recovery    from SIGKILL to the victim's work running elsewhere: median {Text(Median(milliseconds))} ms, worst " +
            $"{Text(milliseconds.Max())} ms, "
            + $"of {Format.Many(milliseconds.Count, "victim")} that had work (bar: median under 1000 ms of 10)";

    /// <summary>The share of time that counts.</summary>
    internal static IEnumerable<string> Lines(EttrOutcome outcome)
    {
        yield return $"ettr        a kill every {CommandLine.Durations.Text(TimeSpan.FromSeconds(outcome.EverySeconds))}, " +
            $"{Format.Clock(outcome.Seconds)}, {Format.Many(outcome.Kills, "kill")}, "
            + $"{Format.Many(outcome.Versions, "version")}: {Format.Share(outcome.ByAccounting)} by accounting of steps, " +
                $"{Format.Share(outcome.ByRatio)} by the time of an undisturbed run "
            + $"(bar: 0.9); same weights: {outcome.SameWeights switch { true => "yes", false => "NO", null => "no common checkpoint" }}";
        foreach (var fault in outcome.Faults)
        {
            yield return $"  fault: {fault}";
        }
    }

    /// <summary>What a long time of kills left behind.</summary>
    internal static IEnumerable<string> Lines(SoakOutcome outcome)
    {
        yield return $"soak        {Format.Clock(outcome.Seconds)}, {Format.Many(outcome.Kills, "kill")}, " +
            $"{Format.Many(outcome.Versions, "version")}: silos {Text(outcome.EarlyMiB)} MiB at most in the first third, "
            + $"{Text(outcome.LateMiB)} in the last; client {Text(outcome.EarlyOwnMiB)} and {Text(outcome.LateOwnMiB)}; " +
                $"{Format.Many(outcome.LeftOver.Count, "thing")} left over";
        foreach (var fault in outcome.Faults)
        {
            yield return $"  fault: {fault}";
        }
    }

    /// <summary>The middle value; the lower one of two.</summary>
    internal static double Median(IReadOnlyList<double> values) => values.Order().ElementAt((values.Count - 1) / 2);

    private static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
