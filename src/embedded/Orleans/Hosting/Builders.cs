using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Hosting;

/// <summary>Configures a silo.</summary>
public interface ISiloBuilder
{
    /// <summary>The host's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>The host's configuration.</summary>
    IConfiguration Configuration { get; }
}

/// <summary>Configures a client.</summary>
public interface IClientBuilder
{
    /// <summary>The host's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>The host's configuration.</summary>
    IConfiguration Configuration { get; }
}

internal sealed class SiloBuilder(IServiceCollection services, IConfiguration configuration) : ISiloBuilder
{
    public IServiceCollection Services => services;

    public IConfiguration Configuration => configuration;
}

internal sealed class ClientBuilder(IServiceCollection services, IConfiguration configuration) : IClientBuilder
{
    public IServiceCollection Services => services;

    public IConfiguration Configuration => configuration;
}

/// <summary>What every silo builder can do.</summary>
public static class SiloBuilderExtensions
{
    /// <summary>Configures <typeparamref name="TOptions"/>.</summary>
    public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure(configureOptions);
        return builder;
    }

    /// <summary>Adds services.</summary>
    public static ISiloBuilder ConfigureServices(this ISiloBuilder builder, Action<IServiceCollection> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configureDelegate);
        configureDelegate(builder.Services);
        return builder;
    }
}

/// <summary>What every client builder can do.</summary>
public static class ClientBuilderExtensions
{
    /// <summary>Configures <typeparamref name="TOptions"/>.</summary>
    public static IClientBuilder Configure<TOptions>(this IClientBuilder builder, Action<TOptions> configureOptions)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure(configureOptions);
        return builder;
    }

    /// <summary>Adds services.</summary>
    public static IClientBuilder ConfigureServices(this IClientBuilder builder, Action<IServiceCollection> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configureDelegate);
        configureDelegate(builder.Services);
        return builder;
    }
}

/// <summary>Where silos are found, for one process.</summary>
public static class CoreHostingExtensions
{
    /// <summary>Makes a cluster of this process alone; the ports are its name, nobody listens on them.</summary>
    public static ISiloBuilder UseLocalhostClustering(this ISiloBuilder builder, int siloPort = 11111, int gatewayPort = 30000,
        IPEndPoint? primarySiloEndpoint = null, string serviceId = "dev", string clusterId = "dev")
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (serviceId, clusterId));
        builder.Services.Configure<LocalSiloOptions>(options => (options.SiloPort, options.GatewayPort) = (siloPort, gatewayPort));
        return builder;
    }
}

/// <summary>The ports that name the local silo.</summary>
internal sealed class LocalSiloOptions
{
    public int SiloPort { get; set; } = 11111;

    public int GatewayPort { get; set; } = 30000;
}

/// <summary>Registers placement directors.</summary>
public static class PlacementStrategyExtensions
{
    /// <summary>Lets <typeparamref name="TDirector"/> choose silos for <typeparamref name="TStrategy"/>.</summary>
    public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
        where TStrategy : PlacementStrategy, new()
        where TDirector : class, IPlacementDirector =>
        builder.ConfigureServices(services => services.AddPlacementDirector<TStrategy, TDirector>());

    /// <summary>Lets a director choose silos for <typeparamref name="TStrategy"/>.</summary>
    public static ISiloBuilder AddPlacementDirector<TStrategy>(
        this ISiloBuilder builder, Func<IServiceProvider, IPlacementDirector> createDirector)
        where TStrategy : PlacementStrategy, new() =>
        builder.ConfigureServices(services => services.AddPlacementDirector<TStrategy>(createDirector));

    /// <summary>Lets <typeparamref name="TDirector"/> choose silos for <typeparamref name="TStrategy"/>.</summary>
    public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services)
        where TStrategy : PlacementStrategy, new()
        where TDirector : class, IPlacementDirector =>
        services.AddPlacementDirector<TStrategy, TDirector>(ServiceLifetime.Singleton);

    /// <summary>Lets <typeparamref name="TDirector"/> choose silos for <typeparamref name="TStrategy"/>.</summary>
    public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services, ServiceLifetime strategyLifetime)
        where TStrategy : PlacementStrategy, new()
        where TDirector : class, IPlacementDirector
    {
        services.Add(ServiceDescriptor.DescribeKeyed(
            typeof(PlacementStrategy), typeof(TStrategy).Name, typeof(TStrategy), strategyLifetime));
        services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));
    }

    /// <summary>Lets a director choose silos for <typeparamref name="TStrategy"/>.</summary>
    public static void AddPlacementDirector<TStrategy>(
        this IServiceCollection services, Func<IServiceProvider, IPlacementDirector> createDirector)
        where TStrategy : PlacementStrategy, new()
    {
        services.AddKeyedSingleton<PlacementStrategy, TStrategy>(typeof(TStrategy).Name);
        services.AddKeyedSingleton(typeof(TStrategy), (provider, _) => createDirector(provider));
    }
}

/// <summary>Registers work to do when the silo starts.</summary>
public static class SiloBuilderStartupExtensions
{
    /// <summary>Runs a <typeparamref name="TStartup"/> in <paramref name="stage"/>.</summary>
    public static ISiloBuilder AddStartupTask<TStartup>(this ISiloBuilder builder, int stage = ServiceLifecycleStage.Active)
        where TStartup : class, IStartupTask => builder.AddStartupTask(
            (services, token) => ActivatorUtilities.GetServiceOrCreateInstance<TStartup>(services).Execute(token), stage);

    /// <summary>Runs <paramref name="startupTask"/> in <paramref name="stage"/>.</summary>
    public static ISiloBuilder AddStartupTask(
        this ISiloBuilder builder, IStartupTask startupTask, int stage = ServiceLifecycleStage.Active) =>
        builder.AddStartupTask((_, token) => startupTask.Execute(token), stage);

    /// <summary>Runs <paramref name="startupTask"/> in <paramref name="stage"/>.</summary>
    public static ISiloBuilder AddStartupTask(this ISiloBuilder builder,
        Func<IServiceProvider, CancellationToken, Task> startupTask, int stage = ServiceLifecycleStage.Active) =>
        builder.ConfigureServices(services => services.AddTransient<ILifecycleParticipant<ISiloLifecycle>>(
            provider => new StartupTask(provider, startupTask, stage)));

    private sealed class StartupTask(IServiceProvider services, Func<IServiceProvider, CancellationToken, Task> work, int stage)
        : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) =>
            lifecycle.Subscribe<StartupTask>(stage, cancellation => work(services, cancellation));
    }
}
