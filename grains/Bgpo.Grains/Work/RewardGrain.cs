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
        return await Task.Run(() => JudgeAsync(run.Task, request, cancellationToken), cancellationToken);
    }

    private static async Task<ScoreResult> JudgeAsync(ITask task, ScoreRequest request, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        var rewards = new double[request.Completions.Length];
        var exact = new bool[request.Completions.Length];
        for (int i = 0; i < rewards.Length; i++)
        {
            var prompt = new Prompt(request.PromptIds[i], request.Prompts[i], request.References[i]);
            Score score = await task.ScoreAsync(prompt, request.Completions[i], cancellationToken);
            (rewards[i], exact[i]) = (score.Reward, score.Exact);
        }
        return new ScoreResult(rewards, exact, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
