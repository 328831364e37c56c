using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Orleans.Tests;

[AttributeUsage(AttributeTargets.Class)]
public sealed class KeyedPlacementAttribute() : PlacementAttribute(new KeyedPlacement());

public sealed class KeyedPlacement : PlacementStrategy;

/// <summary>Takes the silo of the name that the grain's key begins with.</summary>
public sealed class KeyedPlacementDirector(ISiloMetadataCache metadata) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string name = target.GrainIdentity.Key.ToString().Split('/')[0];
        return Task.FromResult(context.GetCompatibleSilos(target).First(
            silo => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault("name") == name));
    }
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class NamedFilterAttribute(string name) : PlacementFilterAttribute(new NamedFilter(name, 1));

/// <summary>Lets pass the silos of one name, which the attribute gives and the grain's properties carry.</summary>
public sealed class NamedFilter(string name, int order) : PlacementFilterStrategy(order)
{
    public NamedFilter()
        : this("", 0)
    {
    }

    public string Name { get; private set; } = name;

    public override void AdditionalInitialize(Metadata.GrainProperties properties) =>
        Name = GetPlacementFilterGrainProperty("name", properties)!;

    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new("name", Name)];
}

public sealed class NamedFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(
        PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault("name") == ((NamedFilter)filterStrategy).Name);
}

public interface IKeyed : IGrainWithStringKey
{
    Task<string> Name();
}

[KeyedPlacement]
public sealed class Keyed(ILocalSiloDetails silo) : Grain, IKeyed
{
    public Task<string> Name() => Task.FromResult(silo.Name);
}

public interface IFiltered : IGrainWithStringKey
{
    Task<string> Name();
}

[NamedFilter("two")]
public sealed class Filtered(ILocalSiloDetails silo) : Grain, IFiltered
{
    public Task<string> Name() => Task.FromResult(silo.Name);
}

[PreferLocalPlacement]
public sealed class Near(ILocalSiloDetails silo) : Grain, INear
{
    public Task<string> Name() => Task.FromResult(silo.Name);
}

public interface INear : IGrainWithStringKey
{
    Task<string> Name();
}

public class PlacementTests
{
    private static void Configure(ISiloBuilder silo)
    {
        silo.Services.AddPlacementDirector<KeyedPlacement, KeyedPlacementDirector>();
        silo.Services.AddPlacementFilter<NamedFilter, NamedFilterDirector>(ServiceLifetime.Transient);
    }

    [Fact]
    public async Task DirectorAndFilter_ChooseByTheSilosMetadata()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one", Configure);
        IGrainFactory grains = ClusterFixture.GrainsOf(one);
        OrleansException failure = await Assert.ThrowsAsync<OrleansException>(() => grains.GetGrain<IFiltered>("x").Name());
        Assert.Contains("filtered", failure.Message, StringComparison.Ordinal);
        IHost two = await cluster.StartSiloAsync("two", Configure);
        await MetadataArrives(one, two);
        Assert.Equal("one", await grains.GetGrain<IKeyed>("one/1").Name());
        Assert.Equal("two", await grains.GetGrain<IKeyed>("two/1").Name());
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal("two", await grains.GetGrain<IFiltered>("f" + i).Name());
        }
    }

    /// <summary>A silo's metadata may come a moment after the silo itself; nobody tells when.</summary>
    private static async Task MetadataArrives(IHost at, IHost of)
    {
        ISiloMetadataCache cache = at.Services.GetRequiredService<ISiloMetadataCache>();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        while (cache.GetSiloMetadata(ClusterFixture.AddressOf(of)).Metadata.IsEmpty)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task PreferLocal_StaysWhereItIsCalled()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one", Configure);
        IHost two = await cluster.StartSiloAsync("two", Configure);
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal("one", await ClusterFixture.GrainsOf(one).GetGrain<INear>("a" + i).Name());
            Assert.Equal("two", await ClusterFixture.GrainsOf(two).GetGrain<INear>("b" + i).Name());
        }
    }
}
