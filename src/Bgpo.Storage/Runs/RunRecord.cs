using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Bgpo.Storage.Runs;

/// <summary>The durable truth about a run: its <c>run.json</c>, changed only by If-Match.</summary>
public sealed record RunRecord
{
    /// <summary>How long a controller that cannot be seen counts as alive after it last wrote run.json.</summary>
    public static TimeSpan LeaseDuration { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Format written by this version.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format of the file.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>The run's id, also its folder.</summary>
    public required string RunId { get; init; }

    /// <summary>What the run is doing.</summary>
    public required RunState State { get; init; }

    /// <summary>The effective run spec, YAML.</summary>
    public required string Spec { get; init; }

    /// <summary>Seed of every random number of the run.</summary>
    public required long Seed { get; init; }

    /// <summary>Fencing number of the controller that wrote this; raised by each new controller.</summary>
    public long Epoch { get; init; }

    /// <summary>
    /// Random, the run's own for good: another run that gets the id later has another. Null in records of older versions. Set by
    /// <see cref="RunStore.CreateAsync"/>.
    /// </summary>
    public string? Uid { get; init; }

    /// <summary>
    /// Number of the run's history, raised before its shards go back to a checkpoint: what a cluster's memory holds of a version
    /// counts only where it is of this history.
    /// </summary>
    public long History { get; init; }

    /// <summary>The cluster that drives the run; empty for one that a single process drives.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>The machine of the process or cluster that drives the run; empty where nobody has.</summary>
    public string Host { get; init; } = "";

    /// <summary>
    /// The controller that wrote this: tells its own writes from those of another that has the same epoch in mind.
    /// </summary>
    public string Controller { get; init; } = "";

    /// <summary>Version of the newest published checkpoint that the controller knows of; null before the first.</summary>
    public int? LatestCheckpoint { get; init; }

    /// <summary>
    /// Version that a controller has begun to go back to: what is newer goes before anything else is done; null when done.
    /// </summary>
    public int? GoingBackTo { get; init; }

    /// <summary>When the run was created (UTC). Set by <see cref="RunStore.CreateAsync"/>.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When this record was written (UTC). Set by <see cref="RunStore"/>.</summary>
    public DateTimeOffset Updated { get; init; }

    /// <summary>
    /// When the run would have begun, had it gone on without a stop (UTC): its time is since then. Neither a pause nor a
    /// controller that takes over from one that died changes it.
    /// </summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>What the bits depend on beside the spec: device kind, threads, library versions.</summary>
    public required string NumericsFingerprint { get; init; }

    /// <summary>Parameters of a shard; the last may be shorter.</summary>
    public int ShardSize { get; init; } = WeightsHash.ShardSize;

    /// <summary>Length of the flat trainable vector.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>
    /// The run and version that this one was forked from, <c>RUN@VERSION</c>; null for one that began by itself.
    /// </summary>
    public string? ForkedFrom { get; init; }

    /// <summary>The task's evaluation data file; null where there is none, and in records of older versions.</summary>
    public RunFile? EvaluationData { get; init; }

    /// <summary>
    /// The other data files, in the order in which the spec names them, each once: training files, and those of a mixture's
    /// tasks. Null where there are none, and in records of older versions.
    /// </summary>
    public IReadOnlyList<RunFile>? DataFiles { get; init; }

    /// <summary>SHA-256 of the tokenizer's text, which each manifest holds; null in records of older versions.</summary>
    public string? TokenizerSha256 { get; init; }

    /// <summary>
    /// The tokenizer's file, where the manifests only name it; null where they hold it, and in records of older versions.
    /// </summary>
    public RunFile? TokenizerFile { get; init; }

    /// <summary>Key of the call that began the run: the same call made again finds its own; null where it had none.</summary>
    public string? BegunBy { get; init; }

    /// <summary>Key of the newest call with one that had the run go on; null before the first.</summary>
    public string? ResumedBy { get; init; }

    /// <summary>Why the run is paused or was stopped; null where it is neither.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// What cannot be saved, so that the run takes no step until it is; null: nothing. <see cref="State"/> is paused meanwhile. A
    /// controller that finds it tries again.
    /// </summary>
    public string? HeldBy { get; init; }

    /// <summary>Number of the newest request of <c>control.json</c> that a controller has taken; 0 before the first.</summary>
    public long RequestsTaken { get; init; }

    /// <summary>What came of the newest requests, by number; null before the first.</summary>
    public IReadOnlyList<RequestAnswer>? Answers { get; init; }

    /// <summary>Fields that were changed in mid-run, in the order in which they were; null when none was.</summary>
    public IReadOnlyList<SpecChange>? Changes { get; init; }

    /// <summary>
    /// Random, another for each write: tells a writer's own bytes from another's. Set by <see cref="RunStore"/>.
    /// </summary>
    public string? Nonce { get; init; }

    /// <summary>Summary of the result, free-form; null until there is one.</summary>
    public JsonObject? Result { get; init; }

    /// <summary>Whether somebody has paused the run; one that is only held goes on by itself.</summary>
    [JsonIgnore]
    public bool IsPausedByRequest => State == RunState.Paused && (HeldBy is null || Reason != HeldBy);

    /// <summary>
    /// Tells the run from others that had its id: <see cref="Uid"/>, or when it was created where the record has none.
    /// </summary>
    [JsonIgnore]
    public string Identity => Uid ?? Created.UtcTicks.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>The version that the run's chain begins with: 0, or that of the checkpoint it was forked from.</summary>
    [JsonIgnore]
    public int FirstVersion =>
        ForkedFrom is { } from ? int.Parse(from[(from.LastIndexOf('@') + 1)..], CultureInfo.InvariantCulture) : 0;
}

/// <summary>A file from outside that the run depends on.</summary>
/// <param name="Sha256">SHA-256 of its bytes.</param>
/// <param name="Bytes">How many they are.</param>
/// <param name="IsKept">Whether the run has a copy, <c>files/SHA256</c>.</param>
/// <param name="Path">Where it was when the run began; null where it was a pipe.</param>
public sealed record RunFile(string Sha256, long Bytes, bool IsKept, string? Path = null);

/// <summary>A run record as read, with the ETag to change it by.</summary>
/// <param name="Record">The record.</param>
/// <param name="ETag">Pass to <see cref="RunStore.UpdateAsync"/>.</param>
public sealed record StoredRun(RunRecord Record, string ETag);
