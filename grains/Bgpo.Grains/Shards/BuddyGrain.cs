using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Orleans.Concurrency;

namespace Bgpo.Grains.Shards;

/// <inheritdoc cref="IBuddyGrain"/>
[KeepAlive, Reentrant, SiloPinned]
public sealed class BuddyGrain(RunContexts runs, WeightsSource source) : Grain, IBuddyGrain
{
    private readonly ShardCopies _copies = new();

    /// <inheritdoc/>
    public Task Hold(ShardPart part)
    {
        _copies.Hold(part);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Settle(int shard, int version)
    {
        _copies.Settle(shard, version);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task KeepOnly(int version)
    {
        _copies.KeepOnly(version);
        source.Forget(SiloKey.Parse(this.GetPrimaryKeyString()).Run);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<HeldShard[]> GetHoldings() => Task.FromResult<HeldShard[]>([.. _copies.Whole()]);

    /// <inheritdoc/>
    public Task<ShardPart> Get(int shard, int version, ShardPartKind kind) =>
        Task.FromResult(_copies.Find(shard, version, kind) ?? new ShardPart(shard, -1, kind, Float32Block.Empty));

    /// <inheritdoc/>
    public Task Release()
    {
        string run = SiloKey.Parse(this.GetPrimaryKeyString()).Run;
        _copies.Clear();
        source.Forget(run);
        runs.Forget(run);
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>Copies of other silos' shards, two versions of each at most: a commit may have reached some shards only.</summary>
public sealed class ShardCopies
{
    private static readonly int s_parts = Enum.GetValues<ShardPartKind>().Length;

    private readonly Dictionary<HeldShard, ShardPart?[]> _held = [];

    /// <summary>Takes a part and drops the shard's versions older than the one before it.</summary>
    /// <param name="part">The part.</param>
    public void Hold(ShardPart part)
    {
        var key = new HeldShard(part.Shard, part.Version);
        if (!_held.TryGetValue(key, out ShardPart?[]? parts))
        {
            Drop(held => held.Shard == part.Shard && (held.Version < part.Version - 1 || held.Version > part.Version));
            _held[key] = parts = new ShardPart?[s_parts];
        }
        parts[(int)part.Kind] = part;
    }

    /// <summary>Drops a shard's versions older than one.</summary>
    /// <param name="shard">The shard's index.</param>
    /// <param name="version">The oldest version to keep: a newer one may have come already.</param>
    public void Settle(int shard, int version) => Drop(held => held.Shard == shard && held.Version < version);

    /// <summary>Drops the other versions of all shards.</summary>
    /// <param name="version">The version to keep.</param>
    public void KeepOnly(int version) => Drop(held => held.Version != version);

    /// <summary>What is held whole.</summary>
    public IEnumerable<HeldShard> Whole() =>
        _held.Where(held => held.Value.All(part => part is not null)).Select(held => held.Key);

    /// <summary>A part that is held, or null.</summary>
    /// <param name="shard">The shard's index.</param>
    /// <param name="version">The version.</param>
    /// <param name="kind">Which part.</param>
    public ShardPart? Find(int shard, int version, ShardPartKind kind) =>
        _held.TryGetValue(new HeldShard(shard, version), out ShardPart?[]? parts) ? parts[(int)kind] : null;

    /// <summary>Drops everything.</summary>
    public void Clear() => _held.Clear();

    private void Drop(Func<HeldShard, bool> unwanted)
    {
        foreach (HeldShard old in _held.Keys.Where(unwanted).ToArray())
        {
            _held.Remove(old);
        }
    }
}
