using System.Text.Json;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>The metrics of a run's committed steps, from its store.</summary>
internal static class RunHistory
{
    /// <summary>Steps that a live view is told of at its start: each is a blob to read.</summary>
    private const int Recalled = 500;

    /// <summary>What can be drawn and compared: name, meaning, value of a step.</summary>
    internal static IReadOnlyList<(string Name, string Title, Func<StepMetrics, double> Of)> Curves { get; } =
    [
        ("reward", "mean reward", step => step.MeanReward),
        ("solved", "solve rate", step => step.SolveRate),
        ("norm", "gradient norm", step => step.GradientNorm),
        ("eval", "held out, solved greedily", step => step.Evaluation?.GreedyExact ?? double.NaN),
        ("elbo", "ELBO, nats", step => step.Elbo),
        ("groups", "groups that teach", step => step.ActiveGroups),
        ("seconds", "seconds a step", step => step.Seconds),
        ("unit", "seconds a unit", step => step.Units > 0 ? step.GradientSeconds / step.Units : double.NaN),
        ("silos", "live silos", step => step.Silos),
        ("rate", "learning rate", step => step.LearningRate),
    ];

    /// <summary>Reads them, ascending by version.</summary>
    /// <exception cref="BadInputException">There are none, or one is damaged.</exception>
    internal static async Task<IReadOnlyList<StepMetrics>> Read(RunStore store, CancellationToken cancellationToken)
    {
        var steps = await ReadFrom(store, 1, cancellationToken);
        return steps.Count > 0 ? steps
            : throw new BadInputException($"run '{store.RunId}' has no metrics yet: no step is committed");
    }

    /// <summary>
    /// The held-out evaluation before the first step, as a version 0 that has nothing else; null where there is none yet.
    /// </summary>
    internal static StepMetrics? Before(RunRecord record) =>
        record.Result?[RunResult.EvaluationBefore] is not { } before ? null : new StepMetrics
        {
            Evaluation = before.Deserialize<EvaluationSummary>(),
            UnixMilliseconds = record.Created.ToUnixTimeMilliseconds(),
        };

    /// <summary>Has a live view know what its run's controllers have forgotten.</summary>
    /// <param name="shown">How the run is shown.</param>
    /// <param name="store">The run.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task Recall(IRunPresenter shown, RunStore store, CancellationToken cancellationToken)
    {
        if (shown is not LivePresenter live)
        {
            return;
        }

        try
        {
            if (await store.ReadAsync(cancellationToken) is { } stored)
            {
                live.Recall(Past(await ReadNewest(store, Recalled, int.MaxValue, cancellationToken), stored.Record));
            }
        }
        catch (Exception e) when (e is BadInputException or StorageException)
        {
            live.Say($"what was before is not shown: {e.Message}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What Ctrl-C means is for the watch itself to say.
        }
    }

    private static IEnumerable<RunEvent> Past(IReadOnlyList<StepMetrics> steps, RunRecord record)
    {
        if (Before(record) is { Evaluation: { } before })
        {
            yield return new Evaluated(0, 0, before, Final: true);
        }

        foreach (var step in steps)
        {
            yield return new StepCommitted(0, step);
            if (step.Evaluation is { } evaluation)
            {
                yield return new Evaluated(
                    0, step.Version, evaluation, Final: record.State == RunState.Completed && step == steps[^1]);
            }
        }
    }

    /// <summary>The events of a run that has ended, as a watcher would have seen its steps, evaluations and end.</summary>
    /// <param name="store">The run.</param>
    /// <param name="record">Its record: completed, stopped or failed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BadInputException">Something of it is damaged.</exception>
    internal static async Task<IReadOnlyList<RunEvent>> Events(
        RunStore store, RunRecord record, CancellationToken cancellationToken)
    {
        var steps = await ReadFrom(store, 1, cancellationToken);
        List<RunEvent> events = [.. Past(steps, record)];
        var version = record.LatestCheckpoint ?? 0;
        var where = store.CheckpointLocation(version);
        var hash = (string?)record.Result?[RunResult.Weights] ?? await Hash();
        events.Add(record.State switch
        {
            RunState.Completed => new RunCompleted(
                0, store.RunId, version, hash, Evaluation(RunResult.EvaluationBefore), Evaluation(RunResult.EvaluationAfter),
                (double?)record.Result?[RunResult.Seconds] ?? steps.Sum(step => step.Seconds),
                    where)
            { Warnings = RunResult.WarningsOf(record.Result) },
            RunState.Stopped => new RunStopped(0, store.RunId, version, record.Reason ?? "", hash, where),
            _ => new RunFailed(0, store.RunId, steps is [.., var last] ? last.Version : version,
                record.Reason ?? "nothing more is known", Store: false),
        });
        return events;

        async Task<string> Hash()
        {
            try
            {
                return record.State != RunState.Stopped ? ""
                    : (await store.ReadManifestAsync(version, cancellationToken))?.WeightsSha256
                        ?? "unknown: the checkpoint is gone";
            }
            catch (CorruptBlobException)
            {
                return "unknown: the checkpoint is damaged";
            }
        }

        EvaluationSummary Evaluation(string name) =>
            record.Result?[name]?.Deserialize<EvaluationSummary>() ?? new EvaluationSummary(0, 0, 0, 0);
    }

    /// <summary>Reads the newest of them, ascending, if there are any.</summary>
    /// <param name="store">The run.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="upTo">Newest version that counts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BadInputException">One is damaged.</exception>
    internal static async Task<IReadOnlyList<StepMetrics>> ReadNewest(
        RunStore store, int count, int upTo, CancellationToken cancellationToken)
    {
        var newest = (await store.ListMetricsAsync(cancellationToken)).Where(version => version <= upTo).DefaultIfEmpty(0).Max();
        return newest == 0 ? []
            : [.. (await ReadFrom(store, Math.Max(1, newest - count + 1), cancellationToken))
                .Where(step => step.Version <= upTo)];
    }

    /// <summary>Reads them from a version on, ascending, if there are any.</summary>
    /// <exception cref="BadInputException">One is damaged.</exception>
    internal static async Task<IReadOnlyList<StepMetrics>> ReadFrom(
        RunStore store, int version, CancellationToken cancellationToken)
    {
        List<StepMetrics> steps = [];
        try
        {
            await foreach (var stored in store.ReadMetricsAsync(version, cancellationToken))
            {
                steps.Add(stored.Values.Deserialize<StepMetrics>()!);
            }
        }
        catch (Exception e) when (e is StorageException or JsonException)
        {
            throw new BadInputException(e.Message, e);
        }

        return steps;
    }
}
