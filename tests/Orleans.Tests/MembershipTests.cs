using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Tests;

public class MembershipTests
{
    [Fact]
    public async Task SilosThatComeAndGo_AreToldOfAsItHappens()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        ISiloStatusOracle oracle = one.Services.GetRequiredService<ISiloStatusOracle>();
        Listener listener = new();
        Assert.True(oracle.SubscribeToSiloStatusEvents(listener));
        Assert.False(oracle.SubscribeToSiloStatusEvents(listener));
        IHost two = await cluster.StartSiloAsync("two");
        SiloAddress address = ClusterFixture.AddressOf(two);
        await listener.Heard(address, SiloStatus.Active);
        await ClusterFixture.Sees(one, cluster => cluster.GetSiloStatus(address) == SiloStatus.Active
            && cluster.Members[address].Name == "two" && cluster.Members.Count == 2);
        Assert.True(oracle.TryGetSiloName(address, out string? name));
        Assert.Equal("two", name);
        Assert.Equal(2, oracle.GetActiveSilos().Length);
        Assert.Equal((SiloStatus.Active, "one"), (oracle.CurrentStatus, oracle.SiloName));
        await two.StopAsync();
        await listener.Heard(address, SiloStatus.Dead);
        await ClusterFixture.Sees(one, cluster => cluster.GetSiloStatus(address) == SiloStatus.Dead);
        Assert.True(oracle.IsDeadSilo(address));
        Assert.Single(oracle.GetApproximateSiloStatuses(onlyActive: true));
        Assert.True(oracle.UnSubscribeFromSiloStatusEvents(listener));
    }

    [Fact]
    public async Task SiloDeclaredDead_IsToldSoAndNoLongerCounts()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        Eviction eviction = new();
        IHost two = await cluster.StartSiloAsync("two", silo => silo.Services.AddSingleton<IFatalErrorHandler>(eviction));
        SiloAddress address = ClusterFixture.AddressOf(two);
        await ClusterFixture.Sees(one, cluster => cluster.GetSiloStatus(address) == SiloStatus.Active);
        Assert.True(await one.Services.GetRequiredService<IClusterMembershipService>().TryKill(address));
        Assert.Contains("dead", await eviction.Happened.WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.OrdinalIgnoreCase);
        Assert.Single(await ClusterFixture.GrainsOf(one).GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true));
    }

    [Fact]
    public async Task ManagementGrain_TellsWhereAGrainIs()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        IWhere grain = ClusterFixture.GrainsOf(one).GetGrain<IWhere>("g");
        IManagementGrain management = ClusterFixture.GrainsOf(one).GetGrain<IManagementGrain>(0);
        Assert.Null(await management.GetActivationAddress(grain));
        RequestContext.Set(IPlacementDirector.PlacementHintKey, ClusterFixture.AddressOf(two));
        await grain.Name();
        Assert.Equal(ClusterFixture.AddressOf(two), await management.GetActivationAddress(grain));
    }

    private sealed class Listener : ISiloStatusListener
    {
        private readonly Channel<(SiloAddress Silo, SiloStatus Status)> _heard = Channel.CreateUnbounded<(SiloAddress, SiloStatus)>();

        public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status) => _heard.Writer.TryWrite((updatedSilo, status));

        public async Task Heard(SiloAddress silo, SiloStatus status)
        {
            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
            while (!(await _heard.Reader.ReadAsync(patience.Token)).Equals((silo, status)))
            {
                // Something else happened before.
            }
        }
    }
}
