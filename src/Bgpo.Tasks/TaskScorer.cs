namespace Bgpo.Tasks;

/// <summary>
/// Scores completions by a task: so many at a time, each within its time, whatever the task does. Those that find no place wait.
/// A task that throws, takes too long or says no reward has failed to score; that is an outcome, no exception.
/// </summary>
/// <param name="task">The task.</param>
/// <param name="limits">How many at a time, how long each may take, and how often one is tried.</param>
/// <param name="time">Clock and timers.</param>
public sealed class TaskScorer(ITask task, RewardLimits limits, TimeProvider time) : IDisposable
{
    private const int LongestInfo = 300;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _places = new(limits.Concurrency);
    private int _overdue;

    /// <summary>How many at a time, how long each may take, and how often one is tried.</summary>
    public RewardLimits Limits => limits;

    /// <summary>Scorings whose time is over and that have not ended yet.</summary>
    public int Overdue => Volatile.Read(ref _overdue);

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    /// <summary>Scores a completion, again where the grader fails.</summary>
    /// <param name="prompt">The problem.</param>
    /// <param name="completion">The completion.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            TimedScore timed = await ScoreOnceAsync(prompt, completion, cancellationToken);
            if (timed.Score.Outcome != Outcome.Failed || attempt >= limits.Attempts)
            {
                return timed.Score;
            }
            await Task.Delay(s_pause * attempt, time, cancellationToken);
        }
    }

    /// <summary>Scores a completion once.</summary>
    /// <param name="prompt">The problem.</param>
    /// <param name="completion">The completion.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<TimedScore> ScoreOnceAsync(Prompt prompt, string completion, CancellationToken cancellationToken)
    {
        if (Overdue >= limits.Concurrency)
        {
            return new(Score.Failed($"{Overdue} scorings hang, as many as there may be at a time"), default, default);
        }
        long asked = time.GetTimestamp();
        await _places.WaitAsync(cancellationToken);
        long started = time.GetTimestamp();
        using var late = new CancellationTokenSource(limits.Timeout, time);
        var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        // Apart from the caller: a task may well compute for long before it first waits.
        Task<Score> scoring = Task.Run(() => task.ScoreAsync(prompt, completion, either.Token).AsTask(), CancellationToken.None);
        Score score;
        try
        {
            score = Checked(await scoring.WaitAsync(either.Token));
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            score = Score.Failed($"no score within {limits.Timeout.TotalSeconds:0.###} s (task.rewards.timeout)");
        }
        catch (Exception e)
        {
            score = Score.Failed($"{task.Name}: {e.Message}");
        }
        finally
        {
            Release(scoring, either);
        }
        return new(
            score with { Info = Short(score.Info) }, time.GetElapsedTime(asked, started), time.GetElapsedTime(started));
    }

    /// <summary>A scoring that goes on though its time is over gives its place up, and is counted until it ends.</summary>
    private void Release(Task<Score> scoring, CancellationTokenSource either)
    {
        if (scoring.IsCompleted)
        {
            either.Dispose();
        }
        else
        {
            Interlocked.Increment(ref _overdue);
            _ = scoring.ContinueWith(
                ended =>
                {
                    _ = ended.Exception; // whatever it says comes too late
                    Interlocked.Decrement(ref _overdue);
                    either.Dispose();
                },
                CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        _places.Release();
    }

    private Score Checked(Score score) => score switch
    {
        { Outcome: Outcome.Failed } => Score.Failed(score.Info),
        { Reward: >= 0 and <= 1 } => score,
        _ => Score.Failed($"{task.Name} gave the reward {score.Reward}; expected a number from 0 to 1"),
    };

    private static string Short(string? info) =>
        info is null ? "" : info.Length <= LongestInfo ? info : info[..LongestInfo] + "…";
}

/// <summary>A score, and the time that it took.</summary>
/// <param name="Score">The score.</param>
/// <param name="Queue">Time that the completion waited for a place.</param>
/// <param name="Time">Time that scoring took.</param>
public readonly record struct TimedScore(Score Score, TimeSpan Queue, TimeSpan Time);
