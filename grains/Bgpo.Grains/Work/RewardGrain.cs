using System.Diagnostics;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Tasks;
using Orleans.Concurrency;

namespace Bgpo.Grains.Work;

/// <inheritdoc cref="IRewardGrain"/>
[Reentrant, SiloPinned]
public sealed class RewardGrain(RunContexts runs) : Grain, IRewardGrain
{
    /// <inheritdoc/>
    public async Task<ScoreResult> Score(ScoreRequest request, CancellationToken cancellationToken)
    {
        RunContext run = await runs.GetForWork(SiloKey.Parse(this.GetPrimaryKeyString()).Run, cancellationToken);
        // Scoring is CPU work: off the turn, so that the silo keeps answering.
        return await Task.Run(() => Judge(run.Task, request), cancellationToken);
    }

    private static ScoreResult Judge(ITask task, ScoreRequest request)
    {
        long started = Stopwatch.GetTimestamp();
        var rewards = new double[request.Completions.Length];
        var exact = new bool[request.Completions.Length];
        for (int i = 0; i < rewards.Length; i++)
        {
            var prompt = new Prompt(request.PromptIds[i], request.Prompts[i], request.References[i]);
            (rewards[i], exact[i]) = task.Score(prompt, request.Completions[i]);
        }
        return new ScoreResult(rewards, exact, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
