using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Tests;

public interface IWhere : IGrainWithStringKey
{
    Task<string> Name();

    Task<SiloAddress> Address();

    Task<Guid> Incarnation();

    Task<float> Sum([Immutable] ReadOnlyMemory<float> values);

    Task<float[]> Make(int count);

    Task Hang(CancellationToken cancellation);

    Task<string> Hold(string entered, string leave);

    Task<string> AskOther(string key);

    IAsyncEnumerable<int> Count(int to);

    Task<int> Fail(string message);
}

[RandomPlacement]
public sealed class Where(ILocalSiloDetails silo) : Grain, IWhere
{
    private readonly Guid _incarnation = Guid.NewGuid();

    public Task<string> Name() => Task.FromResult(silo.Name);

    public Task<SiloAddress> Address() => Task.FromResult(silo.SiloAddress);

    public Task<Guid> Incarnation() => Task.FromResult(_incarnation);

    public Task<float> Sum(ReadOnlyMemory<float> values)
    {
        float sum = 0;
        foreach (float value in values.Span)
        {
            sum += value;
        }

        return Task.FromResult(sum);
    }

    public Task<float[]> Make(int count) => Task.FromResult(Enumerable.Range(0, count).Select(i => (float)i).ToArray());

    public Task Hang(CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);

    public async Task<string> Hold(string entered, string leave)
    {
        Gate.Open(entered);
        await Gate.Wait(leave);
        return silo.Name;
    }

    public Task<string> AskOther(string key) => GrainFactory.GetGrain<IWhere>(key).Name();

    public async IAsyncEnumerable<int> Count(int to)
    {
        for (int i = 0; i < to; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }

    public Task<int> Fail(string message) => throw new ArgumentException(message);
}

public interface IHeir : IGrainWithStringKey
{
    Task Leave(string what);

    Task<string> Inherited();
}

[PreferLocalPlacement]
public sealed class Heir : Grain, IHeir
{
    private string _inherited = "";

    public Task Leave(string what)
    {
        _inherited = what;
        return Task.CompletedTask;
    }

    public Task<string> Inherited() => Task.FromResult(_inherited);
}

public interface ITestator : IGrainWithStringKey
{
    Task Own(string what);
}

[PreferLocalPlacement]
public sealed class Testator : Grain, ITestator
{
    private string _owned = "";

    public Task Own(string what)
    {
        _owned = what;
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        GrainFactory.GetGrain<IHeir>("heir").Leave($"{_owned} ({reason.ReasonCode})");
}

public class ClusterTests
{
    [Fact]
    public async Task LeavingSilosGrains_CanHandOverWhatTheyHold()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        await ClusterFixture.GrainsOf(one).GetGrain<IHeir>("heir").Leave("nothing");
        await ClusterFixture.GrainsOf(two).GetGrain<ITestator>("t").Own("gold");
        await two.StopAsync();
        Assert.Equal("gold (ShuttingDown)", await ClusterFixture.GrainsOf(one).GetGrain<IHeir>("heir").Inherited());
    }

    [Fact]
    public async Task TwoSilos_HaveOneActivationOfAGrainBetweenThem()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        HashSet<string> names = [];
        for (int i = 0; i < 40; i++)
        {
            IWhere fromOne = ClusterFixture.GrainsOf(one).GetGrain<IWhere>("g" + i);
            IWhere fromTwo = ClusterFixture.GrainsOf(two).GetGrain<IWhere>("g" + i);
            Guid[] seen = await Task.WhenAll(fromOne.Incarnation(), fromTwo.Incarnation(), fromOne.Incarnation());
            Assert.Single(seen.Distinct());
            names.Add(await fromOne.Name());
        }

        Assert.Equal(2, names.Count);
    }

    [Fact]
    public async Task Client_CallsGrainsOfAllSilos()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        await cluster.StartSiloAsync("two");
        IClusterClient client = await cluster.StartClientAsync();
        string[] names = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => client.GetGrain<IWhere>("g" + i).Name()));
        Assert.Equal(2, names.Distinct().Count());
        Dictionary<SiloAddress, SiloStatus> hosts = await client.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        Assert.Equal(2, hosts.Count);
        Assert.Contains(ClusterFixture.AddressOf(one), hosts.Keys);
        Assert.InRange(await client.GetGrain<IManagementGrain>(0).GetTotalActivationCount(), 40, 200);
    }

    [Fact]
    public async Task Payloads_StreamsAndExceptions_CrossProcesses()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IClusterClient client = await cluster.StartClientAsync();
        IWhere grain = client.GetGrain<IWhere>("g");
        float[] values = new float[524288];
        Array.Fill(values, 1f);
        Assert.Equal(524288f, await grain.Sum(values));
        Assert.Equal(3f, await grain.Sum(new float[] { 1, 2 }));
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => (float)i), await grain.Make(5000));
        List<int> items = [];
        await foreach (int item in grain.Count(250))
        {
            items.Add(item);
        }

        Assert.Equal(Enumerable.Range(0, 250), items);
        ArgumentException failure = await Assert.ThrowsAsync<ArgumentException>(() => grain.Fail("odd"));
        Assert.Equal("odd", failure.Message);
        Assert.Contains(nameof(Where.Fail), failure.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlacementHint_ChoosesTheSilo()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        for (int i = 0; i < 10; i++)
        {
            IHost wanted = i % 2 == 0 ? one : two;
            RequestContext.Set(IPlacementDirector.PlacementHintKey, ClusterFixture.AddressOf(wanted));
            Assert.Equal(ClusterFixture.AddressOf(wanted), await ClusterFixture.GrainsOf(one).GetGrain<IWhere>("g" + i).Address());
        }
    }

    [Fact]
    public async Task KilledSilo_FailsItsCallsAndItsGrainsComeBackElsewhere()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        Process victim = await cluster.StartProcessAsync("victim");
        IGrainFactory grains = ClusterFixture.GrainsOf(one);
        IWhere there = await OnSilo(grains, "victim");
        Task hanging = there.Hang(CancellationToken.None);
        ClusterFixture.Signal(victim, "KILL");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging);
        Assert.Equal("one", await ClusterFixture.Retry(there.Name));
        Assert.Single(await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true));
    }

    [Fact]
    public async Task KilledGateway_IsReplacedByAnother()
    {
        await using ClusterFixture cluster = new();
        Process victim = await cluster.StartProcessAsync("victim");
        IClusterClient client = await cluster.StartClientAsync();
        IWhere grain = client.GetGrain<IWhere>("g");
        Assert.Equal("victim", await grain.Name());
        Task hanging = grain.Hang(CancellationToken.None);
        Process other = await cluster.StartProcessAsync("other");
        ClusterFixture.Signal(victim, "KILL");

        // Microsoft.Orleans's client learns of it by the call's time-out only.
        Exception? failure = await Record.ExceptionAsync(() => hanging);
        Assert.True(failure is SiloUnavailableException or TimeoutException, $"{failure}");
        Assert.Equal("other", await ClusterFixture.Retry(grain.Name));
        Assert.False(other.HasExited);
    }

    [Fact]
    public async Task HungSilo_IsBuriedAndStopsWhenItWakes()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        Process victim = await cluster.StartProcessAsync("victim");
        IGrainFactory grains = ClusterFixture.GrainsOf(one);
        IWhere there = await OnSilo(grains, "victim");
        ClusterFixture.Signal(victim, "STOP");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => there.Name());
        Assert.Equal("one", await ClusterFixture.Retry(there.Name));
        ClusterFixture.Signal(victim, "CONT");
        await victim.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ClusterFixture.EvictedExitCode, victim.ExitCode);
    }

    [Fact]
    public async Task LeavingSilo_LetsRunningCallsEnd()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        string id = Guid.NewGuid().ToString("N");
        IWhere there = await OnSilo(ClusterFixture.GrainsOf(one), "two");
        Task<string> running = there.Hold(id + "in", id + "out");
        await Gate.Wait(id + "in");
        Task stopping = two.StopAsync();
        await ClusterFixture.Sees(one, cluster => cluster.GetSiloStatus(ClusterFixture.AddressOf(two)) == SiloStatus.ShuttingDown);
        Assert.False(running.IsCompleted);
        Gate.Open(id + "out");
        Assert.Equal("two", await running);
        await stopping;
        Assert.Equal("one", await there.Name());
    }

    /// <summary>A grain that lives on the silo of name <paramref name="name"/>.</summary>
    public static async Task<IWhere> OnSilo(IGrainFactory grains, string name)
    {
        for (int i = 0; i < 200; i++)
        {
            IWhere grain = grains.GetGrain<IWhere>($"{name} {i}");
            if (await grain.Name() == name)
            {
                return grain;
            }
        }

        throw new InvalidOperationException($"No grain was placed on {name}.");
    }
}
