using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Orleans.Concurrency;

namespace Bgpo.Grains.Work;

/// <inheritdoc cref="IRewardGrain"/>
[Reentrant, SiloPinned]
public sealed class RewardGrain(RunContexts runs, RewardScorers scorers) : Grain, IRewardGrain
{
    /// <inheritdoc/>
    public async Task<ScoreResult> Score(ScoreRequest request, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForRewards(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        // Off the turn: the silo keeps answering, whatever the task does.
        return await Task.Run(() => scorers.ScoreAsync(run, request, cancellationToken), cancellationToken);
    }
}
