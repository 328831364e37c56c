using Bgpo.Grains.Placement;
using Bgpo.Grains.Steps;
using Bgpo.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Bgpo.Grains.Tests;

/// <summary>Who scores, and what becomes of what a grader cannot judge. All on the test's own thread: no races.</summary>
public sealed class GraderTests
{
    private readonly ManualTime _time = new();
    private readonly List<(string Silo, string[] Texts, TaskCompletionSource<ScoreResult> Reply)> _calls = [];
    private readonly List<string> _unsuitable = [];
    private List<SiloDevices> _live = [new("a", 1), new("b", 1), new("state", 0)];

    [Fact]
    public async Task Completions_AreScoredWhereTheyWereSampled()
    {
        Grader grader = Make();
        Task<ScoreResult> scored = grader.ScoreAsync("b", Request("x", "y"), CancellationToken.None);
        Assert.Equal("b", Last.Silo);
        Assert.Equal(1, grader.InFlight);
        Reply(Outcome.Scored, Outcome.Malformed);
        Assert.Equal([Outcome.Scored, Outcome.Malformed], (await scored).Outcomes);
        Assert.Equal((0, 0), ((await scored).Retries, grader.InFlight));
    }

    [Fact]
    public void WhereThereAreSilosForRewards_AllScoringGoesToThem_EvenlySpread()
    {
        _live = [.. _live, new("r1", 0) { IsForRewards = true }, new("r2", 0) { IsForRewards = true }];
        Grader grader = Make();
        for (int i = 0; i < 4; i++)
        {
            _ = grader.ScoreAsync("a", Request("x"), CancellationToken.None);
        }
        Assert.Equal(["r1", "r2", "r1", "r2"], _calls.Select(call => call.Silo));
    }

    [Fact]
    public async Task WhatTheGraderFails_IsTriedAgainThere_ThenElsewhere_AndOnlyThat()
    {
        Grader grader = Make();
        Task<ScoreResult> scored = grader.ScoreAsync("a", Request("x", "y", "z"), CancellationToken.None);
        Reply(Outcome.Scored, Outcome.Failed, Outcome.Failed);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a", Last.Silo);
        Assert.Equal(["y", "z"], Last.Texts);
        Reply(Outcome.Scored, Outcome.Failed);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", Last.Silo);
        Assert.Equal(["z"], Last.Texts);
        Reply(Outcome.Scored);
        ScoreResult result = await scored;
        Assert.Equal([Outcome.Scored, Outcome.Scored, Outcome.Scored], result.Outcomes);
        Assert.Equal(["x", "y", "z"], result.Infos);
        Assert.Equal((3, 6.0), (result.Retries, result.Seconds));
    }

    [Fact]
    public async Task WhatFailsToTheEnd_IsAnOutcome_AndNoError()
    {
        Task<ScoreResult> scored = Make().ScoreAsync("a", Request("x", "y"), CancellationToken.None);
        Reply(Outcome.Failed, Outcome.Scored);
        for (int attempt = 2; attempt <= 3; attempt++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            Reply(Outcome.Failed);
        }
        Assert.Equal([Outcome.Failed, Outcome.Scored], (await scored).Outcomes);
        Assert.Equal(3, _calls.Count);
    }

    [Fact]
    public async Task ACallThatIsLostWithItsSilo_IsMadeElsewhere_AndIsNoAttempt()
    {
        Task<ScoreResult> scored = Make(attempts: 1).ScoreAsync("a", Request("x"), CancellationToken.None);
        _live = [new("b", 1)];
        Last.Reply.SetException(new SiloUnavailableException("gone"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", Last.Silo);
        Reply(Outcome.Scored);
        Assert.Equal([Outcome.Scored], (await scored).Outcomes);
    }

    [Fact]
    public async Task ASiloThatCannotScore_IsNotAskedAgain_AndIsTold()
    {
        Grader grader = Make();
        Task<ScoreResult> scored = grader.ScoreAsync("a", Request("x"), CancellationToken.None);
        Last.Reply.SetException(new UnsuitableSiloException("no bubblewrap"));
        Assert.Equal("b", Last.Silo);
        Reply(Outcome.Scored);
        await scored;
        _ = grader.ScoreAsync("a", Request("x"), CancellationToken.None);
        Assert.Equal("b", Last.Silo);
        Assert.Equal(["a: no bubblewrap"], _unsuitable);
    }

    [Fact]
    public async Task WhereNoSiloCanScore_TheRunFails_WithTheReason()
    {
        Task<ScoreResult> scored = Make().ScoreAsync("a", Request("x"), CancellationToken.None);
        Last.Reply.SetException(new UnsuitableSiloException("no bubblewrap"));
        Last.Reply.SetException(new UnsuitableSiloException("no bubblewrap"));
        Assert.Equal("no bubblewrap", (await Assert.ThrowsAsync<RunException>(() => scored)).Message);
    }

    [Fact]
    public async Task WithoutASilo_ScoringWaitsForOne()
    {
        _live = [];
        Task<ScoreResult> scored = Make().ScoreAsync("a", Request("x"), CancellationToken.None);
        Assert.Empty(_calls);
        _live = [new("c", 1)];
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("c", Last.Silo);
        Reply(Outcome.Scored);
        await scored;
    }

    [Fact]
    public async Task WhoGivesUp_IsCancelled()
    {
        using var cancel = new CancellationTokenSource();
        Task<ScoreResult> scored = Make().ScoreAsync("a", Request("x"), cancel.Token);
        await cancel.CancelAsync();
        Last.Reply.SetException(new TimeoutException());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scored);
    }

    [Fact]
    public void Judgements_SurviveTheWire()
    {
        using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        Serializer serializer = services.GetRequiredService<Serializer>();
        var result = new ScoreResult(
            [0.5, 0, 1], [false, false, true], [Outcome.Malformed, Outcome.Failed, Outcome.Scored], ["a", "b", ""], 1.5, 2.5)
        {
            Retries = 3,
        };
        ScoreResult back = serializer.Deserialize<ScoreResult>(serializer.SerializeToArray(result))!;
        Assert.Equivalent(result, back, strict: true);
    }

    private (string Silo, string[] Texts, TaskCompletionSource<ScoreResult> Reply) Last => _calls[^1];

    private static ScoreRequest Request(params string[] texts) => new(
        [.. texts.Select(_ => "p")], [.. texts.Select(_ => "1+1")], [.. texts.Select(_ => "")], texts);

    private void Reply(params Outcome[] outcomes) => Last.Reply.SetResult(new ScoreResult(
        [.. outcomes.Select(outcome => outcome == Outcome.Scored ? 1.0 : 0.0)], new bool[outcomes.Length], outcomes,
        [.. Last.Texts], outcomes.Length, 0));

    private Grader Make(int attempts = 3) => new(
        (silo, request, _) =>
        {
            var reply = new TaskCompletionSource<ScoreResult>();
            _calls.Add((silo, request.Completions, reply));
            return reply.Task;
        },
        () => _live, () => Task.CompletedTask, new RewardLimits(4, TimeSpan.FromSeconds(5), attempts), _time)
    {
        OnUnsuitable = (silo, reason) => _unsuitable.Add($"{silo.Silo}: {reason.Message}"),
    };
}
