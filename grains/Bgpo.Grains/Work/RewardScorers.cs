using System.Runtime.CompilerServices;
using Bgpo.Grains.Runs;
using Bgpo.Tasks;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Work;

/// <summary>Scores on this silo: for each run so many completions at a time as its limits say, whoever asks.</summary>
public sealed partial class RewardScorers : IDisposable
{
    /// <summary>As long as a run's context is held.</summary>
    private readonly ConditionalWeakTable<RunContext, TaskScorer> _scorers = [];
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>Scorers that log what tasks have to say.</summary>
    /// <param name="time">Clock and timers.</param>
    /// <param name="log">The silo's log.</param>
    public RewardScorers(TimeProvider time, ILogger<RewardScorers> log)
    {
        (_time, _log) = (time, log);
        TaskLog.Written += Say;
    }

    /// <inheritdoc/>
    public void Dispose() => TaskLog.Written -= Say;

    /// <summary>Scores completions of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">Problems and completions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ScoreResult> ScoreAsync(RunContext run, ScoreRequest request, CancellationToken cancellationToken) => ScoreAsync(
        _scorers.GetValue(run, context => new TaskScorer(context.Task, context.Rewards, _time)), request, cancellationToken);

    /// <summary>Scores completions.</summary>
    /// <param name="scorer">By what.</param>
    /// <param name="request">Problems and completions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ScoreResult> ScoreAsync(
        TaskScorer scorer, ScoreRequest request, CancellationToken cancellationToken)
    {
        var timed = new TimedScore[request.Completions.Length];
        int next = -1;
        async Task WorkAsync()
        {
            for (int i = Interlocked.Increment(ref next); i < timed.Length; i = Interlocked.Increment(ref next))
            {
                var prompt = new Prompt(request.PromptIds[i], request.Prompts[i], request.References[i]);
                timed[i] = await scorer.ScoreOnceAsync(prompt, request.Completions[i], cancellationToken);
            }
        }
        await Task.WhenAll(
            Enumerable.Range(0, Math.Min(scorer.Limits.Concurrency, timed.Length)).Select(_ => WorkAsync()));
        return new ScoreResult(
            [.. timed.Select(one => one.Score.Reward)], [.. timed.Select(one => one.Score.Exact)],
            [.. timed.Select(one => one.Score.Outcome)], [.. timed.Select(one => one.Score.Info)],
            timed.Sum(one => one.Time.TotalSeconds), timed.Sum(one => one.Queue.TotalSeconds));
    }

    [LoggerMessage(LogLevel.Information, "Task {Task}: {Line}")]
    private partial void Say(string task, string line);
}
