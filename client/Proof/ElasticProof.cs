using System.Diagnostics;
using Bgpo.Client.Clusters;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Grains.Runs;

namespace Bgpo.Client.Proof;

/// <summary>The promise of elasticity, tried: the same run with different things happening to its silos.</summary>
/// <param name="machine">Where silos are started.</param>
/// <param name="clustering">How they find one another.</param>
/// <param name="time">The clock.</param>
/// <param name="folder">Where stores are made.</param>
internal sealed class ElasticProof(IMachine machine, ClusterConfig clustering, TimeProvider time, string folder)
{
    /// <summary>How much more memory the last third of a long run may take than the first: allocators settle slowly.</summary>
    private const double GrowthAllowed = 1.15;

    /// <summary>How long one that was stopped or told to leave may take to end.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Plays a scenario.</summary>
    /// <param name="scenario">What happens.</param>
    /// <param name="yaml">The run's spec.</param>
    /// <param name="steps">The run's steps.</param>
    /// <param name="reference">The hash that its weights must have; null: any.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    internal async Task<ElasticOutcome> Play(
        ElasticScenario scenario, string yaml, int steps, string? reference, CancellationToken cancellationToken)
    {
        List<string> faults = [];
        RunEvent? end;
        int acts = 0;
        double seconds;
        string ledger;
        long samples;
        var experiment = NewTrial(scenario.Name, scenario.Silos);
        await using (experiment)
        {
            IRunGrain run = await experiment.Begin(yaml, cancellationToken);
            long started = Stopwatch.GetTimestamp();
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<int> trouble = scenario.Options is null ? Task.FromResult(0)
                : Trouble(experiment, scenario, steps, faults, ended.Token);
            end = await WatchOrFail(experiment, run, faults, cancellationToken);
            seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            await ended.CancelAsync();
            acts = await trouble;
            (ledger, samples) = await CheckLedger(experiment, cancellationToken);
        }
        string hash = (end as RunCompleted)?.WeightsSha256 ?? "";
        if (hash.Length == 0)
        {
            faults.Add($"the run did not reach its end: " +
                $"{(end is RunFailed failed ? failed.Message : end?.GetType().Name ?? "its end was not seen")}");
        }
        else if (reference is not null && hash != reference)
        {
            faults.Add("the weights differ");
        }
        if (scenario.Acts > acts)
        {
            faults.Add($"only {acts} of {scenario.Acts} faults were injected before the run's end");
        }
        if (ledger != "ok")
        {
            faults.Add($"ledger: {ledger}");
        }
        faults.AddRange(experiment.LeftOver.Select(left => $"left over: {left}"));
        return new ElasticOutcome(
            scenario.Name, scenario.Title, scenario.Silos, acts, experiment.Recorder.Version, seconds, hash,
            experiment.Recorder.Repeated, ledger, samples,
            experiment.LeftOver, faults, experiment.Recoveries(),
            experiment.Memory.Select(sample => sample.SiloMiB).DefaultIfEmpty(0).Max());
    }

    /// <summary>
    /// Measures the share of time that counts: a run of three silos with a kill every so often, and the same run undisturbed.
    /// </summary>
    internal async Task<EttrOutcome> MeasureEttr(
        string yaml, TimeSpan length, TimeSpan every, CancellationToken cancellationToken)
    {
        (Experiment disturbed, RunEvent? end) = await Endure("ettr", yaml, length, every, until: null, cancellationToken);
        var steps = disturbed.Recorder.Steps;
        int last = steps.Keys.DefaultIfEmpty(0).Max();
        List<string> faults = [.. disturbed.LeftOver.Select(left => $"left over: {left}")];
        if (last < 2 || end is not (RunStopped or RunCompleted))
        {
            return new EttrOutcome(
                every.TotalSeconds, 0, 0, last, 0, 0, null, [],
                [.. faults, $"the disturbed run came to version {last} only ({end?.GetType().Name})"]);
        }
        double seconds = (steps[last].At - steps[1].At).TotalSeconds;
        double counted = Enumerable.Range(2, last - 1).Where(steps.ContainsKey)
            .Sum(v => steps[v].Metrics.Seconds - Lost(steps[v].Metrics));
        (Experiment alone, _) = await Endure("alone", yaml, TimeSpan.FromDays(1), every: null, until: last, cancellationToken);
        var undisturbed = alone.Recorder.Steps;
        double ratio = (undisturbed[last].At - undisturbed[1].At).TotalSeconds / seconds;
        bool? same = await SameWeights(disturbed, alone, last, cancellationToken);
        if (same == false)
        {
            faults.Add("the weights differ at the last common checkpoint");
        }
        int kills = disturbed.Acts.Count(act => act.Event == "killed");
        return new EttrOutcome(
            every.TotalSeconds, seconds, kills, last, counted / seconds, ratio, same, disturbed.Recoveries(), faults);
    }

    /// <summary>Kills a silo every so often for a long time, and looks at memory and at what is left behind.</summary>
    internal async Task<SoakOutcome> Soak(string yaml, TimeSpan length, TimeSpan every, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        (Experiment experiment, RunEvent? end) = await Endure("soak", yaml, length, every, until: null, cancellationToken);
        var memory = experiment.Memory;
        double third = memory.Count == 0 ? 0 : memory[^1].At.TotalSeconds / 3;
        var early = memory.Where(sample => sample.At.TotalSeconds <= third).ToArray();
        var late = memory.Where(sample => sample.At.TotalSeconds >= 2 * third).ToArray();
        double Most((TimeSpan At, double SiloMiB, double OwnMiB)[] of,
            Func<(TimeSpan At, double SiloMiB, double OwnMiB), double> what) => of.Select(what).DefaultIfEmpty(0).Max();
        var outcome = new SoakOutcome(
            Stopwatch.GetElapsedTime(started).TotalSeconds, experiment.Acts.Count(act => act.Event == "killed"),
            experiment.Recorder.Version,
            Most(early, sample => sample.SiloMiB), Most(late, sample => sample.SiloMiB), Most(early, sample => sample.OwnMiB),
            Most(late, sample => sample.OwnMiB),
            experiment.LeftOver, []);
        List<string> faults = [.. experiment.LeftOver.Select(left => $"left over: {left}")];
        if (end is not (RunStopped or RunCompleted))
        {
            faults.Add($"the run did not go on to the end ({(end as RunFailed)?.Message ?? end?.GetType().Name})");
        }
        if (outcome.LateMiB > outcome.EarlyMiB * GrowthAllowed)
        {
            faults.Add(FormattableString.Invariant($"silos grew from {outcome.EarlyMiB:0} to {outcome.LateMiB:0} MiB"));
        }
        if (outcome.LateOwnMiB > outcome.EarlyOwnMiB * GrowthAllowed)
        {
            faults.Add(FormattableString.Invariant(
                $"the client grew from {outcome.EarlyOwnMiB:0} to {outcome.LateOwnMiB:0} MiB"));
        }
        return outcome with { Faults = faults };
    }

    private static async Task<RunEvent?> WatchOrFail(
        Experiment experiment, IRunGrain run, List<string> faults, CancellationToken cancellationToken)
    {
        try
        {
            return await experiment.Watch(run, cancellationToken);
        }
        catch (Exception e) when (e is ClusterLostException or RunException)
        {
            faults.Add(e.Message);
            return null;
        }
    }

    private Experiment NewTrial(string name, int silos) =>
        new(machine, clustering, time, $"verify-{Environment.ProcessId}-{name}", Path.Combine(folder, name), silos);

    private static double Lost(StepMetrics metrics) => metrics.LostSeconds;

    /// <summary>Injects a scenario's faults.</summary>
    /// <returns>How many fell.</returns>
    private static async Task<int> Trouble(
        Experiment experiment, ElasticScenario scenario, int steps, List<string> faults, CancellationToken ended)
    {
        var injector = experiment.FaultInjector(scenario.Options!);
        await using (injector)
        {
            try
            {
                await experiment.Recorder.Reached(1, ended);
                if (scenario.Acts == 0)
                {
                    await Inject(injector, scenario.Every, ended);
                }
                for (int i = 1; i <= scenario.Acts; i++)
                {
                    await experiment.Recorder.Reached(2 * i * steps / (3 * scenario.Acts), ended);
                    await ActOnce(experiment, injector, scenario.Options!.FaultKind, faults, ended);
                }
            }
            catch (OperationCanceledException)
            {
                // The run has ended.
            }
            catch (BadInputException e)
            {
                faults.Add(e.Message);
            }
        }
        return injector.Acts;
    }

    private static async Task Inject(FaultInjector injector, TimeSpan every, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(every);
        while (await timer.WaitForNextTickAsync(ended))
        {
            try
            {
                await injector.Act(ended);
            }
            catch (BadInputException)
            {
                // Nobody answers just now.
            }
        }
    }

    /// <summary>
    /// One fault, again until somebody qualifies; and the end of one that ends by itself, with the exit code that it must have.
    /// </summary>
    private static async Task ActOnce(
        Experiment experiment, FaultInjector injector, FaultKind kind, List<string> faults, CancellationToken ended)
    {
        SiloDescription? victim;
        while ((victim = await injector.Act(ended)) is null)
        {
            await Task.Delay(50, ended);
        }
        if (kind is not (FaultKind.Stop or FaultKind.Term))
        {
            return;
        }
        ILaunchedSilo? silo = experiment.Cluster.Of(victim.Process)
            ?? injector.Started.FirstOrDefault(started => started.Id == victim.Process);
        if (silo is null)
        {
            return;
        }
        // Also past the run's end: a silo that wakes or leaves must say how it went.
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            int code = await silo.Ended(patience.Token);
            if ((code == 0) != (kind == FaultKind.Term))
            {
                faults.Add($"{victim.Name} ended with exit code {code} after " +
                    $"{(kind == FaultKind.Term ? "SIGTERM; expected 0" : "it woke; expected another than 0")}");
            }
        }
        catch (OperationCanceledException)
        {
            faults.Add($"{victim.Name} did not end within {s_patience.TotalSeconds:0} s");
        }
    }

    /// <summary>Runs for a time, or to a version, with a kill every so often or none, and stops.</summary>
    private async Task<(Experiment, RunEvent?)> Endure(
        string name, string yaml, TimeSpan length, TimeSpan? every, int? until, CancellationToken cancellationToken)
    {
        var experiment = NewTrial(name, 3);
        RunEvent? end;
        await using (experiment)
        {
            IRunGrain run = await experiment.Begin(yaml, cancellationToken);
            Task<RunEvent?> watch = experiment.Watch(run, cancellationToken);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await experiment.Recorder.Reached(1, over.Token);
            over.CancelAfter(length < TimeSpan.FromHours(24) ? length : Timeout.InfiniteTimeSpan);
            var injector = experiment.FaultInjector(new ChaosOptions(FaultKind.Kill, Victims.Any, Restart: true, TimeSpan.Zero));
            await using (injector)
            {
                Task injection = every is { } pause ? Inject(injector, pause, over.Token)
                    : Task.Delay(Timeout.InfiniteTimeSpan, over.Token);
                Task reached = until is { } version ? experiment.Recorder.Reached(version, over.Token)
                    : Task.Delay(Timeout.InfiniteTimeSpan, over.Token);
                await Task.WhenAny(injection, reached, watch);
                await over.CancelAsync();
                await Task.WhenAny(injection);
                await Task.WhenAny(reached);
            }
            cancellationToken.ThrowIfCancellationRequested();
            await StopAndWait(experiment, run, watch);
            end = await watch;
        }
        return (experiment, end);
    }

    private static async Task StopAndWait(Experiment experiment, IRunGrain run, Task<RunEvent?> watch)
    {
        while (!watch.IsCompleted)
        {
            try
            {
                await run.Stop("enough");
                await Task.WhenAny(watch, Task.Delay(TimeSpan.FromSeconds(5)));
            }
            catch (Exception e) when (TransientErrors.Is(e) && experiment.Cluster.IsAlive)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250)); // its controller is on its way to another silo
            }
        }
    }

    private static async Task<(string, long)> CheckLedger(Experiment experiment, CancellationToken cancellationToken)
    {
        LedgerReport report = await Ledger.Check(experiment.Store, cancellationToken);
        return (report.Faults.Count == 0 ? "ok" : report.Faults[0], report.Samples);
    }

    private static async Task<bool?> SameWeights(Experiment one, Experiment other, int upTo, CancellationToken cancellationToken)
    {
        for (int version = upTo; version > 0; version--)
        {
            if (await one.Store.ReadManifestAsync(version, cancellationToken) is { } a
                && await other.Store.ReadManifestAsync(version, cancellationToken) is { } b)
            {
                return a.WeightsSha256 == b.WeightsSha256;
            }
        }
        return null;
    }
}
