namespace Bgpo.Storage.Blobs;

/// <summary>Names of the <see cref="FaultPoint"/>s of this layer, for <c>BGPO_FAULT</c>. See docs/fault-model.md.</summary>
public static class StorageFaults
{
    /// <summary>Local store: half of a blob is in its temporary file.</summary>
    public const string BlobHalfWritten = "blob.half-written";

    /// <summary>Local store: the temporary file is whole and synced, the blob not yet visible.</summary>
    public const string BlobWritten = "blob.written";

    /// <summary>Local store: the blob is visible, its folder not yet synced.</summary>
    public const string BlobVisible = "blob.visible";

    /// <summary>Azure store: nothing of a blob is sent.</summary>
    public const string BlobUnsent = "blob.unsent";

    /// <summary>Azure store: half of a blob is handed to the network.</summary>
    public const string BlobHalfSent = "blob.half-sent";

    /// <summary>Azure store: the service has said that the blob is written.</summary>
    public const string BlobAnswered = "blob.answered";

    /// <summary>Before run.json is first written.</summary>
    public const string RunCreateBefore = "run.create.before";

    /// <summary>After run.json is first written.</summary>
    public const string RunCreateAfter = "run.create.after";

    /// <summary>Before run.json is changed.</summary>
    public const string RunUpdateBefore = "run.update.before";

    /// <summary>After run.json is changed.</summary>
    public const string RunUpdateAfter = "run.update.after";

    /// <summary>Before a shard's weights are written.</summary>
    public const string WeightsBefore = "checkpoint.weights.before";

    /// <summary>After a shard's weights are written.</summary>
    public const string WeightsAfter = "checkpoint.weights.after";

    /// <summary>Before a shard's moments are written.</summary>
    public const string MomentsBefore = "checkpoint.moments.before";

    /// <summary>After a shard's moments are written.</summary>
    public const string MomentsAfter = "checkpoint.moments.after";

    /// <summary>Before a manifest is written.</summary>
    public const string ManifestBefore = "checkpoint.manifest.before";

    /// <summary>After a manifest is written.</summary>
    public const string ManifestAfter = "checkpoint.manifest.after";

    /// <summary>Before a journal step is written.</summary>
    public const string JournalBefore = "journal.before";

    /// <summary>After a journal step is written.</summary>
    public const string JournalAfter = "journal.after";

    /// <summary>Before a step's metrics are written.</summary>
    public const string MetricsBefore = "metrics.before";

    /// <summary>After a step's metrics are written.</summary>
    public const string MetricsAfter = "metrics.after";

    /// <summary>Before a request is written to control.json.</summary>
    public const string RequestBefore = "request.before";

    /// <summary>After a request is written to control.json: it is durable, nobody has been told.</summary>
    public const string RequestAfter = "request.after";

    /// <summary>Before each manifest or blob that a prune deletes.</summary>
    public const string PruneDelete = "prune.delete";

    /// <summary>Before each manifest or metrics record that going back to a version deletes.</summary>
    public const string GoBackDelete = "goback.delete";

    /// <summary>Before each blob that the deletion of a run deletes, but its record.</summary>
    public const string RunDelete = "run.delete";

    /// <summary>Those of a write to a local folder.</summary>
    public static IReadOnlyList<string> Folder { get; } = [BlobHalfWritten, BlobWritten, BlobVisible];

    /// <summary>Those of a write to Azure.</summary>
    public static IReadOnlyList<string> Azure { get; } = [BlobUnsent, BlobHalfSent, BlobAnswered];

    /// <summary>Those of a step's records and checkpoint, whatever the store.</summary>
    public static IReadOnlyList<string> Run { get; } =
    [
        RunCreateBefore, RunCreateAfter, RunUpdateBefore, RunUpdateAfter,
        WeightsBefore, WeightsAfter, MomentsBefore, MomentsAfter, ManifestBefore, ManifestAfter,
        JournalBefore, JournalAfter, MetricsBefore, MetricsAfter,
    ];
}
