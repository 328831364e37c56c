using System.Text.Json;
using Bgpo.Storage;
using Orleans;

namespace Bgpo.Grains;

/// <inheritdoc cref="IAccumulatorGrain"/>
[KeepAlive]
public sealed class AccumulatorGrain(RunContexts runs, RunCatalog catalog) : Grain, IAccumulatorGrain
{
    private ShardAccumulator? _shard;
    private RunStore? _store;
    private int _index;

    private ShardAccumulator Shard => _shard ?? throw new InvalidOperationException("The grain is not activated.");

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (string run, _index) = ShardKey.Parse(this.GetPrimaryKeyString());
        RunContext context = await runs.Get(run, cancellationToken);
        _store = catalog.Run(run);
        _shard = new ShardAccumulator(_index, context.Spec.Optimizer);
    }

    /// <inheritdoc/>
    public async Task<ShardStanding> Load(long epoch, int version)
    {
        if (!Shard.Accept(epoch))
        {
            return Shard.Standing(fenced: true);
        }
        if (Shard.Version != version)
        {
            CheckpointManifest manifest = await _store!.ReadManifestAsync(version)
                ?? throw new RunException($"run '{_store.RunId}' has no checkpoint of version {version}.");
            Shard.Load(version, await _store.LoadShardAsync(manifest.Shards[_index]));
        }
        return Shard.Standing();
    }

    /// <inheritdoc/>
    public Task<AddOutcome> Add(Contribution contribution)
    {
        AddOutcome outcome = Shard.Add(contribution);
        contribution.Release();
        return Task.FromResult(outcome);
    }

    /// <inheritdoc/>
    public Task<SummaryOutcome> Summarize(SummaryRequest request) => Task.FromResult(Shard.Summarize(request));

    /// <inheritdoc/>
    public Task<ShardStanding> Commit(CommitRequest request) => Task.FromResult(Shard.Commit(request));

    /// <inheritdoc/>
    public Task<ShardWeights> GetWeights(int version) => Task.FromResult(
        Shard.Version == version ? new ShardWeights(version, Shard.Weights) : new ShardWeights(-1, ReadOnlyMemory<float>.Empty));

    /// <inheritdoc/>
    public async Task<SavedShard> Save(long epoch, int version)
    {
        if (!Shard.Accept(epoch) || Shard.Version != version)
        {
            throw new StaleVersionException(
                $"shard {_index} of run {_store!.RunId} stands at version {Shard.Version}, epoch {Shard.Standing().Epoch}; "
                + $"version {version} of epoch {epoch} cannot be saved.");
        }
        ShardEntry entry = await _store!.SaveShardAsync(Shard.Snapshot());
        return new SavedShard(JsonSerializer.Serialize(entry));
    }

    /// <inheritdoc/>
    public Task<ShardStanding> GetStanding() => Task.FromResult(Shard.Standing());
}
