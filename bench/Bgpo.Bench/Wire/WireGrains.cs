using System.Diagnostics;
using Bgpo.Grains;
using Bgpo.Grains.Placement;

namespace Bgpo.Bench;

/// <summary>Takes contributions as an accumulator does and forgets them: what the way there costs without the sum.</summary>
public interface IWireSinkGrain : IGrainWithStringKey
{
    /// <summary>Takes a contribution and drops it.</summary>
    /// <param name="contribution">The contribution.</param>
    Task<AddOutcome> Take(Contribution contribution);

    /// <summary>Does nothing.</summary>
    Task Ping();
}

/// <inheritdoc cref="IWireSinkGrain"/>
public sealed class WireSinkGrain : Grain, IWireSinkGrain
{
    /// <inheritdoc/>
    public Task<AddOutcome> Take(Contribution contribution)
    {
        contribution.Values.Release();
        return Task.FromResult(AddOutcome.Added);
    }

    /// <inheritdoc/>
    public Task Ping() => Task.CompletedTask;
}

/// <summary>Sends what a learner sends, as a learner sends it; key = <see cref="SiloKey"/>, pinned to that silo.</summary>
public interface IWireSourceGrain : IGrainWithStringKey
{
    /// <summary>Streams the contributions of some units, shard by shard.</summary>
    /// <param name="firstUnit">Number of the first unit; an accumulator counts each once.</param>
    /// <param name="units">How many.</param>
    /// <param name="shards">Shards of each.</param>
    /// <param name="intoAccumulators">Whether they go into accumulators; else into <see cref="IWireSinkGrain"/>s.</param>
    /// <returns>Seconds until the last was acknowledged.</returns>
    [ResponseTimeout("00:10:00")]
    Task<double> Stream(int firstUnit, int units, int shards, bool intoAccumulators);

    /// <summary>Calls a grain of another silo that does nothing, again and again, one call at a time.</summary>
    /// <param name="calls">How many.</param>
    /// <returns>Microseconds of each call, ascending.</returns>
    [ResponseTimeout("00:10:00")]
    Task<double[]> Ping(int calls);
}

/// <inheritdoc cref="IWireSourceGrain"/>
[SiloPinned]
public sealed class WireSourceGrain : Grain, IWireSourceGrain
{
    /// <summary>As many as a learner has.</summary>
    private const int ShardsInFlight = 8;

    private float[] _gradient = [];

    /// <inheritdoc/>
    public async Task<double> Stream(int firstUnit, int units, int shards, bool intoAccumulators)
    {
        Fill(shards);
        long started = Stopwatch.GetTimestamp();
        var adding = new Queue<Task<AddOutcome>>();
        for (int i = 0; i < units * shards; i++)
        {
            int shard = i % shards;
            var unit = new UnitName(0, 0, firstUnit + (i / shards));
            var part = new Contribution(
                new FencingToken(1, 0), unit, _gradient.AsMemory(shard * ShardKey.ShardLength, ShardKey.ShardLength));
            string key = ShardKey.Of(WireProcesses.RunId, shard);
            adding.Enqueue(intoAccumulators
                ? GrainFactory.GetGrain<IAccumulatorGrain>(key).Add(part)
                : GrainFactory.GetGrain<IWireSinkGrain>(key).Take(part));
            if (adding.Count == ShardsInFlight)
            {
                Check(await adding.Dequeue());
            }
        }
        while (adding.TryDequeue(out Task<AddOutcome>? added))
        {
            Check(await added);
        }
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <inheritdoc/>
    public async Task<double[]> Ping(int calls)
    {
        IWireSinkGrain sink = GrainFactory.GetGrain<IWireSinkGrain>(ShardKey.Of(WireProcesses.RunId, 0));
        var microseconds = new double[calls];
        for (int i = 0; i < calls; i++)
        {
            long started = Stopwatch.GetTimestamp();
            await sink.Ping();
            microseconds[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(microseconds);
        return microseconds;
    }

    private static void Check(AddOutcome outcome)
    {
        if (outcome != AddOutcome.Added)
        {
            throw new InvalidOperationException($"a contribution was not added: {outcome}");
        }
    }

    /// <summary>A gradient of the size that is streamed, so that its values come from memory as a learner's do.</summary>
    private void Fill(int shards)
    {
        if (_gradient.Length != shards * ShardKey.ShardLength)
        {
            _gradient = TestGradient.Of(shards * ShardKey.ShardLength);
        }
    }
}
