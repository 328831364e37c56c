using System.Text.Json;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Shards;

/// <inheritdoc cref="IAccumulatorGrain"/>
[KeepAlive, HoldsState, ShardSpread]
public sealed partial class AccumulatorGrain(
    RunContexts runs, RunCatalog catalog, SiloRoster roster, ILocalSiloDetails silo, ILogger<AccumulatorGrain> log)
    : Grain, IAccumulatorGrain
{
    private readonly string _silo = silo.SiloAddress.ToParsableString();
    private ShardAccumulator? _shard;
    private RunStore? _store;
    private string _run = "";
    private int _index;

    /// <summary>The replica of the version before: it goes on being the replica as long as it lives.</summary>
    private string _formerReplica = "";

    /// <summary>The silo that took no copy when it was last asked: another is asked next, where there is one.</summary>
    private string _unwilling = "";

    /// <summary>Whether the replica has been told that the version before is no longer needed.</summary>
    private bool _settled = true;
    private (long History, int Version, ShardEntry Entry)? _saved;

    private ShardAccumulator Shard => _shard ?? throw new InvalidOperationException("The grain is not activated.");

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_run, _index) = ShardKey.Parse(this.GetPrimaryKeyString());
        RunSpec spec = await runs.GetSpec(_run, cancellationToken);
        _store = catalog.Run(RunKey.IdOf(_run)).Existing();
        _shard = new ShardAccumulator(_index, spec.Optimizer);
    }

    /// <summary>A silo that leaves in peace takes no state along.</summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (reason.ReasonCode == DeactivationReasonCode.ShuttingDown && _shard is { Replica: "" })
        {
            await Replicate(Shard.Token, await roster.StateHolders());
        }
    }

    /// <inheritdoc/>
    public async Task<ShardStatus> Load(FencingToken token, int version, string? replica, string? entryJson)
    {
        if (!Shard.Accept(token.Epoch))
        {
            return Shard.GetStatus(fenced: true);
        }
        if (Shard.History != token.History || (Shard.Version != version && !Shard.StepBack(version)))
        {
            FaultPoint.Hit(GrainFaults.ShardLoad);
            var wanted = new HeldShard(_index, version, token.History);
            ShardState state = replica is null ? await FromCheckpoint(wanted, entryJson) : await FromReplica(replica, wanted);
            Shard.Load(token.History, version, state);
            if (replica is not null && replica != _silo)
            {
                (Shard.Replica, _formerReplica, _settled) = (replica, replica, false);
            }
        }
        Shard.DropFormer(token.Epoch);
        return Shard.GetStatus();
    }

    /// <inheritdoc/>
    public Task<AddOutcome> Add(Contribution contribution)
    {
        AddOutcome outcome = Shard.Add(contribution);
        if (outcome == AddOutcome.Added)
        {
            FaultPoint.Hit(GrainFaults.ShardAdded);
            if (!_settled)
            {
                _settled = true;
                _ = DropOlderThan(_formerReplica, Shard.History, Shard.Version);
            }
        }
        contribution.Values.Release();
        return Task.FromResult(outcome);
    }

    /// <inheritdoc/>
    public Task<SummaryOutcome> Summarize(SummaryRequest request) => Task.FromResult(Shard.Summarize(request));

    /// <inheritdoc/>
    public Task<ShardStatus> Commit(CommitRequest request)
    {
        FaultPoint.Hit(GrainFaults.ShardBeforeCommit);
        ShardStatus status = Shard.Commit(request);
        FaultPoint.Hit(GrainFaults.ShardCommitted);
        return Task.FromResult(status);
    }

    /// <inheritdoc/>
    public async Task<ShardStatus> Replicate(FencingToken token, string[] silos)
    {
        if (!Shard.Accept(token.Epoch))
        {
            return Shard.GetStatus(fenced: true);
        }
        if (Shard.Version < 0 || Shard.History != token.History || (Shard.Replica.Length > 0 && silos.Contains(Shard.Replica)))
        {
            return Shard.GetStatus() with { Silo = _silo };
        }
        (Shard.Replica, Shard.CopyTrouble) = ("", "");
        string[] others = [.. silos.Where(other => other != _silo)];
        string[] willing = [.. others.Where(other => other != _unwilling)];
        others = willing.Length > 0 ? willing : others;
        // The same replica as long as it lives and takes copies; another one, spread by shard, otherwise.
        if (others.Length > 0)
        {
            string chosen = others.Contains(_formerReplica) ? _formerReplica : others[_index % others.Length];
            Shard.CopyTrouble = await Copy(chosen);
            _unwilling = Shard.CopyTrouble.Length > 0 ? chosen : "";
            if (Shard.CopyTrouble.Length == 0)
            {
                (Shard.Replica, _formerReplica, _settled) = (chosen, chosen, false);
                FaultPoint.Hit(GrainFaults.ShardProtected);
            }
        }
        return Shard.GetStatus() with { Silo = _silo };
    }

    /// <inheritdoc/>
    public Task<ShardWeights> GetWeights(long history, int version) => Task.FromResult(
        Shard.History == history && Shard.Version == version ? new ShardWeights(version, Shard.Weights)
            : new ShardWeights(-1, Float32Block.Empty));

    /// <inheritdoc/>
    public async Task<SavedShard> Save(FencingToken token, int version)
    {
        bool isAccepted = Shard.Accept(token.Epoch) && Shard.History == token.History;
        ShardState? state = isAccepted ? Shard.ToSave(version) : null;
        if (state is null && isAccepted && _saved is { } before && (before.History, before.Version) == (token.History, version))
        {
            // asked again because another shard's upload failed
            return new SavedShard(JsonSerializer.Serialize(_saved.Value.Entry));
        }
        if (state is null)
        {
            throw new StaleVersionException(
                $"shard {_index} of run {RunKey.IdOf(_run)} stands at version {Shard.Version}, epoch {Shard.Token.Epoch}, " +
                    "history "
                + $"{Shard.History}; version {version} of epoch {token.Epoch}, history {token.History}, cannot be saved.");
        }
        // Off the turn: hashing and writing a shard must not hold up contributions to the next version.
        ShardEntry entry = await Task.Run(() => _store!.SaveShardAsync(state, _saved?.Entry));
        if (Shard.History == token.History)
        {
            Shard.Saved(version);
        }
        _saved = (token.History, version, entry);
        return new SavedShard(JsonSerializer.Serialize(entry));
    }

    /// <inheritdoc/>
    public Task<ShardStatus> GetStatus() => Task.FromResult(Shard.GetStatus());

    /// <inheritdoc/>
    public Task Release(long epoch)
    {
        if (Shard.Accept(epoch))
        {
            DeactivateOnIdle();
        }
        return Task.CompletedTask;
    }

    private async Task<ShardState> FromCheckpoint(HeldShard wanted, string? entryJson)
    {
        ShardEntry entry = entryJson is null
            ? (await _store!.ReadManifestAsync(wanted.Version))?.Shards[_index] ?? throw new StaleVersionException(
                $"shard {_index} of run '{RunKey.IdOf(_run)}' lost version {wanted.Version}, of which there is no checkpoint.")
            : JsonSerializer.Deserialize<ShardEntry>(entryJson)!;
        ShardState state = await Task.Run(() => _store!.LoadShardAsync(entry));
        _saved = (wanted.History, wanted.Version, entry);
        return state;
    }

    private async Task<ShardState> FromReplica(string replica, HeldShard wanted)
    {
        IReplicaGrain holder = Replica(replica);
        ShardPart[] parts = await Task.WhenAll(Enum.GetValues<ShardPartKind>().Select(kind => holder.Get(wanted, kind)));
        if (Array.Exists(parts, part => part.Version != wanted.Version))
        {
            throw new StaleVersionException(
                $"silo {replica} does not hold version {wanted.Version} of shard {_index} of run {RunKey.IdOf(_run)} any more.");
        }
        float[][] values = [.. parts.Select(part => part.Values.Span.ToArray())];
        return new ShardState(_index, values[0], values[1], values[2]);
    }

    /// <summary>Has a silo hold a copy.</summary>
    /// <returns>Why it has none; empty: it has.</returns>
    private async Task<string> Copy(string silo)
    {
        ShardState state = Shard.State;
        IReplicaGrain holder = Replica(silo);
        Task Hold(ShardPartKind kind, float[] values) =>
            holder.Hold(new ShardPart(_index, Shard.Version, kind, values) { Token = Shard.Token });
        try
        {
            await Task.WhenAll(
                Hold(ShardPartKind.Weights, state.Weights), Hold(ShardPartKind.FirstMoment, state.M),
                Hold(ShardPartKind.SecondMoment, state.V));
            return "";
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            NotHeld(RunKey.IdOf(_run), _index, silo, e.Message);
            return $"{silo}: {e.Message}";
        }
    }

    private async Task DropOlderThan(string replica, long history, int version)
    {
        try
        {
            await Replica(replica).DropOlderThan(history, _index, version);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            NotHeld(RunKey.IdOf(_run), _index, replica, e.Message);
        }
    }

    private IReplicaGrain Replica(string silo) => GrainFactory.GetGrain<IReplicaGrain>(SiloKey.Of(_run, silo));

    [LoggerMessage(LogLevel.Warning, "Run {Run}, shard {Shard}: silo {Silo} holds no copy: {Reason}")]
    private partial void NotHeld(string run, int shard, string silo, string reason);
}
