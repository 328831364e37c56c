using System.Buffers;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Orleans.Concurrency;

namespace Bgpo.Grains.Work;

/// <inheritdoc cref="ILearnerGrain"/>
[Reentrant, SiloPinned]
public sealed class LearnerGrain(RunContexts runs, WeightsSource source, IPolicyDevices devices) : Grain, ILearnerGrain
{
    /// <summary>Shards of one contribution on their way at the same time: bounds what is in flight to 16 MiB.</summary>
    private const int ShardsInFlight = 8;

    /// <inheritdoc/>
    public async Task<UnitResult> Compute(UnitRequest request, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForWork(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        Weights weights = await source.Get(run, request.Token.History, request.Unit.Step);
        float[] gradient = ArrayPool<float>.Shared.Rent(checked((int)run.Parameters));
        UnitResult result = await devices.Compute(run, weights, request, gradient, cancellationToken);
        FaultPoint.Hit(GrainFaults.UnitComputed);
        await Contribute(run, request, gradient);
        FaultPoint.Hit(GrainFaults.UnitContributed);
        // Only here: after a failed or timed-out call the array may still be read by a message on its way.
        ArrayPool<float>.Shared.Return(gradient);
        return result;
    }

    /// <inheritdoc/>
    public async Task<UnitResult> LogLikelihoods(UnitRequest request, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForWork(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        Weights weights = await source.Get(run, request.Token.History, request.Unit.Step);
        return await devices.LogLikelihoods(run, weights, request, cancellationToken);
    }

    private async Task Contribute(RunContext run, UnitRequest request, float[] gradient)
    {
        var adding = new Queue<Task<AddOutcome>>();
        for (int shard = 0; shard < run.Shards; shard++)
        {
            (long offset, int length) = ShardKey.Span(shard, run.Parameters);
            var part = new Contribution(request.Token, request.Unit, gradient.AsMemory((int)offset, length));
            adding.Enqueue(GrainFactory.GetGrain<IAccumulatorGrain>(ShardKey.Of(run.Key, shard)).Add(part));
            if (adding.Count == ShardsInFlight)
            {
                Check(await adding.Dequeue(), request);
            }
            if (shard == 0)
            {
                FaultPoint.Hit(GrainFaults.UnitPartlyContributed);
            }
        }
        while (adding.TryDequeue(out Task<AddOutcome>? added))
        {
            Check(await added, request);
        }
    }

    private static void Check(AddOutcome outcome, UnitRequest request)
    {
        if (outcome == AddOutcome.Stale)
        {
            throw new StaleVersionException(
                $"unit {request.Unit.ToId()} came too late: its step is over or its controller fenced.");
        }
    }
}
