using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;
using Orleans.Serialization;

namespace Microsoft.Extensions.Hosting;

/// <summary>Makes a host a silo.</summary>
public static class OrleansSiloGenericHostExtensions
{
    /// <summary>Makes the host a silo.</summary>
    public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostAppBuilder);
        Add(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    /// <summary>Makes the host a silo.</summary>
    public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostAppBuilder);
        Add(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    /// <summary>Makes the host a silo.</summary>
    public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<HostBuilderContext, ISiloBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        return hostBuilder.ConfigureServices((context, services) =>
            Add(services, context.Configuration, silo => configureDelegate(context, silo)));
    }

    /// <summary>Makes the host a silo.</summary>
    public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate) =>
        hostBuilder.UseOrleans((_, silo) => configureDelegate(silo));

    private static void Add(IServiceCollection services, IConfiguration configuration, Action<ISiloBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        if (services.All(service => service.ServiceType != typeof(SiloHost)))
        {
            AddDefaults(services);
        }

        configure(new SiloBuilder(services, configuration));
    }

    private static void AddDefaults(IServiceCollection services)
    {
        services.AddOptions().AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ILocalSiloDetails, LocalSiloDetails>();
        services.AddSingleton(provider => new GrainTypeRegistry(provider));
        services.AddSingleton<ICluster, SingleSiloCluster>();
        services.AddSingleton<IClusterMembershipService, ClusterMembershipService>();
        services.AddSingleton<ISiloStatusOracle, SiloStatusOracle>();
        services.TryAddSingleton<IFatalErrorHandler, FatalErrorHandler>();
        services.AddSingleton<DistributedGrainDirectory>();
        services.AddSingleton<PlacementService>();
        services.AddSingleton(provider => new Catalog(
            provider.GetRequiredService<GrainTypeRegistry>(),
            provider.GetRequiredService<IOptions<GrainCollectionOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider,
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<SiloRouter>();
        services.AddSingleton(Client);
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<ClusterClient>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<ClusterClient>());
        services.AddScoped<ActivationSlot>();
        services.AddScoped(provider => provider.GetRequiredService<ActivationSlot>().Context
            ?? throw new InvalidOperationException($"{nameof(IGrainContext)} is a service of grains only."));
        services.AddSingleton(provider => new Serializer(provider.GetRequiredService<ClusterClient>()));
        services.AddSingleton<SiloLifecycle>();
        services.AddSingleton<ISiloLifecycle>(provider => provider.GetRequiredService<SiloLifecycle>());
        services.AddSingleton<SiloHost>();
        services.AddHostedService(provider => provider.GetRequiredService<SiloHost>());
        services.AddSingleton<PlacementStrategy, ResourceOptimizedPlacement>();
        services.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
        services.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
        services.AddPlacementDirector<HashBasedPlacement, HashBasedPlacementDirector>();
        services.AddPlacementDirector<ResourceOptimizedPlacement, ResourceOptimizedPlacementDirector>();
        services.AddPlacementDirector<LocalPlacement, LocalPlacementDirector>();
    }

    // Catalog and references need one another; this is where they meet.
    private static ClusterClient Client(IServiceProvider provider)
    {
        ICluster cluster = provider.GetRequiredService<ICluster>();
        SiloRouter router = provider.GetRequiredService<SiloRouter>();
        ClusterClient client = new(
            router,
            provider.GetRequiredService<IOptions<SiloMessagingOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            new GrainTypeResolver(provider.GetRequiredService<GrainTypeRegistry>(), () => cluster.View),
            provider);
        Catalog catalog = provider.GetRequiredService<Catalog>();
        catalog.References = client;
        catalog.Router = router;
        provider.GetRequiredService<DistributedGrainDirectory>().References = client;
        if (provider.GetService<Transport>() is { } transport)
        {
            transport.References = client;
        }

        return client;
    }
}
