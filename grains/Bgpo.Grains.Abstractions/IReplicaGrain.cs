namespace Bgpo.Grains;

/// <summary>
/// Holds copies of shards that live on other silos, in one silo's memory, so that losing any one silo rolls nothing back; key =
/// <see cref="SiloKey"/>. Pinned to that silo. Within a history a version's state is the same whoever computed it; copies of an
/// older history are dropped when one of a newer comes.
/// </summary>
public interface IReplicaGrain : IGrainWithStringKey
{
    /// <summary>Takes one of the three parts of a shard's state. Versions older than the one before it are dropped.</summary>
    /// <param name="part">The part.</param>
    [ResponseTimeout("00:00:30")]
    Task Hold(ShardPart part);

    /// <summary>Drops what is held of a shard that is older than a version: every shard of the run has that one.</summary>
    /// <param name="history">The history that the version is of.</param>
    /// <param name="shard">The shard's index.</param>
    /// <param name="version">The oldest version to keep.</param>
    [ResponseTimeout("00:00:10")]
    Task DropOlderThan(long history, int shard, int version);

    /// <summary>
    /// Drops what is held of older histories, and the weights that were pulled: the run goes on from a checkpoint.
    /// </summary>
    /// <param name="history">The history that goes on.</param>
    [ResponseTimeout("00:00:10")]
    Task BeginHistory(long history);

    /// <summary>The shards' versions that are held whole.</summary>
    [ResponseTimeout("00:00:10")]
    Task<HeldShard[]> GetHoldings();

    /// <summary>One part of a held shard; empty, of version -1, when it is not held.</summary>
    /// <param name="held">The shard's version.</param>
    /// <param name="kind">Which part.</param>
    [ResponseTimeout("00:00:30")]
    Task<ShardPart> Get(HeldShard held, ShardPartKind kind);

    /// <summary>
    /// Forgets all that this silo keeps of the run in memory, unless a newer controller has begun: the run is over.
    /// </summary>
    /// <param name="epoch">The controller's epoch.</param>
    [ResponseTimeout("00:00:10")]
    Task Release(long epoch);
}

/// <summary>The parts of a shard's state, each one message.</summary>
public enum ShardPartKind
{
    /// <summary>Weights.</summary>
    Weights,

    /// <summary>Adam's first moments.</summary>
    FirstMoment,

    /// <summary>Adam's second moments.</summary>
    SecondMoment,
}

/// <summary>A part of a shard's state.</summary>
/// <param name="Shard">The shard's index.</param>
/// <param name="Version">The version.</param>
/// <param name="Kind">Which part.</param>
/// <param name="Values">The values; never written again.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ShardPart")]
public sealed record ShardPart(
    [property: Id(0)] int Shard, [property: Id(1)] int Version, [property: Id(2)] ShardPartKind Kind,
    [property: Id(3)] Float32Block Values)
{
    /// <summary>The controller's for whom the copy is made; its history is the version's.</summary>
    [Id(4)] public FencingToken Token { get; init; }
}

/// <summary>A shard's version that a replica holds whole.</summary>
/// <param name="Shard">The shard's index.</param>
/// <param name="Version">The version.</param>
/// <param name="History">The history that the version is of.</param>
[GenerateSerializer, Immutable, Alias("bgpo.HeldShard")]
public readonly record struct HeldShard(
    [property: Id(0)] int Shard, [property: Id(1)] int Version, [property: Id(2)] long History = 0);
