using System.Text.Json;
using Bgpo.Storage;
using Orleans;

namespace Bgpo.Grains;

/// <summary>All shards of a run, spoken to as one by its controller. Everything asked is fenced by the controller's epoch.</summary>
/// <param name="grains">Where the accumulators are found.</param>
/// <param name="run">The run.</param>
/// <param name="epoch">The controller's epoch.</param>
public sealed class ShardSet(IGrainFactory grains, RunContext run, long epoch)
{
    /// <summary>Has every shard stand at a checkpoint's version.</summary>
    /// <param name="version">The version.</param>
    public async Task Load(int version)
    {
        foreach (ShardStanding standing in await Each(shard => shard.Load(epoch, version)))
        {
            Check(standing, version);
        }
    }

    /// <summary>
    /// The version that every shard stands at, from the silos that hold them; null when they do not agree or some have lost
    /// their state with their silo.
    /// </summary>
    public async Task<int?> CommonVersion()
    {
        ShardStanding[] standings = await Each(shard => shard.GetStanding());
        int version = standings[0].Version;
        return version >= 0 && standings.All(standing => standing.Version == version) ? version : null;
    }

    /// <summary>The lowest version that a shard stands at; -1 when one has lost its state.</summary>
    public async Task<int> LowestVersion() => (await Each(shard => shard.GetStanding())).Min(standing => standing.Version);

    /// <summary>The norm of the step's mean gradient, its squares added in shard order.</summary>
    /// <param name="step">The step.</param>
    /// <param name="units">Units that every shard must have.</param>
    /// <param name="completions">What the loss divides by.</param>
    public async Task<double> GradientNorm(int step, int units, int completions)
    {
        double squares = 0;
        var request = new SummaryRequest(epoch, step, units, completions);
        foreach (SummaryOutcome summary in await Each(shard => shard.Summarize(request)))
        {
            Check(summary.Standing, step);
            squares += !double.IsNaN(summary.SumOfSquares)
                ? summary.SumOfSquares
                : throw new RunException(
                    $"step {step} has {units} units, but a shard holds {summary.Standing.Units.Length}; the step cannot be committed.");
        }
        return Math.Sqrt(squares);
    }

    /// <summary>Commits a step on every shard.</summary>
    /// <param name="step">The step.</param>
    /// <param name="clipFactor">What the mean gradient is multiplied by.</param>
    /// <param name="learningRate">The step's rate.</param>
    /// <param name="completions">What the loss divides by.</param>
    public async Task Commit(int step, double clipFactor, double learningRate, int completions)
    {
        var request = new CommitRequest(epoch, step, clipFactor, learningRate, completions);
        foreach (ShardStanding standing in await Each(shard => shard.Commit(request)))
        {
            Check(standing, step + 1);
        }
    }

    /// <summary>Saves every shard and names them for the manifest.</summary>
    /// <param name="version">The version they stand at.</param>
    public async Task<ShardEntry[]> Save(int version) =>
        [.. (await Each(shard => shard.Save(epoch, version))).Select(saved => JsonSerializer.Deserialize<ShardEntry>(saved.EntryJson)!)];

    private Task<T[]> Each<T>(Func<IAccumulatorGrain, Task<T>> ask) => Task.WhenAll(
        Enumerable.Range(0, run.Shards).Select(shard => ask(grains.GetGrain<IAccumulatorGrain>(ShardKey.Of(run.Id, shard)))));

    private void Check(ShardStanding standing, int version)
    {
        if (standing.Fenced)
        {
            throw new RunException(
                $"run '{run.Id}' was taken over by another controller (epoch {standing.Epoch}, this one {epoch}); this one stops.");
        }
        if (standing.Version != version)
        {
            throw new StaleVersionException($"a shard of run {run.Id} stands at version {standing.Version} where {version} was expected.");
        }
    }
}
