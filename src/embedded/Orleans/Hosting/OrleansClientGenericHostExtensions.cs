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
using Orleans.Serialization;

namespace Microsoft.Extensions.Hosting;

/// <summary>Makes a host a client of a cluster.</summary>
public static class OrleansClientGenericHostExtensions
{
    /// <summary>Makes the host a client.</summary>
    public static HostApplicationBuilder UseOrleansClient(
        this HostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostAppBuilder);
        Add(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    /// <summary>Makes the host a client.</summary>
    public static IHostApplicationBuilder UseOrleansClient(
        this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostAppBuilder);
        Add(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    /// <summary>Makes the host a client.</summary>
    public static IHostBuilder UseOrleansClient(
        this IHostBuilder hostBuilder, Action<HostBuilderContext, IClientBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostBuilder);
        return hostBuilder.ConfigureServices((context, services) =>
            Add(services, context.Configuration, client => configureDelegate(context, client)));
    }

    /// <summary>Makes the host a client.</summary>
    public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<IClientBuilder> configureDelegate) =>
        hostBuilder.UseOrleansClient((_, client) => configureDelegate(client));

    private static void Add(IServiceCollection services, IConfiguration configuration, Action<IClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        if (services.All(service => service.ServiceType != typeof(EmbeddedClient)))
        {
            AddDefaults(services);
        }

        configure(new ClientBuilder(services, configuration));
    }

    private static void AddDefaults(IServiceCollection services)
    {
        services.AddOptions().AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new GrainTypeRegistry(provider));
        services.AddSingleton(provider =>
            ClusterDirectory.Open(provider.GetRequiredService<IOptions<EmbeddedClusteringOptions>>().Value.ResolvedDirectory));
        services.AddSingleton(provider => new Transport(
            provider.GetRequiredService<ClusterDirectory>(),
            provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId,
            null,
            provider.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.MaxMessageBodySize,
            provider.GetRequiredService<ILogger<Transport>>()));
        services.AddSingleton<EmbeddedClient>();
        services.AddSingleton<ClientRouter>();
        services.AddSingleton(Client);
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<ClusterClient>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<ClusterClient>());
        services.AddSingleton(provider => new Serializer(provider.GetRequiredService<ClusterClient>()));
        services.AddHostedService(provider =>
        {
            // The references must exist before the first message does.
            provider.GetRequiredService<ClusterClient>();
            return provider.GetRequiredService<EmbeddedClient>();
        });
    }

    private static ClusterClient Client(IServiceProvider provider)
    {
        ClientRouter router = provider.GetRequiredService<ClientRouter>();
        EmbeddedClient membership = provider.GetRequiredService<EmbeddedClient>();
        ClusterClient client = new(
            router,
            provider.GetRequiredService<IOptions<ClientMessagingOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            new GrainTypeResolver(provider.GetRequiredService<GrainTypeRegistry>(), () => membership.View),
            provider);
        Transport transport = provider.GetRequiredService<Transport>();
        transport.Router = router;
        transport.References = client;
        return client;
    }
}
