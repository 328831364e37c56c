namespace Bgpo.Client.Proof;

/// <summary>What came of a scenario.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Title">What happened to the run.</param>
/// <param name="Silos">Silo processes at its start.</param>
/// <param name="Acts">Silos that were killed, stopped or told to leave.</param>
/// <param name="Steps">Versions committed.</param>
/// <param name="Seconds">From its start to its end, evaluations apart from none.</param>
/// <param name="WeightsSha256">The final weights' hash; empty where it did not end.</param>
/// <param name="Repeated">Versions that were committed again after going back.</param>
/// <param name="Ledger">What the ledger check says: ok, or its first fault.</param>
/// <param name="Samples">Samples that the ledger counted.</param>
/// <param name="LeftOver">Processes, locks, sockets and temporary files that were left behind.</param>
/// <param name="Faults">What went against the promise; empty: nothing.</param>
/// <param name="RecoveryMilliseconds">For each victim that had work: from the fault to that work's start elsewhere.</param>
/// <param name="MostMiB">The most resident memory that a silo had.</param>
internal sealed record ElasticOutcome(
    string Scenario, string Title, int Silos, int Acts, int Steps, double Seconds, string WeightsSha256, int Repeated,
    string Ledger, long Samples,
    IReadOnlyList<string> LeftOver, IReadOnlyList<string> Faults, IReadOnlyList<double> RecoveryMilliseconds, double MostMiB);

/// <summary>How much of the time went into work that counts, with a silo killed every so often.</summary>
/// <param name="EverySeconds">Pause between kills.</param>
/// <param name="Seconds">Length of the disturbed run, from its first version to its last.</param>
/// <param name="Kills">Silos killed.</param>
/// <param name="Versions">Versions that the disturbed run came to.</param>
/// <param name="ByAccounting">Seconds of committed steps, less what was lost in them, over all seconds.</param>
/// <param name="ByRatio">Seconds that an undisturbed run of as many silos needs for those versions, over the disturbed
/// run's.</param>
/// <param name="SameWeights">Whether both had the same weights at their last common checkpoint; null where they have
/// none.</param>
/// <param name="RecoveryMilliseconds">For each victim that had work: from the fault to that work's start elsewhere.</param>
/// <param name="Faults">What went against the promise; empty: nothing.</param>
internal sealed record EttrOutcome(
    double EverySeconds, double Seconds, int Kills, int Versions, double ByAccounting, double ByRatio, bool? SameWeights,
    IReadOnlyList<double> RecoveryMilliseconds, IReadOnlyList<string> Faults);

/// <summary>What a long time of kills left behind.</summary>
/// <param name="Seconds">How long.</param>
/// <param name="Kills">Silos killed.</param>
/// <param name="Versions">Versions that the run came to.</param>
/// <param name="EarlyMiB">The most memory that a silo had in the first third.</param>
/// <param name="LateMiB">The same in the last third.</param>
/// <param name="EarlyOwnMiB">This process's most in the first third.</param>
/// <param name="LateOwnMiB">The same in the last third.</param>
/// <param name="LeftOver">Processes, locks, sockets and temporary files that were left behind.</param>
/// <param name="Faults">What went against the promise; empty: nothing.</param>
internal sealed record SoakOutcome(
    double Seconds, int Kills, int Versions, double EarlyMiB, double LateMiB, double EarlyOwnMiB, double LateOwnMiB,
    IReadOnlyList<string> LeftOver, IReadOnlyList<string> Faults);
