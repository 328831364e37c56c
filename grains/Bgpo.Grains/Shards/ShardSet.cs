using System.Text.Json;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Shards;

/// <summary>
/// All shards of a run, spoken to as one by its controller. Everything asked is fenced by the controller's epoch.
/// </summary>
/// <param name="grains">Where the accumulators are found.</param>
/// <param name="run">The run.</param>
/// <param name="epoch">The controller's epoch.</param>
public sealed class ShardSet(IGrainFactory grains, RunContext run, long epoch)
{
    /// <summary>Number of the history that is spoken of: what shards and silos hold of another does not count.</summary>
    public long History { get; set; }

    /// <summary>Shards by the address of the silo that held them when copies were last asked for.</summary>
    public IReadOnlyDictionary<string, int> Holders { get; private set; } = new Dictionary<string, int>();

    /// <summary>What every request is fenced by.</summary>
    public FencingToken Token => new(epoch, History);

    /// <summary>
    /// The versions that every shard of the run can stand at without the store, newest first: it stands there, can step back to
    /// it, or a live silo holds a copy.
    /// </summary>
    /// <param name="silos">The live silos.</param>
    public async Task<IReadOnlyList<HeldVersion>> FindHeldVersions(string[] silos)
    {
        Task<(string Silo, HeldShard[] Held)[]> copies = Task.WhenAll(silos.Select(async silo => (silo, await Holdings(silo))));
        ShardStatus[] statuses = await Each(shard => shard.GetStatus());
        var sources = new Dictionary<int, string?>[run.Shards];
        for (int shard = 0; shard < sources.Length; shard++)
        {
            sources[shard] = [];
            ShardStatus status = statuses[shard];
            if (status.History != History)
            {
                continue;
            }
            if (status.Version >= 0)
            {
                sources[shard][status.Version] = null;
            }
            if (status.Before)
            {
                sources[shard][status.Version - 1] = null;
            }
        }
        foreach ((string silo, HeldShard[] held) in await copies)
        {
            foreach (HeldShard copy in held.Where(copy => copy.History == History && copy.Shard < sources.Length))
            {
                sources[copy.Shard].TryAdd(copy.Version, silo);
            }
        }
        return
        [
            .. sources[0].Keys.Where(version => sources.All(source => source.ContainsKey(version))).OrderDescending()
                .Select(version => new HeldVersion(version, [.. sources.Select(source => source[version])])),
        ];
    }

    /// <summary>Has every shard stand at a version.</summary>
    /// <param name="held">The version, and where each shard can have it.</param>
    public async Task Load(HeldVersion held)
    {
        foreach (ShardStatus status in await Each((shard, index) => shard.Load(Token, held.Version, held.Replicas[index])))
        {
            Check(status, held.Version);
        }
    }

    /// <summary>Has every shard stand at a checkpoint, and drops copies of older histories, which nobody will ask for.</summary>
    /// <param name="checkpoint">Its manifest, read once for all of them.</param>
    /// <param name="silos">The live silos.</param>
    public async Task Load(CheckpointManifest checkpoint, string[] silos)
    {
        string EntryOf(int index) => JsonSerializer.Serialize(checkpoint.Shards[index]);
        foreach (ShardStatus status in await Each(
            (shard, index) => shard.Load(Token, checkpoint.Version, replica: null, EntryOf(index))))
        {
            Check(status, checkpoint.Version);
        }
        await IgnoreUnreachable(Task.WhenAll(silos.Select(silo => Replica(silo).BeginHistory(History))));
    }

    /// <summary>Has each shard's state held by a second silo, where there is one.</summary>
    /// <param name="version">The version that they stand at; null: any.</param>
    /// <param name="silos">The live silos.</param>
    /// <returns>What kept shards from being copied though there is a second silo; empty: nothing.</returns>
    public async Task<string> Replicate(int? version, string[] silos)
    {
        ShardStatus[] statuses = await Each(shard => shard.Replicate(Token, silos));
        foreach (ShardStatus status in statuses)
        {
            Check(status, version ?? status.Version);
        }
        Holders = statuses.CountBy(status => status.Silo).ToDictionary();
        string[] troubles = [.. statuses.Select(status => status.CopyTrouble).Where(trouble => trouble.Length > 0)];
        return troubles.Length == 0 ? "" : $"{troubles.Length} of {statuses.Length} shards ({troubles[0].TrimEnd('.')})";
    }

    /// <summary>The lowest version that a shard stands at; -1 when one has lost its state.</summary>
    public async Task<int> LowestVersion() => (await Each(shard => shard.GetStatus())).Min(status => status.Version);

    /// <summary>The norm of the step's mean gradient, its squares added in shard order.</summary>
    /// <param name="step">The step.</param>
    /// <param name="units">The units that every shard must have, each once and no other.</param>
    /// <param name="completions">What the loss divides by.</param>
    public async Task<double> GradientNorm(int step, IReadOnlySet<UnitName> units, int completions)
    {
        double squares = 0;
        var request = new SummaryRequest(Token, step, units.Count, completions);
        foreach (SummaryOutcome summary in await Each(shard => shard.Summarize(request)))
        {
            Check(summary.Standing, step);
            squares += !double.IsNaN(summary.SumOfSquares) && units.SetEquals(summary.Standing.Units)
                ? summary.SumOfSquares
                : throw new RunException(
                    $"step {step} has {units.Count} units, but a shard holds {summary.Standing.Units.Length} or others; the " +
                        "step cannot be committed.");
        }
        return Math.Sqrt(squares);
    }

    /// <summary>Commits a step on every shard.</summary>
    /// <param name="request">The step's factors.</param>
    public async Task Commit(CommitRequest request)
    {
        foreach (ShardStatus status in await Each(shard => shard.Commit(request)))
        {
            Check(status, request.Step + 1);
        }
    }

    /// <summary>
    /// Saves every shard and names them for the manifest. Steps may go on meanwhile where the version is kept for this.
    /// </summary>
    /// <param name="version">The version.</param>
    public async Task<ShardEntry[]> Save(int version) =>
        [.. (await Each(shard => shard.Save(Token, version)))
            .Select(saved => JsonSerializer.Deserialize<ShardEntry>(saved.EntryJson)!)];

    /// <summary>Frees what the cluster keeps of the run in memory.</summary>
    /// <param name="silos">The live silos.</param>
    public async Task Release(string[] silos)
    {
        await IgnoreUnreachable(Each(async shard =>
        {
            await shard.Release(epoch);
            return true;
        }));
        await IgnoreUnreachable(Task.WhenAll(silos.Select(silo => Replica(silo).Release(epoch))));
    }

    /// <summary>Another cluster member's memory is not worth a failed run.</summary>
    private static async Task IgnoreUnreachable(Task tidying)
    {
        try
        {
            await tidying;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or RunException)
        {
            // What cannot be reached is gone anyway.
        }
    }

    private async Task<HeldShard[]> Holdings(string silo)
    {
        try
        {
            return await Replica(silo).GetHoldings();
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return []; // it is gone, and its copies with it
        }
    }

    private IReplicaGrain Replica(string silo) => grains.GetGrain<IReplicaGrain>(SiloKey.Of(run.Key, silo));

    private Task<T[]> Each<T>(Func<IAccumulatorGrain, Task<T>> ask) => Each((shard, _) => ask(shard));

    private Task<T[]> Each<T>(Func<IAccumulatorGrain, int, Task<T>> ask) => Task.WhenAll(
        Enumerable.Range(0, run.Shards)
            .Select(shard => ask(grains.GetGrain<IAccumulatorGrain>(ShardKey.Of(run.Key, shard)), shard)));

    private void Check(ShardStatus status, int version)
    {
        if (status.Fenced)
        {
            throw new RunException(
                $"run '{run.Id}' was taken over by another controller (epoch {status.Epoch}, this one {epoch}); this one " +
                    "stops.");
        }
        if (status.History != History || status.Version != version)
        {
            throw new StaleVersionException(
                $"a shard of run {run.Id} stands at version {status.Version} of history {status.History} where {version} " +
                    $"of {History} was expected.");
        }
    }
}

/// <summary>A version that every shard can stand at.</summary>
/// <param name="Version">The version.</param>
/// <param name="Replicas">By shard: the silo whose copy to take; null where the shard has it itself, or the checkpoint's is to be
/// taken.</param>
public sealed record HeldVersion(int Version, IReadOnlyList<string?> Replicas);
