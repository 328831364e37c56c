using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Orleans.Concurrency;

namespace Bgpo.Grains.Work;

/// <inheritdoc cref="IRolloutGrain"/>
[Reentrant, SiloPinned]
public sealed class RolloutGrain(RunContexts runs, WeightsSource source, IPolicyDevices devices) : Grain, IRolloutGrain
{
    /// <inheritdoc/>
    public async Task<ScoredRollout> Sample(RolloutRequest request, ScoreRequest problems, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForWork(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        Weights weights = await source.Get(run, request.History, request.Version);
        RolloutResult result = await devices.Sample(run, weights, request, cancellationToken);
        FaultPoint.Hit(GrainFaults.RolloutSampled);
        IRewardGrain judge = GrainFactory.GetGrain<IRewardGrain>(this.GetPrimaryKeyString());
        return new ScoredRollout(result, await judge.Score(problems with { Completions = result.Texts }, cancellationToken));
    }
}
