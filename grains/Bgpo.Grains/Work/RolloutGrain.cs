using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Orleans.Concurrency;

namespace Bgpo.Grains.Work;

/// <inheritdoc cref="IRolloutGrain"/>
[Reentrant, SiloPinned]
public sealed class RolloutGrain(RunContexts runs, WeightsSource source, IPolicyDevices devices) : Grain, IRolloutGrain
{
    /// <inheritdoc/>
    public async Task<RolloutResult> Sample(RolloutRequest request, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForWork(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        Weights weights = await source.Get(run, request.History, request.Version);
        RolloutResult result = await devices.Sample(run, weights, request, cancellationToken);
        FaultPoint.Hit(GrainFaults.RolloutSampled);
        return result;
    }
}
