using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>
/// What a step's units add up to. Its units are what the shards must have; all else is for metrics and does not reach the
/// weights.
/// </summary>
public sealed class StepTally
{
    private int _samples;
    private double _objective;
    private double _logLikelihood;
    private int _boundHits;
    private int _halved;
    private double _deviceSeconds;

    /// <summary>The units of the step whose groups are known.</summary>
    public HashSet<UnitName> Units { get; } = [];

    /// <summary>Units that are computed.</summary>
    public int Done { get; private set; }

    /// <summary>Adds a unit.</summary>
    /// <param name="result">What it came to.</param>
    public void Add(UnitResult result)
    {
        Done++;
        _samples += result.LogLikelihoods.Length;
        _objective += result.Objective;
        _logLikelihood += result.LogLikelihoods.Sum();
        _boundHits += result.BoundHits;
        _halved += result.Halvings > 0 ? 1 : 0;
        _deviceSeconds += result.DeviceSeconds;
    }

    /// <summary>The part of a step's metrics that its units and groups say.</summary>
    /// <param name="version">The version that the step made.</param>
    /// <param name="groups">Its groups.</param>
    /// <param name="completions">What the loss was divided by.</param>
    /// <param name="endToken">The end-of-sequence token.</param>
    public StepMetrics Metrics(int version, JournalGroup[] groups, int completions, int endToken)
    {
        Judgement all = Judgement.Of(groups.SelectMany(ScoresOf));
        return OfWork(version, groups, completions, endToken) with
        {
            MeanReward = all.MeanReward,
            SolveRate = all.ExactShare,
            RewardRange = all.RewardRange,
            MalformedShare = all.MalformedShare,
            RewardsFailed = all.Failed,
            LeftOutGroups = groups.Count(group => group.IsLeftOut),
            Tasks = TasksOf(groups),
        };
    }

    private static IEnumerable<(double Reward, bool Exact, Outcome Outcome)> ScoresOf(JournalGroup group) =>
        group.Rewards.Select((reward, i) => (reward, group.Exact[i], group.OutcomeOf(i)));

    private static TaskMetrics[]? TasksOf(JournalGroup[] groups) => groups.All(group => group.Task is null) ? null :
    [
        .. groups.GroupBy(group => group.Task ?? "").OrderBy(task => task.Key, StringComparer.Ordinal).Select(task =>
        {
            Judgement judged = Judgement.Of(task.SelectMany(ScoresOf));
            return new TaskMetrics(task.Key, task.Count(), judged.MeanReward, judged.ExactShare, judged.MalformedShare);
        }),
    ];

    private StepMetrics OfWork(int version, JournalGroup[] groups, int completions, int endToken) => new()
    {
        Version = version,
        ActiveGroups = groups.Count(group => group.HasSignal),
        Groups = groups.Length,
        DistinctShare = groups.Average(group =>
            (double)group.Completions.DistinctBy(one => one.Text).Count() / group.Completions.Count),
        UnendedShare = groups.SelectMany(group => group.Completions).Average(one => one.Tokens.Contains(endToken) ? 0.0 : 1.0),
        Samples = _samples,
        Units = Units.Count,
        Objective = _objective / completions,
        Elbo = _samples == 0 ? 0 : _logLikelihood / _samples,
        BoundHits = _boundHits,
        HalvedUnits = _halved,
        GradientSeconds = _deviceSeconds,
        Ledger = Runs.Ledger.Write(Units),
    };
}
