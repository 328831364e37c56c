using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Tests;

/// <summary>What the embedded engine promises beyond Microsoft.Orleans when silos die and leave.</summary>
public class DeathTests
{
    [Fact]
    public async Task ProcessThatIsGone_IsSeenWithoutAnyProbe()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one", silo =>
            silo.Configure<ClusterMembershipOptions>(options => options.ProbeTimeout = TimeSpan.FromHours(1)));
        Process victim = await cluster.StartProcessAsync("victim");
        SiloAddress address = await AddressOf(one, "victim");
        RequestContext.Set(IPlacementDirector.PlacementHintKey, address);
        IWhere there = ClusterFixture.GrainsOf(one).GetGrain<IWhere>("g");
        Assert.Equal("victim", await there.Name());
        Task hanging = there.Hang(CancellationToken.None);
        ClusterFixture.Signal(victim, "KILL");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging);
        await ClusterFixture.Sees(one, cluster => cluster.GetSiloStatus(address) == SiloStatus.Dead);
        Assert.Equal("one", await there.Name());
    }

    [Fact]
    public async Task ClientsCallsInFlightToADeadGateway_FailAtOnce()
    {
        await using ClusterFixture cluster = new();
        Process victim = await cluster.StartProcessAsync("victim");
        IClusterClient client = await cluster.StartClientAsync(builder =>
            builder.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = Timeout.InfiniteTimeSpan));
        IWhere grain = client.GetGrain<IWhere>("g");
        Assert.Equal("victim", await grain.Name());
        Task hanging = grain.Hang(CancellationToken.None);
        ClusterFixture.Signal(victim, "KILL");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task LeavingSilos_LoseNoCall()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        IClusterClient client = await cluster.StartClientAsync();
        IGrainFactory[] from = [ClusterFixture.GrainsOf(one), ClusterFixture.GrainsOf(two), client];
        using CancellationTokenSource stop = new();
        Task<int>[] callers = [.. Enumerable.Range(0, 12).Select(async caller =>
        {
            int calls = 0;
            while (!stop.IsCancellationRequested)
            {
                await from[caller % 3].GetGrain<IWhere>($"{caller}-{calls % 20}").Name();
                calls++;
            }

            return calls;
        })];
        for (int i = 0; i < 4; i++)
        {
            Process leaver = await cluster.StartProcessAsync("leaver" + i);
            await ClusterTests.OnSilo(from[0], "leaver" + i);
            ClusterFixture.Signal(leaver, "TERM");
            await leaver.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, leaver.ExitCode);
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(callers), calls => Assert.True(calls > 0));
    }

    private static async Task<SiloAddress> AddressOf(IHost seenBy, string name)
    {
        SiloAddress? found = null;
        await ClusterFixture.Sees(seenBy, cluster =>
            (found = cluster.Members.Values.FirstOrDefault(member => member.Name == name)?.SiloAddress) is not null);
        return found!;
    }
}
