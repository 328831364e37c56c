using Bgpo.ExactSums;
using Orleans.Concurrency;

namespace Bgpo.Grains;

/// <summary>
/// One shard of a run: its weights, Adam moments, the exact sum of the step in work and the units in it; key =
/// <see cref="ShardKey"/>. Everything but reading is fenced by the controller's epoch and may be repeated without harm.
/// </summary>
public interface IAccumulatorGrain : IGrainWithStringKey
{
    /// <summary>
    /// Has the shard stand at a version: as it does already, by stepping back to the version before, from a replica's copy, or
    /// from a checkpoint. Only standing there already keeps the sum of the step in work.
    /// </summary>
    /// <param name="token">The controller's; raises the shard's epoch. What the shard holds of another history does not
    /// count.</param>
    /// <param name="version">Version to stand at.</param>
    /// <param name="replica">The silo whose copy to take; null: the checkpoint of that version.</param>
    /// <param name="entryJson">
    /// The shard's entry in the checkpoint's manifest, as <see cref="SavedShard"/> has it: who has read the manifest spares
    /// every shard to do so. Null: the shard reads the manifest where it needs it.
    /// </param>
    /// <exception cref="StaleVersionException">The replica does not hold that version any more.</exception>
    [ResponseTimeout("00:02:00")]
    Task<ShardStatus> Load(FencingToken token, int version, string? replica, string? entryJson = null);

    /// <summary>Adds a contribution once.</summary>
    /// <param name="contribution">A unit's gradient on this shard.</param>
    /// <exception cref="ContributionException">The values are not finite or do not fit.</exception>
    [ResponseTimeout("00:00:30")]
    Task<AddOutcome> Add(Contribution contribution);

    /// <summary>The sum of squares of the step's mean gradient on this shard, once all units are in.</summary>
    /// <param name="request">Step, epoch and how many units there must be.</param>
    [ResponseTimeout("00:00:30")]
    Task<SummaryOutcome> Summarize(SummaryRequest request);

    /// <summary>
    /// Applies AdamW and moves to the next version, which no replica holds yet: see <see cref="Replicate"/>. Asked again
    /// afterwards, it only says so.
    /// </summary>
    /// <param name="request">The step's factors.</param>
    [ResponseTimeout("00:00:30")]
    Task<ShardStatus> Commit(CommitRequest request);

    /// <summary>
    /// The shard's weights of exactly this version; empty when it does not stand there. Answered also while the version's copy is
    /// made.
    /// </summary>
    /// <param name="history">The history that the version is of.</param>
    /// <param name="version">Version wanted.</param>
    [AlwaysInterleave, ResponseTimeout("00:00:30")]
    Task<ShardWeights> GetWeights(long history, int version);

    /// <summary>Has some silo hold a copy of the version that the shard stands at, unless a live one does already.</summary>
    /// <param name="token">The controller's.</param>
    /// <param name="silos">The live silos.</param>
    [ResponseTimeout("00:01:00")]
    Task<ShardStatus> Replicate(FencingToken token, string[] silos);

    /// <summary>
    /// Saves weights and moments of the version it stands at, or of the one that was kept for this, to the store. The shard goes
    /// on working meanwhile.
    /// </summary>
    /// <param name="token">The controller's.</param>
    /// <param name="version">Version to save.</param>
    /// <exception cref="StaleVersionException">The shard has that version no more, or a newer controller has spoken.</exception>
    [AlwaysInterleave, ResponseTimeout("00:10:00")]
    Task<SavedShard> Save(FencingToken token, int version);

    /// <summary>Leaves memory: the run is over.</summary>
    /// <param name="epoch">The controller's epoch.</param>
    [ResponseTimeout("00:00:10")]
    Task Release(long epoch);

    /// <summary>What the shard holds.</summary>
    [AlwaysInterleave, ResponseTimeout("00:00:10")]
    Task<ShardStatus> GetStatus();
}

/// <summary>
/// What a request to a run's shards is fenced by: they refuse what an older controller asks, and what is of another history.
/// </summary>
/// <param name="Epoch">The controller's epoch.</param>
/// <param name="History">Number of the run's history: raised before the run goes back to a checkpoint.</param>
[GenerateSerializer, Immutable, Alias("bgpo.FencingToken")]
public readonly record struct FencingToken([property: Id(0)] long Epoch, [property: Id(1)] long History);

/// <summary>A unit's gradient on one shard.</summary>
/// <param name="Token">The controller's.</param>
/// <param name="Unit">The unit; its step is the version that the shard must stand at.</param>
/// <param name="Values">The shard's part of the flat gradient.</param>
[GenerateSerializer, Immutable, Alias("bgpo.Contribution")]
public sealed record Contribution(
    [property: Id(0)] FencingToken Token, [property: Id(1)] UnitName Unit, [property: Id(2)] Float32Block Values);

/// <summary>What became of a contribution.</summary>
public enum AddOutcome
{
    /// <summary>It is in the sum.</summary>
    Added,

    /// <summary>The sum has it already.</summary>
    Duplicate,

    /// <summary>It belongs to another version, another history or a fenced epoch, and was dropped.</summary>
    Stale,
}

/// <summary>Asks for a shard's part of the gradient norm.</summary>
/// <param name="Token">The controller's.</param>
/// <param name="Step">The step.</param>
/// <param name="Units">Units that the sum must have.</param>
/// <param name="Completions">What the sum is divided by.</param>
[GenerateSerializer, Immutable, Alias("bgpo.SummaryRequest")]
public sealed record SummaryRequest(
    [property: Id(0)] FencingToken Token, [property: Id(1)] int Step, [property: Id(2)] int Units,
    [property: Id(3)] int Completions);

/// <summary>A shard's part of the gradient norm.</summary>
/// <param name="Standing">What the shard holds; its units say which are missing.</param>
/// <param name="SumOfSquares">Sum of squares of the mean gradient; NaN when units are missing.</param>
[GenerateSerializer, Immutable, Alias("bgpo.SummaryOutcome")]
public sealed record SummaryOutcome([property: Id(0)] ShardStatus Standing, [property: Id(1)] double SumOfSquares);

/// <summary>Commits a step on a shard.</summary>
/// <param name="Token">The controller's.</param>
/// <param name="Step">The step v; the shard moves to v + 1.</param>
/// <param name="Units">Units that the sum must have: a commit that comes late may find another attempt's sum, which is not
/// whole.</param>
/// <param name="ClipFactor">What the mean gradient is multiplied by.</param>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="Completions">What the sum is divided by.</param>
/// <param name="Keep">Whether to keep version v + 1 until it is saved.</param>
[GenerateSerializer, Immutable, Alias("bgpo.CommitRequest")]
public sealed record CommitRequest(
    [property: Id(0)] FencingToken Token, [property: Id(1)] int Step, [property: Id(2)] int Units,
    [property: Id(3)] double ClipFactor,
    [property: Id(4)] double LearningRate, [property: Id(5)] int Completions, [property: Id(6)] bool Keep)
{
    /// <summary>
    /// The version that is being saved, which stays kept beside v + 1; every other that was kept goes. -1: none is.
    /// </summary>
    [Id(7)] public int Saving { get; init; } = -1;
}

/// <summary>Where a shard stands.</summary>
/// <param name="Version">Version of its weights; -1 before it is loaded.</param>
/// <param name="Epoch">Highest epoch seen.</param>
/// <param name="Units">Units in the sum of the step in work.</param>
/// <param name="Fenced">Whether the request was refused because a newer controller has spoken.</param>
/// <param name="Before">Whether it can step back to the version before.</param>
/// <param name="Replica">The silo that holds a copy of this version; empty: none.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ShardStatus")]
public sealed record ShardStatus(
    [property: Id(0)] int Version, [property: Id(1)] long Epoch, [property: Id(2)] UnitName[] Units,
    [property: Id(3)] bool Fenced,
    [property: Id(4)] bool Before, [property: Id(5)] string Replica)
{
    /// <summary>History that its version is of.</summary>
    [Id(6)] public long History { get; init; }

    /// <summary>Why the last attempt to have this version copied failed; empty: it did not.</summary>
    [Id(7)] public string CopyTrouble { get; init; } = "";

    /// <summary>Address of the silo that holds it, where copies were asked for; empty otherwise.</summary>
    [Id(8)] public string Silo { get; init; } = "";
}

/// <summary>A shard's weights.</summary>
/// <param name="Version">Their version; -1 when the shard does not stand at the version asked for.</param>
/// <param name="Values">The weights; empty then.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ShardWeights")]
public sealed record ShardWeights([property: Id(0)] int Version, [property: Id(1)] Float32Block Values);

/// <summary>A saved shard, as the manifest names it.</summary>
/// <param name="EntryJson">The shard's entry in the manifest.</param>
[GenerateSerializer, Immutable, Alias("bgpo.SavedShard")]
public sealed record SavedShard([property: Id(0)] string EntryJson);
