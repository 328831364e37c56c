using System.Diagnostics;
using System.Net.NetworkInformation;
using Bgpo.Grains;
using Bgpo.Silo.Clustering;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Placement;

namespace Bgpo.Silo.Tests;

public interface IWhere : IGrainWithStringKey
{
    Task<string> Name();

    Task<SiloAddress> Address();

    Task<Guid> Incarnation();

    Task<float> Sum(Float32Block values);

    Task<float[]> Make(int count);

    Task Hang(CancellationToken cancellation);

    Task<string> Hold(string entered, string leave);

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

    public Task<float> Sum(Float32Block values)
    {
        float sum = 0;
        foreach (float value in values.Span)
        {
            sum += value;
        }

        values.Release();
        return Task.FromResult(sum);
    }

    public Task<float[]> Make(int count) => Task.FromResult(Enumerable.Range(0, count).Select(i => (float)i).ToArray());

    public Task Hang(CancellationToken cancellation) => new TaskCompletionSource().Task.WaitAsync(cancellation);

    public async Task<string> Hold(string entered, string leave)
    {
        Gate.Open(entered);
        await Gate.Wait(leave);
        return silo.Name;
    }

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

/// <summary>What our transport, members and time-outs make of Orleans: real processes that are killed, hang and leave.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public class ClusterTests
{
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

        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging);
        Assert.Equal("other", await ClusterFixture.Retry(grain.Name));
        Assert.False(other.HasExited);
    }

    [Fact]
    public async Task DeadSilo_IsDeclaredDeadByItsConnection_NotByProbes()
    {
        await using ClusterFixture cluster = new();
        // Probes that nobody waits for.
        IHost one = await cluster.StartSiloAsync(
            "one", configure: silo => silo.Configure<ClusterMembershipOptions>(options => options.NumMissedProbesLimit = 1000));
        Process victim = await cluster.StartProcessAsync("victim");
        IWhere there = await OnSilo(ClusterFixture.GrainsOf(one), "victim");
        Task hanging = there.Hang(CancellationToken.None);
        ClusterFixture.Signal(victim, "KILL");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging);
        Assert.Equal("one", await ClusterFixture.Retry(there.Name));
    }

    [Fact]
    public async Task ClusterOfThisMachine_ListensOnNoNetwork_AndLeavesNothing()
    {
        HashSet<int> before =
            [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port)];
        string name;
        await using (ClusterFixture cluster = new())
        {
            name = cluster.Name;
            await cluster.StartSiloAsync("one");
            await cluster.StartProcessAsync("two");
            IClusterClient client = await cluster.StartClientAsync();
            await client.GetGrain<IWhere>("g").Name();
            int[] ports = [.. Directory.GetFiles(ClusterFolder.PathOf(name), "*.sock")
                .Select(file => int.Parse(Path.GetFileNameWithoutExtension(file)))];
            Assert.Equal(4, ports.Length);
            Assert.DoesNotContain(
                IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners(), listener =>
                    ports.Contains(listener.Port) && !before.Contains(listener.Port));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(ClusterFolder.PathOf(name)));
        }
        Assert.Empty(ClusterFolder.Leftovers(name));
    }

    [Fact]
    public async Task StoppedSilo_IsDeclaredDead_AndEndsWhenItWakes()
    {
        await using ClusterFixture cluster = new();
        // Probes that nobody waits for.
        IHost one = await cluster.StartSiloAsync(
            "one", configure: silo => silo.Configure<ClusterMembershipOptions>(options => options.NumMissedProbesLimit = 1000));
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
        await ClusterFixture.Sees(
            one, cluster => cluster.GetSiloStatus(ClusterFixture.AddressOf(two)) == SiloStatus.ShuttingDown);
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
