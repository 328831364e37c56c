using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.Tests;

/// <summary>The embedded engine's grains live by the host's clock.</summary>
public class ClockTests
{
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly ManualTime _time = new();

    private Task<SiloFixture> StartAsync() => SiloFixture.StartAsync(silo =>
    {
        silo.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time));
        silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromMinutes(10));
    });

    [Fact]
    public async Task IdleGrain_IsDeactivatedAndComesBack()
    {
        await using SiloFixture silo = await StartAsync();
        IAging grain = silo.Grains.GetGrain<IAging>(_id, typeof(Aging).FullName);
        Guid first = await grain.Incarnation();
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(first, await grain.Incarnation());
        _time.Advance(TimeSpan.FromMinutes(12));
        await Gate.Wait($"{_id} gone {DeactivationReasonCode.ActivationIdle}");
        Assert.NotEqual(first, await grain.Incarnation());
    }

    [Fact]
    public async Task DelayedAndKeptAliveGrains_AreNotIdle()
    {
        await using SiloFixture silo = await StartAsync();
        IAging delayed = silo.Grains.GetGrain<IAging>(_id, typeof(Aging).FullName);
        IAging ageless = silo.Grains.GetGrain<IAgeless>(_id + "x");
        Guid first = await delayed.Incarnation();
        Guid second = await ageless.Incarnation();
        await delayed.Delay(TimeSpan.FromHours(2));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(first, await delayed.Incarnation());
        Assert.Equal(second, await ageless.Incarnation());
    }

    [Fact]
    public async Task Timer_TicksByTheClockUntilStopped()
    {
        await using SiloFixture silo = await StartAsync();
        IAging grain = silo.Grains.GetGrain<IAgeless>(_id);
        await grain.StartTimer(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, await grain.Ticks());
        _time.Advance(TimeSpan.FromSeconds(1));
        await Gate.Wait(_id + " tick 1");
        Assert.Equal(1, await grain.Ticks());
        _time.Advance(TimeSpan.FromSeconds(2));
        await Gate.Wait(_id + " tick 2");
        Assert.Equal(2, await grain.Ticks());
        await grain.StopTimer();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(2, await grain.Ticks());
    }
}
