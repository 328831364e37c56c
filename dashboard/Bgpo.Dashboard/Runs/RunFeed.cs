using System.Collections.Concurrent;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>
/// The runs of a store, read once for all pages: runs that are active at most once a second, the list of all and those that have
/// ended every ten seconds, and nothing while no page is open.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="console">Knows who drives a run.</param>
/// <param name="time">The clock.</param>
internal sealed class RunFeed(IBlobStore blobs, IRunConsole console, TimeProvider time) : IDisposable
{
    /// <summary>How often what is active is read.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_scanPeriod = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly ConcurrentDictionary<string, RunSteps> _steps = [];
    private readonly SortedDictionary<string, Known> _runs = new(StringComparer.Ordinal);
    private IReadOnlyList<RunRow> _rows = [];
    private long _looked;
    private long _scanned;

    /// <summary>The store.</summary>
    internal IBlobStore Blobs => blobs;

    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>The runs, newest first; read anew where that is due.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<IReadOnlyList<RunRow>> RunsAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            bool isFirst = _scanned == 0;
            if (isFirst || time.GetElapsedTime(_scanned) >= s_scanPeriod)
            {
                await ScanAsync(cancellationToken);
                (_scanned, _looked) = (time.GetTimestamp(), time.GetTimestamp());
            }
            else if (time.GetElapsedTime(_looked) >= Period)
            {
                foreach (string run in _runs.Where(one => one.Value.IsActive).Select(one => one.Key).ToArray())
                {
                    await LookAsync(run, cancellationToken);
                }
                _looked = time.GetTimestamp();
            }
            else
            {
                return _rows;
            }
            return _rows = [.. _runs.Values.Select(known => known.Row).OrderByDescending(row => row.Created)];
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>A run's record as just read.</summary>
    /// <param name="run">Run id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The run and its record; null where there is none.</returns>
    internal async Task<(RunStore Store, RunRecord Record)?> FindAsync(string run, CancellationToken cancellationToken)
    {
        if (!BlobName.IsSegment(run))
        {
            return null;
        }
        var store = new RunStore(blobs, run, time);
        return await store.ReadAsync(cancellationToken) is { Record: var record } ? (store, record) : null;
    }

    /// <summary>A run's steps.</summary>
    /// <param name="run">Run id.</param>
    internal RunSteps StepsOf(string run) => _steps.GetOrAdd(run, id => new RunSteps(new RunStore(blobs, id, time), time));

    /// <summary>A run's row.</summary>
    /// <param name="record">Its record.</param>
    internal RunRow RowOf(RunRecord record)
    {
        RunStanding standing = console.StandingOf(record);
        RunSpec? spec = SpecOf(record);
        StepsOfKnown(record, out int version, out double? reward);
        return new RunRow(record.RunId, standing.State, standing.Driver, Math.Max(version, record.LatestCheckpoint ?? 0))
        {
            Steps = spec?.Run.Steps ?? 0,
            Task = spec?.Task.Name ?? "",
            Reward = reward,
            Checkpoint = record.LatestCheckpoint,
            Created = record.Created,
            Updated = record.Updated,
            ForkedFrom = record.ForkedFrom,
            Reason = record.Reason,
        };
    }

    /// <summary>The newest spec of a run; null where it is bad, or of a newer version of this program.</summary>
    /// <param name="record">The run's record.</param>
    internal static RunSpec? SpecOf(RunRecord record)
    {
        try
        {
            return SpecLoader.Load<RunSpec>(
                record.Spec, record.RunId, (record.Changes ?? []).Select(change => $"{change.Field}={change.Value}"));
        }
        catch (SpecException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reading.Dispose();
        foreach (RunSteps steps in _steps.Values)
        {
            steps.Dispose();
        }
    }

    private void StepsOfKnown(RunRecord record, out int version, out double? reward)
    {
        Grains.StepMetrics? newest = _steps.TryGetValue(record.RunId, out RunSteps? steps) ? steps.Newest : null;
        (version, reward) = (newest?.Version ?? 0, newest?.MeanReward);
    }

    /// <summary>Lists the runs, and reads those that are new, active, or were written since.</summary>
    private async Task ScanAsync(CancellationToken cancellationToken)
    {
        HashSet<string> there = [];
        await foreach (string run in blobs.ListFoldersAsync(cancellationToken))
        {
            if (BlobName.IsSegment(run))
            {
                there.Add(run);
                await LookAsync(run, cancellationToken);
            }
        }
        foreach (string gone in _runs.Keys.Where(run => !there.Contains(run)).ToArray())
        {
            _runs.Remove(gone);
            _steps.TryRemove(gone, out _);
        }
    }

    private async Task LookAsync(string run, CancellationToken cancellationToken)
    {
        _runs.TryGetValue(run, out Known? known);
        if (known is { IsActive: false } && await WrittenAsync(run, cancellationToken) == known.Written)
        {
            return;
        }
        try
        {
            DateTimeOffset? written = await WrittenAsync(run, cancellationToken);
            if (await new RunStore(blobs, run, time).ReadAsync(cancellationToken) is not { Record: var record })
            {
                _runs.Remove(run);
                return;
            }
            bool isActive = record.State is RunState.Running or RunState.Paused;
            if (isActive)
            {
                await StepsOf(run).RefreshAsync(record, cancellationToken);
            }
            _runs[run] = new Known(RowOf(record), isActive, written);
        }
        catch (StorageException e) when (e is not (StoreUnavailableException or StoreRefusedException))
        {
            // One bad run must not hide the others.
            _runs[run] = new Known(new RunRow(run, RunState.Unknown, "", 0) { Reason = e.Message }, IsActive: true, null);
        }
    }

    private async Task<DateTimeOffset?> WrittenAsync(string run, CancellationToken cancellationToken) =>
        (await blobs.FindAsync($"{run}/run.json", cancellationToken))?.Modified;

    private sealed record Known(RunRow Row, bool IsActive, DateTimeOffset? Written);
}

/// <summary>A run in the list of runs.</summary>
/// <param name="Run">Its id.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Driver">Who drives it; empty where nobody does.</param>
/// <param name="Version">The newest version that is known.</param>
internal sealed record RunRow(string Run, RunState State, string Driver, int Version)
{
    /// <summary>Versions to reach.</summary>
    public int Steps { get; init; }

    /// <summary>Its task.</summary>
    public string Task { get; init; } = "";

    /// <summary>Mean reward of the newest step; null where that is not read.</summary>
    public double? Reward { get; init; }

    /// <summary>Version of the newest checkpoint.</summary>
    public int? Checkpoint { get; init; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When its record was last written.</summary>
    public DateTimeOffset Updated { get; init; }

    /// <summary>What it was forked from, <c>RUN@VERSION</c>.</summary>
    public string? ForkedFrom { get; init; }

    /// <summary>Why it is paused, was stopped or failed, or cannot be read.</summary>
    public string? Reason { get; init; }
}
