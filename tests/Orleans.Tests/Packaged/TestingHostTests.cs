using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization.Configuration;
using Orleans.TestingHost;

namespace Orleans.Tests.Packaged;

/// <summary>The suite's grains in the cluster that Microsoft.Orleans offers for tests, with its own table of members.</summary>
public class TestingHostTests
{
    [Fact]
    public async Task KilledSilosGrains_LiveOnAnotherOne()
    {
        InProcessTestClusterBuilder builder = new(3);
        // The suite has an interface that cannot be called on purpose; the analysis would refuse all of them for it.
        builder.ConfigureSiloHost((_, host) => host.Services.Configure<TypeManifestOptions>(options => options.EnableConfigurationAnalysis = false));
        builder.ConfigureClientHost(host => host.Services.Configure<TypeManifestOptions>(options => options.EnableConfigurationAnalysis = false));
        await using InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        IWhere[] grains = [.. Enumerable.Range(0, 40).Select(i => cluster.Client.GetGrain<IWhere>("g" + i))];
        SiloAddress[] before = await Task.WhenAll(grains.Select(grain => grain.Address()));
        Assert.Equal(3, before.Distinct().Count());

        SiloAddress victim = cluster.Silos[1].SiloAddress;
        await cluster.KillSiloAsync(cluster.Silos[1]);

        SiloAddress[] after = await Task.WhenAll(grains.Select(grain => ClusterFixture.Retry(grain.Address)));
        Assert.DoesNotContain(victim, after);
        // Whoever lived on another silo stayed there.
        Assert.All(before.Zip(after).Where(pair => pair.First != victim), pair => Assert.Equal(pair.First, pair.Second));
    }
}
