using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Tests;

public interface IAging : IGrainWithStringKey
{
    Task<Guid> Incarnation();

    Task Retire();

    Task StartTimer(TimeSpan due, TimeSpan period);

    Task<int> Ticks();

    Task StopTimer();

    Task Delay(TimeSpan span);
}

public class Aging : Grain, IAging
{
    private readonly Guid _incarnation = Guid.NewGuid();
    private IGrainTimer? _timer;
    private int _ticks;

    public Task<Guid> Incarnation() => Task.FromResult(_incarnation);

    public Task Retire()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task StartTimer(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(
            static (self, _) =>
            {
                self._ticks++;
                Gate.Open($"{self.GetPrimaryKeyString()} tick {self._ticks}");
                return Task.CompletedTask;
            },
            this,
            new GrainTimerCreationOptions { DueTime = due, Period = period });
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task StopTimer()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task Delay(TimeSpan span)
    {
        DelayDeactivation(span);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Gate.Open($"{this.GetPrimaryKeyString()} gone {reason.ReasonCode}");
        return Task.CompletedTask;
    }
}

public interface IAgeless : IAging;

[KeepAlive]
public sealed class Ageless : Aging, IAgeless;

public interface IFragile : IGrainWithStringKey
{
    Task<int> Attempts();
}

public sealed class Fragile : Grain, IFragile
{
    private static int s_attempts;

    public override Task OnActivateAsync(CancellationToken cancellationToken) =>
        Interlocked.Increment(ref s_attempts) == 1 ? throw new FormatException("not yet") : Task.CompletedTask;

    public Task<int> Attempts() => Task.FromResult(s_attempts);
}

public sealed class Recorder(string name) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(name, ServiceLifecycleStage.ApplicationServices,
            _ =>
            {
                Gate.Open(name + " started");
                return Task.CompletedTask;
            },
            _ =>
            {
                Gate.Open(name + (Gate.IsOpen(name + " gone ShuttingDown") ? " stopped after the grains" : " stopped too soon"));
                return Task.CompletedTask;
            });
    }
}

public class LifecycleTests
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    private Task<SiloFixture> StartAsync() => SiloFixture.StartAsync(silo =>
    {
        silo.Configure<GrainCollectionOptions>(options =>
            (options.CollectionQuantum, options.CollectionAge) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300)));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Recorder(_id));
    });

    [Fact]
    public async Task IdleGrain_IsDeactivatedAndComesBackUnlessKeptAlive()
    {
        await using SiloFixture silo = await StartAsync();
        IAging ageless = silo.Grains.GetGrain<IAgeless>(_id + "x");
        Guid kept = await ageless.Incarnation();
        IAging grain = silo.Grains.GetGrain<IAging>(_id, typeof(Aging).FullName);
        Guid first = await grain.Incarnation();
        await Gate.Wait($"{_id} gone {DeactivationReasonCode.ActivationIdle}");
        Assert.NotEqual(first, await grain.Incarnation());
        Assert.Equal(kept, await ageless.Incarnation());
    }

    [Fact]
    public async Task Timer_TicksUntilStopped()
    {
        await using SiloFixture silo = await StartAsync();
        IAging stopped = silo.Grains.GetGrain<IAgeless>(_id);
        await stopped.StartTimer(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        await Gate.Wait(_id + " tick 3");
        await stopped.StopTimer();
        int ticks = await stopped.Ticks();
        await silo.Grains.GetGrain<IAgeless>(_id + "y").StartTimer(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        await Gate.Wait(_id + "y tick 5");
        Assert.Equal(ticks, await stopped.Ticks());
    }

    [Fact]
    public async Task DeactivateOnIdle_MakesTheNextCallWakeANewOne()
    {
        await using SiloFixture silo = await StartAsync();
        IAging grain = silo.Grains.GetGrain<IAgeless>(_id);
        Guid first = await grain.Incarnation();
        await grain.Retire();
        await Gate.Wait($"{_id} gone {DeactivationReasonCode.ApplicationRequested}");
        Assert.NotEqual(first, await grain.Incarnation());
    }

    [Fact]
    public async Task FailedActivation_ReachesTheCallerAndIsTriedAgain()
    {
        await using SiloFixture silo = await StartAsync();
        IFragile grain = silo.Grains.GetGrain<IFragile>(_id);
        FormatException failure = await Assert.ThrowsAsync<FormatException>(grain.Attempts);
        Assert.Equal("not yet", failure.Message);
        Assert.Equal(2, await grain.Attempts());
    }

    [Fact]
    public async Task StoppingSilo_DeactivatesGrainsBeforeItsServices()
    {
        SiloFixture silo = await StartAsync();
        await silo.Grains.GetGrain<IAgeless>(_id).Incarnation();
        Assert.True(Gate.IsOpen(_id + " started"));
        await silo.DisposeAsync();
        Assert.True(Gate.IsOpen(_id + " stopped after the grains"));
    }

    [Fact]
    public async Task StartupTask_CanCallGrains()
    {
        Guid seen = Guid.Empty;
        await using SiloFixture silo = await SiloFixture.StartAsync(builder => builder.AddStartupTask(async (services, _) =>
            seen = await services.GetRequiredService<IGrainFactory>().GetGrain<IAgeless>(_id).Incarnation()));
        Assert.Equal(seen, await silo.Grains.GetGrain<IAgeless>(_id).Incarnation());
    }
}
