using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Tests;

/// <summary>How the embedded engine finds out that a silo is dead.</summary>
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

    private static async Task<SiloAddress> AddressOf(IHost seenBy, string name)
    {
        SiloAddress? found = null;
        await ClusterFixture.Sees(seenBy, cluster =>
            (found = cluster.Members.Values.FirstOrDefault(member => member.Name == name)?.SiloAddress) is not null);
        return found!;
    }
}
