using Bgpo.ExactSums;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Steps;

namespace Bgpo.Grains.Tests;

/// <summary>
/// The queue of units against the live devices. Everything runs on the test's own thread: no sleeping, no races.
/// </summary>
public sealed class DispatcherTests
{
    private static readonly TimeSpan s_rosterPeriod = TimeSpan.FromMilliseconds(250);

    private readonly ManualTime _time = new();
    private readonly List<(string Name, string Silo, TaskCompletionSource<int> Reply)> _calls = [];
    private readonly List<string> _retries = [];
    private List<SiloDevices> _live = [new("a", 1)];
    private int _reads;
    private Exception? _rosterFails;

    [Fact]
    public async Task Work_RunsOnALiveSilo_AndItsResultComesBack()
    {
        Dispatcher dispatcher = Make();
        Task<int> work = Submit(dispatcher, "w");
        Assert.Equal(("w", "a"), Last);
        Assert.Equal(1, dispatcher.InFlight);
        _calls[0].Reply.SetResult(42);
        Assert.Equal(42, await work);
        Assert.Equal(0, dispatcher.InFlight);
        Assert.Equal(0, dispatcher.Redispatched);
    }

    [Fact]
    public void ASilo_HasOneMorePlaceThanDevices_AsLongAsThereIsMoreThanEnough()
    {
        _live = [new("a", 2), new("b", 1)];
        Dispatcher dispatcher = Make();
        for (int i = 0; i < 12; i++)
        {
            _ = Submit(dispatcher, $"{i}");
        }
        Assert.Equal(3, _calls.Count(call => call.Silo == "a"));
        Assert.Equal(2, _calls.Count(call => call.Silo == "b"));
        Assert.Equal(3, dispatcher.Devices);
        _calls.First(call => call.Silo == "b").Reply.SetResult(0);
        Assert.Equal(("5", "b"), Last);
    }

    [Fact]
    public void ASiloThatDoesNotSuitOrHasNoDevices_GetsNoWork_ButMayHoldState()
    {
        _live = [new("a", 1) { Numerics = "other" }, new("b", 1), new("c", 0), new("d", 1) { HoldsState = false }];
        Dispatcher dispatcher = new(ReadRoster, _time) { MayWork = silo => silo.Numerics.Length == 0 };
        for (int i = 0; i < 8; i++)
        {
            _ = Submit(dispatcher, $"{i}");
        }
        Assert.Equal(["b", "d"], _calls.Select(call => call.Silo).Distinct().Order());
        Assert.Equal(2, dispatcher.Devices);
        Assert.Equal(["a", "b", "c"], dispatcher.Silos);
    }

    [Fact]
    public async Task WithoutWork_ALookTellsWhoCameAndWent()
    {
        _live = [new("1", 1) { Name = "a" }, new("2", 1) { Name = "b" }];
        List<string> told = [];
        Dispatcher dispatcher = new(ReadRoster, _time)
        {
            OnRoster = (_, joined, lost) => told.Add($"+{string.Join(',', joined)} -{string.Join(',', lost)}"),
        };
        await dispatcher.Look();
        await dispatcher.Look();
        _live = [new("2", 1) { Name = "b" }];
        await dispatcher.Look();
        Assert.Equal(["+a,b -", "+ -a"], told);
        Assert.Equal(2, dispatcher.Changes);
    }

    [Fact]
    public void TheLastUnits_WaitForWhoeverIsFreeFirst()
    {
        _live = [new("a", 1), new("b", 1)];
        Dispatcher dispatcher = Make();
        for (int i = 0; i < 3; i++)
        {
            _ = Submit(dispatcher, $"{i}");
        }
        Assert.Equal(["a", "b"], _calls.Select(call => call.Silo));
        _calls.Single(call => call.Silo == "b").Reply.SetResult(0);
        Assert.Equal(("2", "b"), Last);
    }

    [Fact]
    public void LowerPriorities_GoFirst_AndEqualOnesInOrder()
    {
        Dispatcher dispatcher = Make();
        _ = Submit(dispatcher, "first");
        _ = Submit(dispatcher, "second");
        _ = Submit(dispatcher, "rollout 1", 2);
        _ = Submit(dispatcher, "gradient 1", 0);
        _ = Submit(dispatcher, "rollout 2", 2);
        _ = Submit(dispatcher, "gradient 2", 0);
        _ = Submit(dispatcher, "old", 1);
        for (int i = 0; i < 7; i++)
        {
            _calls[i].Reply.SetResult(0);
        }
        Assert.Equal(
            ["first", "second", "gradient 1", "gradient 2", "old", "rollout 1", "rollout 2"], _calls.Select(call => call.Name));
    }

    [Fact]
    public async Task FailedWork_IsDispatchedAgain_ButNotToThatSiloBeforeTheRosterIsRead()
    {
        _live = [new("a", 1), new("b", 1)];
        Dispatcher dispatcher = Make();
        Task<int> work = Submit(dispatcher, "w");
        Assert.Equal(("w", "a"), Last);

        Task change = dispatcher.NextChange;
        Assert.False(change.IsCompleted);
        _calls[0].Reply.SetException(new TimeoutException("no answer"));

        Assert.True(change.IsCompleted);
        Assert.False(dispatcher.NextChange.IsCompleted);
        Assert.Equal(("w", "b"), Last);
        Assert.Equal(1, dispatcher.Redispatched);
        Assert.Equal(["a: no answer"], _retries);
        _ = Submit(dispatcher, "x");
        _ = Submit(dispatcher, "y");
        Assert.Equal(3, _calls.Count); // both of b's places; a gets nothing
        Assert.Equal(["b", "b"], _calls.Skip(1).Select(call => call.Silo));

        _time.Advance(s_rosterPeriod);
        Assert.Equal(("y", "a"), Last);
        _calls[1].Reply.SetResult(7);
        Assert.Equal(7, await work);
    }

    [Fact]
    public void ALoneSiloThatFails_GetsItsWorkBackOnceTheRosterIsRead()
    {
        Dispatcher dispatcher = Make();
        _ = Submit(dispatcher, "w");
        _calls[0].Reply.SetException(new InvalidOperationException("once"));
        Assert.Single(_calls);
        _time.Advance(s_rosterPeriod / 2);
        Assert.Single(_calls);
        _time.Advance(s_rosterPeriod / 2);
        Assert.Equal(2, _calls.Count);
    }

    [Fact]
    public void ASiloThatJoins_GetsItsShare_AndOneThatLeavesNone()
    {
        Dispatcher dispatcher = Make();
        for (int i = 0; i < 6; i++)
        {
            _ = Submit(dispatcher, $"{i}");
        }
        Assert.Equal(2, _calls.Count);

        _live = [new("b", 2)];
        _time.Advance(s_rosterPeriod);

        Assert.Equal(["a", "a", "b", "b"], _calls.Select(call => call.Silo));
        _calls[0].Reply.SetResult(0);
        _calls[1].Reply.SetResult(0);
        Assert.Equal(4, _calls.Count);
        _calls[2].Reply.SetResult(0);
        Assert.Equal(("4", "b"), Last);
    }

    [Fact]
    public async Task WorkWithoutASilo_WaitsForOne()
    {
        _live = [];
        Dispatcher dispatcher = Make();
        Task<int> work = Submit(dispatcher, "w");
        _time.Advance(s_rosterPeriod);
        Assert.Empty(_calls);
        _live = [new("b", 1)];
        _time.Advance(s_rosterPeriod);
        _calls[0].Reply.SetResult(3);
        Assert.Equal(3, await work);
    }

    [Fact]
    public async Task WorkThatKeepsFailing_IsGivenUpWithItsCause()
    {
        Dispatcher dispatcher = Make();
        Task<int> work = Submit(dispatcher, "w");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(i + 1, _calls.Count);
            _calls[i].Reply.SetException(new InvalidOperationException($"failure {i + 1}"));
            _time.Advance(s_rosterPeriod);
        }
        RunException given = await Assert.ThrowsAsync<RunException>(() => work);
        Assert.Equal("a unit of work failed 20 times, last on a: failure 20", given.Message);
        Assert.Equal("failure 20", given.InnerException!.Message);
        Assert.Equal(20, _calls.Count);
        Assert.Equal(0, dispatcher.InFlight);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ABadContribution_IsNotTriedAgain(bool contribution)
    {
        Dispatcher dispatcher = Make();
        Task<int> work = Submit(dispatcher, "w");
        Exception cause = contribution ? new ContributionException("unit 1/2/3: NaN") : new RunException("no such run");
        _calls[0].Reply.SetException(cause);
        Assert.Same(cause, await Assert.ThrowsAnyAsync<Exception>(() => work));
        Assert.Single(_calls);
        Assert.Equal(0, dispatcher.Redispatched);
    }

    [Fact]
    public async Task ASiloThatLacksWhatTheWorkNeeds_IsToldOnce_AndGetsNone_WhileOthersDoIt()
    {
        _live = [new("a", 2), new("b", 1)];
        List<string> told = [];
        Dispatcher dispatcher = new(ReadRoster, _time)
        {
            OnUnsuitable = (silo, reason) => told.Add($"{silo.Silo}: {reason.Message}"),
        };
        Task<int>[] work = [.. Enumerable.Range(0, 3).Select(i => Submit(dispatcher, $"{i}"))];
        Assert.Equal(["a", "a", "b"], _calls.Select(call => call.Silo).Order());
        foreach (var call in _calls.Where(call => call.Silo == "a").ToArray())
        {
            call.Reply.SetException(new UnsuitableSiloException("no model.safetensors"));
        }
        for (int done = 2; done < 5; done++)
        {
            Assert.Equal("b", _calls.Last().Silo);
            _time.Advance(s_rosterPeriod);
            _calls.First(call => !call.Reply.Task.IsCompleted).Reply.SetResult(done);
        }
        await Task.WhenAll(work);
        Assert.Equal(["a: no model.safetensors"], told);
        Assert.Equal(5, _calls.Count);
    }

    [Fact]
    public async Task WorkThatNoSiloSuits_Fails_ButWaitsForOneWhereSomeDidBefore()
    {
        _live = [new("a", 1), new("b", 1)];
        Dispatcher dispatcher = Make();
        Task<int> none = Submit(dispatcher, "none");
        _calls[0].Reply.SetException(new UnsuitableSiloException("no base"));
        _calls[1].Reply.SetException(new UnsuitableSiloException("no base"));
        Assert.Equal("no base", (await Assert.ThrowsAsync<RunException>(() => none)).Message);

        _live = [new("c", 1)];
        _time.Advance(s_rosterPeriod);
        Task<int> first = Submit(dispatcher, "first");
        _time.Advance(s_rosterPeriod);
        _calls[2].Reply.SetResult(1);
        await first;
        _live = [new("d", 1)];
        Task<int> second = Submit(dispatcher, "second");
        _calls[3].Reply.SetException(new TimeoutException("c is gone"));
        _time.Advance(s_rosterPeriod);
        _calls[4].Reply.SetException(new UnsuitableSiloException("no base"));
        _time.Advance(s_rosterPeriod);
        Assert.False(second.IsCompleted);
        _live = [new("d", 1), new("e", 1)];
        _time.Advance(s_rosterPeriod);
        Assert.Equal(("second", "e"), Last);
        _calls[5].Reply.SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task CancelledWork_IsNotDispatched_AndOneThatFailsIsNotTriedAgain()
    {
        Dispatcher dispatcher = Make();
        using var cancel = new CancellationTokenSource();
        Task<int> one = Submit(dispatcher, "one", cancellationToken: cancel.Token);
        Task<int> two = Submit(dispatcher, "two", cancellationToken: cancel.Token);
        Task<int> queued = Submit(dispatcher, "queued", cancellationToken: cancel.Token);
        Task<int> other = Submit(dispatcher, "other");
        await cancel.CancelAsync();
        _calls[0].Reply.SetException(new TimeoutException());
        _calls[1].Reply.SetResult(5);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.Equal(5, await two);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.Equal(["one", "two", "other"], _calls.Select(call => call.Name));
        _calls[2].Reply.SetResult(6);
        Assert.Equal(6, await other);
        Assert.Equal(0, dispatcher.Redispatched);
    }

    [Fact]
    public async Task CancelledWork_EndsEvenWhereNoSiloIsFree()
    {
        _live = [];
        Dispatcher dispatcher = Make();
        using var cancel = new CancellationTokenSource();
        Task<int> work = Submit(dispatcher, "w", cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        _time.Advance(s_rosterPeriod);
        Assert.True(work.IsCanceled || work.IsFaulted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
    }

    [Fact]
    public void ARosterThatCannotBeRead_IsToldAndReadAgain()
    {
        _rosterFails = new InvalidOperationException("membership is away");
        Dispatcher dispatcher = Make();
        _ = Submit(dispatcher, "w");
        Assert.Empty(_calls);
        Assert.Equal(["membership: membership is away"], _retries);
        _rosterFails = null;
        _time.Advance(s_rosterPeriod);
        Assert.Equal(("w", "a"), Last);
    }

    [Fact]
    public void TheRoster_IsReadOnlyWhileThereIsWork()
    {
        Dispatcher dispatcher = Make();
        Assert.Equal(0, _reads);
        _ = Submit(dispatcher, "w");
        Assert.Equal(1, _reads);
        _time.Advance(s_rosterPeriod);
        Assert.Equal(2, _reads);
        _calls[0].Reply.SetResult(0);
        _time.Advance(s_rosterPeriod);
        _time.Advance(s_rosterPeriod);
        Assert.Equal(2, _reads);
        _ = Submit(dispatcher, "x");
        Assert.Equal(("x", "a"), Last);
        Assert.Equal(3, _reads);
    }

    private (string Name, string Silo) Last => (_calls[^1].Name, _calls[^1].Silo);

    private Dispatcher Make() => new(ReadRoster, _time) { OnRetry = (silo, e) => _retries.Add($"{silo}: {e.Message}") };

    private Task<IReadOnlyList<SiloDevices>> ReadRoster()
    {
        _reads++;
        return _rosterFails is null ? Task.FromResult<IReadOnlyList<SiloDevices>>([.. _live]) : throw _rosterFails;
    }

    private Task<int> Submit(
        Dispatcher dispatcher, string name, int priority = 0, CancellationToken cancellationToken = default) =>
        dispatcher.Run(
            priority,
            silo =>
            {
                var reply = new TaskCompletionSource<int>();
                _calls.Add((name, silo, reply));
                return reply.Task;
            },
            cancellationToken);
}
