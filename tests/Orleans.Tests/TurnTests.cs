using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Tests;

public interface ITurns : IGrainWithStringKey
{
    Task<int> CountWithoutLock(int turns);

    Task Hold(string entered, string leave);

    Task Pass();

    [AlwaysInterleave]
    Task<int> Peek();

    [ReadOnly]
    Task Read(string entered, string leave);

    Task<bool> CallBack(bool allowReentrancy);

    Task StartLoop(string stop);

    [OneWay]
    Task Tell(string gate);

    [ResponseTimeout("00:00:00.2")]
    Task Slow(string leave, string left);

    Task<bool> WaitForCancellation(string entered, string cancelled, CancellationToken cancellation);

    Task<string> Flowing(string key);
}

public sealed class TurnsGrain : Grain, ITurns
{
    private int _value;
    private int _beats;

    public async Task<int> CountWithoutLock(int turns)
    {
        for (int i = 0; i < turns; i++)
        {
            int seen = _value;
            await Task.Yield();
            _value = seen + 1;
        }

        return _value;
    }

    public async Task Hold(string entered, string leave)
    {
        Gate.Open(entered);
        await Gate.Wait(leave);
    }

    public Task Pass() => Task.CompletedTask;

    public Task<int> Peek() => Task.FromResult(_beats);

    public Task Read(string entered, string leave) => Hold(entered, leave);

    public async Task<bool> CallBack(bool allowReentrancy)
    {
        using var section = allowReentrancy ? RequestContext.AllowCallChainReentrancy() : RequestContext.SuppressCallChainReentrancy();
        string peeked = Guid.NewGuid().ToString("N");
        Task other = GrainFactory.GetGrain<IBouncer>(peeked).Bounce(this.AsReference<ITurns>(), peeked);
        await Gate.Wait(peeked);
        if (allowReentrancy)
        {
            await other;
        }

        return other.IsCompleted;
    }

    public Task StartLoop(string stop)
    {
        _ = Loop(stop);
        return Task.CompletedTask;
    }

    public Task Tell(string gate)
    {
        Gate.Open(gate);
        throw new InvalidOperationException("nobody hears this");
    }

    public async Task Slow(string leave, string left)
    {
        await Gate.Wait(leave);
        Gate.Open(left);
    }

    public async Task<bool> WaitForCancellation(string entered, string cancelled, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.Register(() => Gate.Open(cancelled));
        Gate.Open(entered);
        await Gate.Wait(cancelled);
        return true;
    }

    public Task<string> Flowing(string key) => Task.FromResult((string)RequestContext.Get(key)!);

    private async Task Loop(string stop)
    {
        TaskScheduler scheduler = TaskScheduler.Current;
        while (!Gate.IsOpen(stop))
        {
            await Task.Delay(1);
            Assert.Same(scheduler, TaskScheduler.Current);
            _beats++;
        }

        Gate.Open(stop + "ped");
    }
}

public interface IBouncer : IGrainWithStringKey
{
    /// <summary>Calls back; opens <paramref name="peeked"/> when a call that may always interleave has come after that one.</summary>
    Task Bounce(ITurns back, string peeked);
}

public sealed class Bouncer : Grain, IBouncer
{
    public async Task Bounce(ITurns back, string peeked)
    {
        Task passing = back.Pass();
        await back.Peek();
        Gate.Open(peeked);
        await passing;
    }
}

public interface IPicky : IGrainWithStringKey
{
    Task Hold(string entered, string leave);

    Task Enter(bool may);
}

[MayInterleave(nameof(May))]
public sealed class Picky : Grain, IPicky
{
    public static bool May(IInvokable call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.GetMethodName() == nameof(Enter) && (bool)call.GetArgument(0)!;
    }

    public async Task Hold(string entered, string leave)
    {
        Gate.Open(entered);
        await Gate.Wait(leave);
    }

    public Task Enter(bool may) => Task.CompletedTask;
}

public class TurnTests
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task Requests_NeverRunTwoAtOnce()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        ITurns grain = silo.Grains.GetGrain<ITurns>(_id);
        int[] ends = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.CountWithoutLock(20)));
        Assert.Equal(1000, ends.Max());
    }

    [Fact]
    public async Task Interleaving_IsForThoseMarkedOnly()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        ITurns grain = silo.Grains.GetGrain<ITurns>(_id);
        Task holding = grain.Hold(_id + "in", _id + "out");
        await Gate.Wait(_id + "in");
        Task passing = grain.Pass();
        await grain.Peek();
        Assert.False(passing.IsCompleted);
        Gate.Open(_id + "out");
        await Task.WhenAll(holding, passing);
    }

    [Fact]
    public async Task ReadOnlyRequests_RunBesideEachOther()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        ITurns grain = silo.Grains.GetGrain<ITurns>(_id);
        Task first = grain.Read(_id + "1", _id + "out");
        Task second = grain.Read(_id + "2", _id + "out");
        await Gate.Wait(_id + "1");
        await Gate.Wait(_id + "2");
        Task writer = grain.Pass();
        await grain.Peek();
        Assert.False(writer.IsCompleted);
        Gate.Open(_id + "out");
        await Task.WhenAll(first, second, writer);
    }

    [Fact]
    public async Task MayInterleave_AsksThePredicate()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        IPicky grain = silo.Grains.GetGrain<IPicky>(_id);
        Task holding = grain.Hold(_id + "in", _id + "out");
        await Gate.Wait(_id + "in");
        Task refused = grain.Enter(false);
        await grain.Enter(true);
        Assert.False(refused.IsCompleted);
        Gate.Open(_id + "out");
        await Task.WhenAll(holding, refused);
    }

    [Fact]
    public async Task CallChain_ReentersOnlyWhereAllowed()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        ITurns grain = silo.Grains.GetGrain<ITurns>(_id);
        Assert.True(await grain.CallBack(allowReentrancy: true));
        Assert.False(await grain.CallBack(allowReentrancy: false));
    }

    [Fact]
    public async Task UnawaitedLoop_GoesOnInTurnsOfTheGrain()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        ITurns grain = silo.Grains.GetGrain<ITurns>(_id);
        await grain.StartLoop(_id);
        while (await grain.Peek() < 3)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Gate.Open(_id);
        await Gate.Wait(_id + "ped");
    }

    [Fact]
    public async Task OneWay_CompletesAtOnceAndHearsNoError()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        Task told = silo.Grains.GetGrain<ITurns>(_id).Tell(_id);
        Assert.True(told.IsCompletedSuccessfully);
        await Gate.Wait(_id);
    }

    [Fact]
    public async Task TimedOutCall_GoesOnRunning()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurns>(_id).Slow(_id + "leave", _id + "left"));
        Assert.False(Gate.IsOpen(_id + "left"));
        Gate.Open(_id + "leave");
        await Gate.Wait(_id + "left");
    }

    [Fact]
    public async Task CancelledCaller_CancelsTheGrainsToken()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        using CancellationTokenSource source = new();
        Task<bool> call = silo.Grains.GetGrain<ITurns>(_id).WaitForCancellation(_id + "in", _id + "cancelled", source.Token);
        await Gate.Wait(_id + "in");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Gate.Wait(_id + "cancelled");
    }

    [Fact]
    public async Task RequestContext_FlowsWithTheCall()
    {
        await using SiloFixture silo = await SiloFixture.StartAsync();
        RequestContext.Set("color", "red");
        Assert.Equal("red", await silo.Grains.GetGrain<ITurns>(_id).Flowing("color"));
    }
}
