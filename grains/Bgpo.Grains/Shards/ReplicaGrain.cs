using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Orleans.Concurrency;

namespace Bgpo.Grains.Shards;

/// <inheritdoc cref="IReplicaGrain"/>
[KeepAlive, Reentrant, SiloPinned]
public sealed class ReplicaGrain(RunContexts runs, WeightsSource source, IPolicyDevices devices, TimeProvider time) : Grain,
    IReplicaGrain
{
    /// <summary>
    /// How long the end of a run waits for devices that are at work for it still; they free it when they are done.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly ShardCopies _copies = new();

    /// <inheritdoc/>
    public Task Hold(ShardPart part)
    {
        _copies.Hold(part);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DropOlderThan(long history, int shard, int version)
    {
        _copies.DropOlderThan(history, shard, version);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task BeginHistory(long history)
    {
        _copies.BeginHistory(history);
        source.Forget(SiloKey.Parse(this.GetPrimaryKeyString()).Run);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<HeldShard[]> GetHoldings() => Task.FromResult<HeldShard[]>([.. _copies.Whole()]);

    /// <inheritdoc/>
    public Task<ShardPart> Get(HeldShard held, ShardPartKind kind) =>
        Task.FromResult(_copies.Find(held, kind) ?? new ShardPart(held.Shard, -1, kind, Float32Block.Empty));

    /// <inheritdoc/>
    public async Task Release(long epoch)
    {
        if (epoch < _copies.Epoch)
        {
            return;
        }
        string run = SiloKey.Parse(this.GetPrimaryKeyString()).Run;
        _copies.Clear();
        source.Forget(run);
        runs.Forget(run);
        DeactivateOnIdle();
        await devices.Release(run).WaitAsync(s_patience, time).AnyEnd();
    }
}

/// <summary>
/// Copies of other silos' shards, two versions of each at most: a commit may have reached some shards only. All are of the newest
/// history that was heard of.
/// </summary>
public sealed class ShardCopies
{
    private static readonly int s_parts = Enum.GetValues<ShardPartKind>().Length;

    private readonly Dictionary<HeldShard, ShardPart?[]> _held = [];
    private long _history;

    /// <summary>The newest controller's epoch that was heard of.</summary>
    public long Epoch { get; private set; }

    /// <summary>
    /// Takes a part and drops the shard's versions older than the one before it; a part of an older history is not taken.
    /// </summary>
    /// <param name="part">The part.</param>
    public void Hold(ShardPart part)
    {
        Epoch = Math.Max(Epoch, part.Token.Epoch);
        BeginHistory(part.Token.History);
        if (part.Token.History < _history)
        {
            return;
        }
        var key = new HeldShard(part.Shard, part.Version, _history);
        if (!_held.TryGetValue(key, out ShardPart?[]? parts))
        {
            Drop(held => held.Shard == part.Shard && (held.Version < part.Version - 1 || held.Version > part.Version));
            _held[key] = parts = new ShardPart?[s_parts];
        }
        parts[(int)part.Kind] = part;
    }

    /// <summary>Drops a shard's versions older than one.</summary>
    /// <param name="history">The history that the version is of.</param>
    /// <param name="shard">The shard's index.</param>
    /// <param name="version">The oldest version to keep: a newer one may have come already.</param>
    public void DropOlderThan(long history, int shard, int version) =>
        Drop(held => held.Shard == shard && held.History == history && held.Version < version);

    /// <summary>Drops what is of older histories.</summary>
    /// <param name="history">The history that goes on; an older one changes nothing.</param>
    public void BeginHistory(long history)
    {
        if (history > _history)
        {
            _history = history;
            Clear();
        }
    }

    /// <summary>What is held whole.</summary>
    public IEnumerable<HeldShard> Whole() =>
        _held.Where(held => held.Value.All(part => part is not null)).Select(held => held.Key);

    /// <summary>A part that is held, or null.</summary>
    /// <param name="wanted">The shard's version.</param>
    /// <param name="kind">Which part.</param>
    public ShardPart? Find(HeldShard wanted, ShardPartKind kind) =>
        _held.TryGetValue(wanted, out ShardPart?[]? parts) ? parts[(int)kind] : null;

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
