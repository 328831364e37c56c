using System.Collections.Concurrent;
using Bgpo.Grains.Runs;

namespace Bgpo.Grains.Work;

/// <summary>
/// This silo's copy of a run's newest weights, pulled shard by shard from the accumulators when work first asks for a version.
/// Callers that ask for the same version together share one pull.
/// </summary>
/// <param name="grains">Where the accumulators are found.</param>
public sealed class WeightsSource(IGrainFactory grains)
{
    /// <summary>Shards pulled at the same time: bounds the memory in flight to 32 MiB.</summary>
    private const int Parallelism = 16;

    private readonly ConcurrentDictionary<string, Pull> _newest = new();

    /// <summary>The weights of a version.</summary>
    /// <param name="run">The run.</param>
    /// <param name="history">The history that the version is of.</param>
    /// <param name="version">The version wanted.</param>
    /// <exception cref="StaleVersionException">The shards do not stand at that version: the caller's work is out of date,
    /// or the controller is moving them.</exception>
    public Task<Weights> Get(RunContext run, long history, int version)
    {
        Pull New() => new(history, version, () => Fetch(run, history, version));
        Pull pull = _newest.AddOrUpdate(
            run.Key,
            _ => New(),
            (_, held) => (held.History, held.Version) == (history, version)
                && !(held.Weights.Value.IsFaulted || held.Weights.Value.IsCanceled) ? held : New());
        return pull.Weights.Value;
    }

    /// <summary>Drops a run's weights from memory.</summary>
    /// <param name="run">The run's key.</param>
    public void Forget(string run) => _newest.TryRemove(run, out _);

    // On the thread pool: the pull belongs to the silo, not to the turns of the grain that happened to ask first.
    private Task<Weights> Fetch(RunContext run, long history, int version) => Task.Run(() => FetchShards(run, history, version));

    private async Task<Weights> FetchShards(RunContext run, long history, int version)
    {
        var shards = new ReadOnlyMemory<float>[run.Shards];
        using var slots = new SemaphoreSlim(Parallelism);
        await Task.WhenAll(Enumerable.Range(0, run.Shards).Select(async shard =>
        {
            await slots.WaitAsync();
            try
            {
                ShardWeights held = await grains.GetGrain<IAccumulatorGrain>(ShardKey.Of(run.Key, shard))
                    .GetWeights(history, version);
                shards[shard] = held.Version == version
                    ? held.Values.Memory
                    : throw new StaleVersionException($"shard {shard} of run {run.Id} does not stand at version {version}.");
            }
            finally
            {
                slots.Release();
            }
        }));
        return new Weights(version, shards);
    }

    private sealed class Pull(long history, int version, Func<Task<Weights>> fetch)
    {
        public long History => history;

        public int Version => version;

        public Lazy<Task<Weights>> Weights { get; } = new(fetch);
    }
}
