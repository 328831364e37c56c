namespace Bgpo.Grains.Steps;

/// <summary>What many scores come to: means over those that the grader judged, NaN where it judged none.</summary>
/// <param name="MeanReward">Mean reward.</param>
/// <param name="ExactShare">Share of problems solved outright.</param>
/// <param name="MalformedShare">Share that is not of the form that is asked for.</param>
/// <param name="RewardRange">Highest reward less the lowest; 0 where none was judged.</param>
/// <param name="Failed">Those that were not judged.</param>
internal readonly record struct Judgement(
    double MeanReward, double ExactShare, double MalformedShare, double RewardRange, int Failed)
{
    /// <summary>Sums scores up.</summary>
    /// <param name="scores">The scores.</param>
    internal static Judgement Of(IEnumerable<(double Reward, bool Exact, Outcome Outcome)> scores)
    {
        (double Reward, bool Exact, Outcome Outcome)[] all = [.. scores];
        (double Reward, bool Exact, Outcome Outcome)[] judged = [.. all.Where(one => one.Outcome != Outcome.Failed)];
        double Mean(Func<(double Reward, bool Exact, Outcome Outcome), double> of) =>
            judged.Length == 0 ? double.NaN : judged.Average(of);
        return new Judgement(
            Mean(one => one.Reward), Mean(one => one.Exact ? 1 : 0), Mean(one => one.Outcome == Outcome.Malformed ? 1 : 0),
            judged.Length == 0 ? 0 : judged.Max(one => one.Reward) - judged.Min(one => one.Reward), all.Length - judged.Length);
    }
}
