using Microsoft.Extensions.Time.Testing;

namespace Bgpo.Tasks.Tests;

/// <summary>Scoring whatever a task does: in its time, in its places, within the range of rewards.</summary>
public class TaskScorerTests
{
    private static readonly Prompt Given = new("p", "1+1");

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AScore_ComesThroughAsItIs()
    {
        using TaskScorer scorer = Make((_, _) => Task.FromResult(Score.Malformed("no answer", 0.25)));
        Assert.Equal(Score.Malformed("no answer", 0.25), (await scorer.ScoreOnceAsync(Given, "x", Cancelled)).Score);
    }

    [Theory]
    [InlineData(-0.001)]
    [InlineData(1.001)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task ARewardOutOfRange_IsAFailureOfTheGrader_WithTheNumber(double reward)
    {
        using TaskScorer scorer = Make((_, _) => Task.FromResult(Score.Scored(reward, true)));
        Score score = (await scorer.ScoreOnceAsync(Given, "x", Cancelled)).Score;
        Assert.Equal((Outcome.Failed, 0, false), (score.Outcome, score.Reward, score.Exact));
        Assert.Contains($"{reward}", score.Info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATaskThatThrows_HasFailed_AndSaysWhy()
    {
        using TaskScorer scorer = Make((_, _) => throw new InvalidOperationException("the judge is ill"));
        Assert.Equal(Score.Failed("test: the judge is ill"), (await scorer.ScoreOnceAsync(Given, "x", Cancelled)).Score);
    }

    [Fact]
    public async Task AGraderThatHangs_FailsInItsTime_AndIsCountedUntilItEnds()
    {
        var hung = new TaskCompletionSource<Score>();
        using TaskScorer scorer =
            Make((text, _) => text == "hang" ? hung.Task : Task.FromResult(Score.Scored(1, true)), places: 1);
        Task<TimedScore> late = scorer.ScoreOnceAsync(Given, "hang", Cancelled);
        while (!late.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1)); // its timer is set once it has begun
            await Task.Yield();
        }
        Assert.Equal(Score.Failed("no score within 5 s (task.rewards.timeout)"), (await late).Score);
        Assert.Equal(1, scorer.Overdue);
        // As many as there may be at a time hang: nobody waits behind them for ever.
        Assert.Equal(Outcome.Failed, (await scorer.ScoreOnceAsync(Given, "x", Cancelled)).Score.Outcome);

        hung.SetResult(default);
        Assert.True(SpinWait.SpinUntil(() => scorer.Overdue == 0, TimeSpan.FromSeconds(20)));
        Assert.Equal(Score.Scored(1, true), (await scorer.ScoreOnceAsync(Given, "x", Cancelled)).Score);
    }

    [Fact]
    public async Task NoMoreThanThePlaces_AreScoredAtATime_AndTheOthersWait()
    {
        int running = 0, most = 0;
        var go = new TaskCompletionSource();
        var full = new TaskCompletionSource();
        using TaskScorer scorer = Make(async (_, _) =>
        {
            int now = Interlocked.Increment(ref running);
            most = Math.Max(most, now);
            if (now == 3)
            {
                full.TrySetResult();
            }
            await go.Task;
            Interlocked.Decrement(ref running);
            return Score.Scored(1, true);
        }, places: 3);
        Task<TimedScore>[] all = [.. Enumerable.Range(0, 12).Select(_ => scorer.ScoreOnceAsync(Given, "x", Cancelled))];
        await full.Task;
        go.SetResult();
        await Task.WhenAll(all);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task AFailure_IsTriedAgain_AsOftenAsTheLimitsSay()
    {
        int calls = 0;
        using TaskScorer scorer = Make((_, _) =>
            Task.FromResult(++calls < 3 ? Score.Failed($"{calls}") : Score.Scored(0.5, false)), attempts: 3,
            seconds: 3e6); // the clock of this test runs while a busy machine has not begun to score
        Assert.Equal(Score.Scored(0.5, false), await InTimeAsync(scorer.ScoreAsync(Given, "x", Cancelled)));
        calls = -10;
        Assert.Equal(Score.Failed("-7"), await InTimeAsync(scorer.ScoreAsync(Given, "x", Cancelled)));
    }

    [Fact]
    public async Task WhoGivesUp_WaitsForNobody()
    {
        using var cancel = new CancellationTokenSource();
        using TaskScorer scorer = Make((_, _) => new TaskCompletionSource<Score>().Task);
        Task<TimedScore> scoring = scorer.ScoreOnceAsync(Given, "x", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scoring);
    }

    private async Task<T> InTimeAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        return await task;
    }

    private TaskScorer Make(
        Func<string, CancellationToken, Task<Score>> score, int places = 4, int attempts = 1, double seconds = 5) =>
        new(new FakeTask(score), new RewardLimits(places, TimeSpan.FromSeconds(seconds), attempts), _time);
}
