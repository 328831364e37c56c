using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <summary>
/// One run in a blob store: its record, journal and metrics; its checkpoints are in the other part of this class. The layout is
/// described in docs/checkpoint-format.md. Safe for use by many callers and processes at the same time.
/// </summary>
public sealed partial class RunStore
{
    private readonly TimeProvider _time;

    /// <summary>A run, which need not exist yet.</summary>
    /// <param name="blobs">The store.</param>
    /// <param name="runId">The run's id.</param>
    /// <param name="time">The clock for the times that are stored.</param>
    /// <exception cref="ArgumentException">The id is not allowed as a folder name.</exception>
    public RunStore(IBlobStore blobs, string runId, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        BlobName.ValidateSegment(runId, "Run id");
        Blobs = blobs;
        RunId = runId;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The store.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>The run's id.</summary>
    public string RunId { get; }

    private string RecordName => $"{RunId}/run.json";

    /// <summary>
    /// The same run, known to exist: while its record is not there the store counts as unavailable. Nothing is written then, and
    /// nothing counts as absent.
    /// </summary>
    public RunStore Existing() => new(Blobs.Requiring(RecordName), RunId, _time);

    /// <summary>What is to be said where the record of a run that exists is not in the store: it may come back.</summary>
    public StoreUnavailableException RecordMissing() => RecordGuard.Missing(Blobs.Location, RecordName);

    /// <summary>Writes a new run's record.</summary>
    /// <param name="record">The record; its times and its <see cref="RunRecord.Uid"/> are set here.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunExistsException">The run exists.</exception>
    /// <exception cref="ArgumentException">The record is of another run.</exception>
    public async Task<StoredRun> CreateAsync(RunRecord record, CancellationToken cancellationToken = default)
    {
        DateTimeOffset now = _time.GetUtcNow();
        record = Checked(record) with { Created = now, Updated = now, Nonce = NewNonce(), Uid = NewNonce() };
        FaultPoint.Hit(StorageFaults.RunCreateBefore);
        string? etag = await Blobs
            .PutIfAbsentAsync(RecordName, SealedJson.Write(record, StorageJson.Indented.RunRecord), cancellationToken)
            .ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.RunCreateAfter);
        return etag is null
            ? throw new RunExistsException(
                $"Run '{RunId}' exists already in '{Blobs.Location}'; resume it with --resume {RunId}, or name a new one with " +
                    "--run.")
            : new StoredRun(record, etag);
    }

    /// <summary>Reads the run's record.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record, or null when there is no such run.</returns>
    /// <exception cref="CorruptBlobException">The record is truncated or altered.</exception>
    public async Task<StoredRun?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (await Blobs.GetAsync(RecordName, cancellationToken).ConfigureAwait(false) is not { } blob)
        {
            return null;
        }

        RunRecord record = SealedJson.Read(
            blob.Content.Span, StorageJson.Indented.RunRecord, RecordName, RunRecord.CurrentFormat);
        return new StoredRun(record, blob.ETag);
    }

    /// <summary>Changes the run's record unless somebody else changed it since it was read.</summary>
    /// <param name="record">The new record; its time of update is set here.</param>
    /// <param name="etag">ETag of the record that was read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was stored, or null when somebody else changed it: the caller is fenced, or must read again.</returns>
    /// <exception cref="ArgumentException">The record is of another run.</exception>
    public async Task<StoredRun?> UpdateAsync(RunRecord record, string etag, CancellationToken cancellationToken = default)
    {
        record = Checked(record) with { Updated = _time.GetUtcNow(), Nonce = NewNonce() };
        FaultPoint.Hit(StorageFaults.RunUpdateBefore);
        string? newEtag = await Blobs
            .PutIfUnchangedAsync(RecordName, SealedJson.Write(record, StorageJson.Indented.RunRecord), etag, cancellationToken)
            .ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.RunUpdateAfter);
        return newEtag is null ? null : new StoredRun(record, newEtag);
    }

    /// <summary>Writes a batch step's journal. The last write wins.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the record is durable.</param>
    /// <exception cref="ArgumentException">Counts differ within a group, or a number is not finite.</exception>
    public async Task WriteJournalAsync(JournalStep step, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (step.Fault() is { } fault)
        {
            throw new ArgumentException($"Journal of step {step.Step} {fault}.", nameof(step));
        }

        FaultPoint.Hit(StorageFaults.JournalBefore);
        await Blobs
            .PutAsync(JournalName(step.Step), SealedJson.Write(step, StorageJson.Compact.JournalStep), cancellationToken)
            .ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.JournalAfter);
    }

    /// <summary>Reads a batch step's journal.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The journal, or null when the step has none.</returns>
    /// <exception cref="CorruptBlobException">It is truncated or altered.</exception>
    public async Task<JournalStep?> ReadJournalAsync(int step, CancellationToken cancellationToken = default)
    {
        string name = JournalName(step);
        if (await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } blob)
        {
            return null;
        }

        JournalStep journal =
            SealedJson.Read(blob.Content.Span, StorageJson.Compact.JournalStep, name, JournalStep.CurrentFormat);
        string? fault = journal.Step == step ? journal.Fault() : $"is the journal of step {journal.Step}";
        return fault is null ? journal : throw new CorruptBlobException(name, fault);
    }

    /// <summary>Lists the batch steps that have a journal, ascending.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<int>> ListJournalAsync(CancellationToken cancellationToken = default) =>
        ListNumbersAsync($"{RunId}/journal/", cancellationToken);

    /// <summary>Writes a committed step's metrics. The last write wins.</summary>
    /// <param name="step">The step, at least 0.</param>
    /// <param name="values">Free-form.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the record is durable.</param>
    public async Task WriteMetricsAsync(int step, JsonObject values, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        FaultPoint.Hit(StorageFaults.MetricsBefore);
        byte[] content = SealedJson.Write(new StoredMetrics(step, values), StorageJson.Compact.StoredMetrics);
        await Blobs.PutAsync(MetricsName(step), content, cancellationToken).ConfigureAwait(false);
        FaultPoint.Hit(StorageFaults.MetricsAfter);
    }

    /// <summary>Lists the steps that have metrics, ascending.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<int>> ListMetricsAsync(CancellationToken cancellationToken = default) =>
        ListNumbersAsync($"{RunId}/metrics/", cancellationToken);

    /// <summary>Reads the metrics of all steps, ascending, also while the run goes on.</summary>
    /// <param name="from">First step wanted.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CorruptBlobException">A record is truncated or altered.</exception>
    public async IAsyncEnumerable<StoredMetrics> ReadMetricsAsync(
        int from = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (int step in await ListNumbersAsync($"{RunId}/metrics/", cancellationToken).ConfigureAwait(false))
        {
            if (step >= from && await ReadMetricsOfAsync(step, cancellationToken).ConfigureAwait(false) is { } metrics)
            {
                yield return metrics;
            }
        }
    }

    /// <summary>Reads the metrics of one step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The metrics, or null where the step has none.</returns>
    /// <exception cref="CorruptBlobException">The record is truncated or altered.</exception>
    public async Task<StoredMetrics?> ReadMetricsOfAsync(int step, CancellationToken cancellationToken = default)
    {
        string name = MetricsName(step);
        if (await Blobs.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } blob)
        {
            return null;
        }
        StoredMetrics metrics = SealedJson.Read(blob.Content.Span, StorageJson.Compact.StoredMetrics, name, known: null);
        return metrics.Step == step
            ? metrics
            : throw new CorruptBlobException(name, $"holds the metrics of step {metrics.Step}");
    }

    private static string Number(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return number.ToString("D8", CultureInfo.InvariantCulture);
    }

    private static string NewNonce() => Guid.NewGuid().ToString("N");

    private string JournalName(int step) => $"{RunId}/journal/{Number(step)}.json";

    private string MetricsName(int step) => $"{RunId}/metrics/{Number(step)}.json";

    private RunRecord Checked(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.RunId == RunId
            ? record
            : throw new ArgumentException($"The record is of run '{record.RunId}'; expected '{RunId}'.", nameof(record));
    }

    private async Task<IReadOnlyList<int>> ListNumbersAsync(string prefix, CancellationToken cancellationToken)
    {
        var numbers = new List<int>();
        await foreach (BlobEntry entry in Blobs.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            ReadOnlySpan<char> name = entry.Name.AsSpan(prefix.Length);
            if (name.EndsWith(".json", StringComparison.Ordinal)
                && int.TryParse(name[..^5], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                numbers.Add(number);
            }
        }
        numbers.Sort();
        return numbers;
    }
}
