using System.Text.Json.Serialization;

namespace Bgpo.Grains;

/// <summary>Something that happened to a run, in order, for whoever watches.</summary>
/// <param name="Sequence">Counts a controller's events from 1; a watcher that reconnects names the last one it saw.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunEvent")]
public abstract record RunEvent([property: Id(0)] long Sequence);

/// <summary>The run began, or went on from a checkpoint.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Version it starts at; above 0 it resumes.</param>
/// <param name="Steps">Versions to reach.</param>
/// <param name="Parameters">Trainable parameters.</param>
/// <param name="Shards">Shards that hold them.</param>
/// <param name="Epoch">Controller's epoch.</param>
/// <param name="Task">Task name.</param>
/// <param name="Store">Where the run is kept, for people.</param>
/// <param name="Fingerprint">Numerics of the devices: library, BLAS, processor, threads per device.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunStarted")]
public sealed record RunStarted(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version, [property: Id(2)] int Steps,
    [property: Id(3)] long Parameters, [property: Id(4)] int Shards, [property: Id(5)] long Epoch,
    [property: Id(6)] string Task, [property: Id(7)] string Store, [property: Id(8)] string Fingerprint) : RunEvent(Sequence)
{
    /// <summary>Version of the newest checkpoint.</summary>
    [Id(9)] public int Checkpoint { get; init; }

    /// <summary>When the run would have begun, had it gone on without a stop, milliseconds of UTC since 1970.</summary>
    [Id(10)] public long SinceUnixMilliseconds { get; init; }
}

/// <summary>What a controller's work in hand is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunPhase>))]
public enum RunPhase
{
    /// <summary>Held-out problems are answered.</summary>
    [JsonStringEnumMemberName("evaluate")]
    Evaluate,

    /// <summary>A batch's groups are sampled and scored.</summary>
    [JsonStringEnumMemberName("rollout")]
    Rollout,

    /// <summary>A step's units are computed.</summary>
    [JsonStringEnumMemberName("gradient")]
    Gradient,

    /// <summary>The shards move to the next version.</summary>
    [JsonStringEnumMemberName("commit")]
    Commit,

    /// <summary>A checkpoint is saved, and steps wait for it.</summary>
    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint,
}

/// <summary>How far the work in hand has come. Sent at most a few times a second; a watcher may miss some.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Version">Version whose step is in work.</param>
/// <param name="Phase">What is being done.</param>
/// <param name="Done">Units of the phase that are done.</param>
/// <param name="Total">Units of the phase.</param>
/// <param name="InFlight">Units on devices now.</param>
/// <param name="Devices">Live devices.</param>
[GenerateSerializer, Immutable, Alias("bgpo.Progressed")]
public sealed record Progressed(
    long Sequence, [property: Id(0)] int Version, [property: Id(1)] RunPhase Phase, [property: Id(2)] int Done,
    [property: Id(3)] int Total, [property: Id(4)] int InFlight, [property: Id(5)] int Devices) : RunEvent(Sequence);

/// <summary>A step was committed.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Metrics">Its measurements.</param>
[GenerateSerializer, Immutable, Alias("bgpo.StepCommitted")]
public sealed record StepCommitted(long Sequence, [property: Id(0)] StepMetrics Metrics) : RunEvent(Sequence);

/// <summary>The held-out set was evaluated.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Version">Version evaluated.</param>
/// <param name="Result">What came out.</param>
/// <param name="Final">Whether this is the full evaluation before or after the run, not one in between.</param>
[GenerateSerializer, Immutable, Alias("bgpo.Evaluated")]
public sealed record Evaluated(
    long Sequence, [property: Id(0)] int Version, [property: Id(1)] EvaluationSummary Result, [property: Id(2)] bool Final)
    : RunEvent(Sequence);

/// <summary>A checkpoint is complete.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Version">Version saved.</param>
/// <param name="Location">Its manifest, for people.</param>
/// <param name="Seconds">Time it took.</param>
[GenerateSerializer, Immutable, Alias("bgpo.CheckpointSaved")]
public sealed record CheckpointSaved(
    long Sequence, [property: Id(0)] int Version, [property: Id(1)] string Location, [property: Id(2)] double Seconds)
    : RunEvent(Sequence);

/// <summary>Work whose silo failed it has started on another one.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="From">Address of the silo that failed it.</param>
/// <param name="To">Address of the silo that does it now; may be the same.</param>
/// <param name="Reason">Why it failed, one line.</param>
/// <param name="UnixMilliseconds">When it started there, milliseconds of UTC since 1970.</param>
[GenerateSerializer, Immutable, Alias("bgpo.WorkMoved")]
public sealed record WorkMoved(
    long Sequence, [property: Id(0)] string From, [property: Id(1)] string To, [property: Id(2)] string Reason,
    [property: Id(3)] long UnixMilliseconds) : RunEvent(Sequence)
{
    /// <summary>Name of the silo that failed it.</summary>
    [Id(4)] public string FromName { get; init; } = "";

    /// <summary>Name of the silo that does it now.</summary>
    [Id(5)] public string ToName { get; init; } = "";
}

/// <summary>
/// The grader failed completions of a group, however often they were tried: the group is left out of its batch, and counts
/// neither as right nor as wrong.
/// </summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Step">The batch's step.</param>
/// <param name="Group">The group's place in the batch.</param>
/// <param name="PromptId">Its problem.</param>
/// <param name="Failed">Completions that could not be scored.</param>
/// <param name="Completions">Completions of the group.</param>
/// <param name="Reason">What the grader said of the first of them.</param>
[GenerateSerializer, Immutable, Alias("bgpo.GroupLeftOut")]
public sealed record GroupLeftOut(
    long Sequence, [property: Id(0)] int Step, [property: Id(1)] int Group, [property: Id(2)] string PromptId,
    [property: Id(3)] int Failed, [property: Id(4)] int Completions, [property: Id(5)] string Reason) : RunEvent(Sequence)
{
    /// <summary>One line for people.</summary>
    public string Describe() =>
        $"group {Group} of step {Step} ({PromptId}) is left out: {Failed} of {Completions} completions could not be scored: {Reason}";
}

/// <summary>The live silos are others than before.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Silos">Silos that live now.</param>
/// <param name="Devices">Their devices.</param>
/// <param name="Joined">Names of those that came; of all, when the controller first looks.</param>
/// <param name="Lost">Names of those that are gone.</param>
/// <param name="UnixMilliseconds">When it was seen, milliseconds of UTC since 1970.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RosterChanged")]
public sealed record RosterChanged(
    long Sequence, [property: Id(0)] int Silos, [property: Id(1)] int Devices, [property: Id(2)] string[] Joined,
    [property: Id(3)] string[] Lost, [property: Id(4)] long UnixMilliseconds) : RunEvent(Sequence);

/// <summary>The store takes nothing for now, or takes it again.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Healthy">Whether it takes writes.</param>
/// <param name="Behind">Committed versions that it has not taken yet.</param>
/// <param name="Waiting">Whether training waits for it.</param>
/// <param name="Message">One line for people.</param>
[GenerateSerializer, Immutable, Alias("bgpo.StoreStatus")]
public sealed record StoreStatus(
    long Sequence, [property: Id(0)] bool Healthy, [property: Id(1)] int Behind, [property: Id(2)] bool Waiting,
    [property: Id(3)] string Message) : RunEvent(Sequence);

/// <summary>Something worth a line: a bad checkpoint passed over, shards placed anew.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Message">One line for people.</param>
[GenerateSerializer, Immutable, Alias("bgpo.Noticed")]
public sealed record Noticed(long Sequence, [property: Id(0)] string Message) : RunEvent(Sequence);

/// <summary>Something keeps the run from learning, or does so no longer.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Version">Version at which it was seen.</param>
/// <param name="Concern">What it is.</param>
/// <param name="IsOver">Whether it is over.</param>
/// <param name="Message">One line for people: what, since when, what to change.</param>
[GenerateSerializer, Immutable, Alias("bgpo.LearningWarned")]
public sealed record LearningWarned(
    long Sequence, [property: Id(0)] int Version, [property: Id(1)] LearningConcern Concern, [property: Id(2)] bool IsOver,
    [property: Id(3)] string Message) : RunEvent(Sequence);

/// <summary>The run reached its last version.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Last version.</param>
/// <param name="WeightsSha256">The weights' hash, lower-case hex.</param>
/// <param name="Before">Held-out evaluation of version 0.</param>
/// <param name="After">Held-out evaluation of the last version.</param>
/// <param name="Seconds">Time that the run took; pauses are in it, the time between a stop and its going on is not.</param>
/// <param name="Checkpoint">The last checkpoint's manifest, for people.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunCompleted")]
public sealed record RunCompleted(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version, [property: Id(2)] string WeightsSha256,
    [property: Id(3)] EvaluationSummary Before, [property: Id(4)] EvaluationSummary After, [property: Id(5)] double Seconds,
    [property: Id(6)] string Checkpoint) : RunEvent(Sequence)
{
    /// <summary>What kept it from learning, a line each with the versions: of its last controller.</summary>
    [Id(7)] public string[] Warnings { get; init; } = [];
}

/// <summary>
/// The run is paused: on request, its checkpoint written, until it is told to go on; or because something cannot be saved, its
/// weights held in memory, until it can. The step in work then is the last.
/// </summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Version at which it waits.</param>
/// <param name="Reason">Why; empty when nothing was said.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunPaused")]
public sealed record RunPaused(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version, [property: Id(2)] string Reason) : RunEvent(
        Sequence);

/// <summary>The paused run goes on.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Version at which it goes on.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunWentOn")]
public sealed record RunWentOn(long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version) : RunEvent(Sequence);

/// <summary>Fields of the spec were changed on request.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="FromStep">First step that the change holds for.</param>
/// <param name="Steps">Versions to reach, with the change.</param>
/// <param name="Fields">The changes, <c>field=value</c> each.</param>
[GenerateSerializer, Immutable, Alias("bgpo.SpecChanged")]
public sealed record SpecChanged(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int FromStep, [property: Id(2)] int Steps,
    [property: Id(3)] string[] Fields) : RunEvent(Sequence);

/// <summary>The run was stopped on request, its checkpoint written.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Version saved.</param>
/// <param name="Reason">Why.</param>
/// <param name="WeightsSha256">The weights' hash, lower-case hex.</param>
/// <param name="Checkpoint">The checkpoint's manifest, for people.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunStopped")]
public sealed record RunStopped(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version, [property: Id(2)] string Reason,
    [property: Id(3)] string WeightsSha256, [property: Id(4)] string Checkpoint) : RunEvent(Sequence)
{
    /// <summary>What kept it from learning, a line each with the versions: of its last controller.</summary>
    [Id(5)] public string[] Warnings { get; init; } = [];
}

/// <summary>The run cannot go on.</summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Run">Run id.</param>
/// <param name="Version">Version reached.</param>
/// <param name="Message">One line: what, where, what to do.</param>
/// <param name="Store">Whether it is the store that refused (read-only, full, gone), not the training that failed.</param>
[GenerateSerializer, Immutable, Alias("bgpo.RunFailed")]
public sealed record RunFailed(
    long Sequence, [property: Id(0)] string Run, [property: Id(1)] int Version, [property: Id(2)] string Message,
    [property: Id(3)] bool Store) : RunEvent(Sequence);

/// <summary>A held-out evaluation. Its means are of the problems that were judged, NaN where none was.</summary>
/// <param name="GreedyExact">Share of problems solved outright at temperature 0.</param>
/// <param name="SampledExact">The same at the evaluation's temperature.</param>
/// <param name="MeanReward">Mean reward at temperature 0.</param>
/// <param name="Count">Problems.</param>
[GenerateSerializer, Immutable, Alias("bgpo.EvaluationSummary")]
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record EvaluationSummary(
    [property: Id(0)] double GreedyExact, [property: Id(1)] double SampledExact, [property: Id(2)] double MeanReward,
    [property: Id(3)] int Count)
{
    /// <summary>Share of answers at temperature 0 that were not of the form that is asked for.</summary>
    [Id(4)] public double MalformedShare { get; init; }

    /// <summary>Answers at temperature 0 that the grader could not judge; they are in no mean.</summary>
    [Id(5)] public int Failed { get; init; }

    /// <summary>The same at the evaluation's temperature.</summary>
    [Id(6)] public int FailedSampled { get; init; }

    /// <summary>Each task of a mixture by itself; null in other runs.</summary>
    [Id(7)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TaskEvaluation[]? Tasks { get; init; }
}

/// <summary>The part of a held-out evaluation that is of one task of a mixture.</summary>
/// <param name="Task">The task's label.</param>
/// <param name="GreedyExact">Share of problems solved outright at temperature 0.</param>
/// <param name="SampledExact">The same at the evaluation's temperature.</param>
/// <param name="MeanReward">Mean reward at temperature 0.</param>
/// <param name="MalformedShare">Share of answers at temperature 0 that were not of the form that is asked for.</param>
/// <param name="Count">Problems.</param>
[GenerateSerializer, Immutable, Alias("bgpo.TaskEvaluation")]
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TaskEvaluation(
    [property: Id(0)] string Task, [property: Id(1)] double GreedyExact, [property: Id(2)] double SampledExact,
    [property: Id(3)] double MeanReward, [property: Id(4)] double MalformedShare, [property: Id(5)] int Count);

/// <summary>What a committed step measured of one task of a mixture. Means are NaN where nothing was judged.</summary>
/// <param name="Task">The task's label.</param>
/// <param name="Groups">Groups of the update that are of it.</param>
/// <param name="MeanReward">Mean reward of their completions that were judged.</param>
/// <param name="SolveRate">Share of them that solve their problem outright.</param>
/// <param name="MalformedShare">Share of them that are not of the form that is asked for.</param>
[GenerateSerializer, Immutable, Alias("bgpo.TaskMetrics")]
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TaskMetrics(
    [property: Id(0)] string Task, [property: Id(1)] int Groups, [property: Id(2)] double MeanReward,
    [property: Id(3)] double SolveRate, [property: Id(4)] double MalformedShare);

/// <summary>What a committed step measured.</summary>
[GenerateSerializer, Immutable, Alias("bgpo.StepMetrics")]
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record StepMetrics
{
    /// <summary>Version that the step made: v + 1.</summary>
    [Id(0)] public int Version { get; init; }

    /// <summary>Mean reward of the update's completions that were judged; NaN where none was.</summary>
    [Id(1)] public double MeanReward { get; init; }

    /// <summary>Share of them that solve their problem outright.</summary>
    [Id(2)] public double SolveRate { get; init; }

    /// <summary>Groups with spread in their rewards: those that teach.</summary>
    [Id(3)] public int ActiveGroups { get; init; }

    /// <summary>Groups of the update.</summary>
    [Id(4)] public int Groups { get; init; }

    /// <summary>Monte Carlo samples that contributed.</summary>
    [Id(5)] public int Samples { get; init; }

    /// <summary>Units that contributed.</summary>
    [Id(6)] public int Units { get; init; }

    /// <summary>Norm of the gradient before clipping.</summary>
    [Id(7)] public double GradientNorm { get; init; }

    /// <summary>Learning rate used.</summary>
    [Id(8)] public double LearningRate { get; init; }

    /// <summary>The lower bound R_lb, averaged over the update's completions.</summary>
    [Id(9)] public double Objective { get; init; }

    /// <summary>Mean ELBO estimate of the update's active completions, in nats per completion.</summary>
    [Id(10)] public double Elbo { get; init; }

    /// <summary>Times that the bound on exp(d) acted.</summary>
    [Id(11)] public int BoundHits { get; init; }

    /// <summary>Device seconds of rollouts, summed over devices.</summary>
    [Id(12)] public double RolloutSeconds { get; init; }

    /// <summary>Seconds spent scoring, summed.</summary>
    [Id(13)] public double RewardSeconds { get; init; }

    /// <summary>Device seconds of gradient units, summed over devices.</summary>
    [Id(14)] public double GradientSeconds { get; init; }

    /// <summary>Seconds from the last unit to the commit's end.</summary>
    [Id(15)] public double CommitSeconds { get; init; }

    /// <summary>Wall-clock seconds of the step.</summary>
    [Id(16)] public double Seconds { get; init; }

    /// <summary>Tokens sampled in the step.</summary>
    [Id(17)] public int Tokens { get; init; }

    /// <summary>Units that had to be dispatched again.</summary>
    [Id(18)] public int Redispatched { get; init; }

    /// <summary>Resident memory of the controller's process, MiB.</summary>
    [Id(19)] public double RssMiB { get; init; }

    /// <summary>Seconds of former attempts at this step that came to nothing, and of recovering from them.</summary>
    [Id(20)] public double LostSeconds { get; init; }

    /// <summary>
    /// The units that were in the sum of every shard, a string a group: <c>group:blocks</c>, see <see cref="Ledger"/>.
    /// </summary>
    [Id(21)] public string[] Ledger { get; init; } = [];

    /// <summary>Live silos at the commit.</summary>
    [Id(22)] public int Silos { get; init; }

    /// <summary>Their devices.</summary>
    [Id(23)] public int Devices { get; init; }

    /// <summary>Each task of a mixture by itself, those that the update has groups of; null in other runs.</summary>
    [Id(42)] public TaskMetrics[]? Tasks { get; init; }

    /// <summary>The held-out evaluation of the version that the step made; null where none was due.</summary>
    [Id(27)] public EvaluationSummary? Evaluation { get; init; }

    /// <summary>When it was committed, milliseconds of UTC since 1970.</summary>
    [Id(28)] public long UnixMilliseconds { get; init; }

    /// <summary>Versions before this one that the store lacked when it was committed.</summary>
    [Id(30)] public int StoreBehind { get; init; }

    /// <summary>Attempts at the store that the controller's process made again during the step.</summary>
    [Id(31)] public long StoreRetries { get; init; }

    /// <summary>Units that were halved to fit the exact sum, and are in it with less than their weight.</summary>
    [Id(33)] public int HalvedUnits { get; init; }

    /// <summary>Different completions of a group, as a share of its completions, averaged over the update's groups.</summary>
    [Id(34)] public double DistinctShare { get; init; }

    /// <summary>Share of the update's completions that have no end-of-sequence token.</summary>
    [Id(35)] public double UnendedShare { get; init; }

    /// <summary>Highest reward of the update's completions less the lowest.</summary>
    [Id(36)] public double RewardRange { get; init; }

    /// <summary>
    /// Operations on the store that the controller's process gave up as unavailable during the step; they come again later.
    /// </summary>
    [Id(32)] public long StoreFailures { get; init; }

    /// <summary>Share of the update's judged completions that were not of the form that is asked for.</summary>
    [Id(37)] public double MalformedShare { get; init; }

    /// <summary>Completions that the grader could not judge, after all attempts; they are in no mean.</summary>
    [Id(38)] public int RewardsFailed { get; init; }

    /// <summary>Groups that were left out for that.</summary>
    [Id(39)] public int LeftOutGroups { get; init; }

    /// <summary>Completions that were scored again since the grader had failed.</summary>
    [Id(40)] public int RewardRetries { get; init; }

    /// <summary>Seconds that completions waited for a place to be scored, summed.</summary>
    [Id(41)] public double RewardQueueSeconds { get; init; }
}
