using Bgpo.Grains;
using Bgpo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Silo;

/// <summary>What a silo of this process is given.</summary>
/// <param name="Store">Where runs are kept.</param>
/// <param name="Devices">Devices; on CPU each is one thread.</param>
/// <param name="Cluster">Cluster of this machine that the silo founds or joins; null: a cluster of its own.</param>
public sealed record SiloSettings(IBlobStore Store, int Devices, string? Cluster = null);

/// <summary>Builds a silo's host: grains, store, devices. The one place that says how the silo joins its cluster.</summary>
public static class BgpoSilo
{
    /// <summary>Builds a host that is not started yet.</summary>
    /// <param name="settings">What the silo is given.</param>
    /// <param name="logging">Where logs go; null: nowhere.</param>
    public static IHost Build(SiloSettings settings, Action<ILoggingBuilder>? logging = null)
    {
        // An empty builder: no configuration files, no environment, no console logger that would write into a user's output.
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        logging?.Invoke(builder.Logging);
        builder.UseOrleans(silo =>
        {
            if (settings.Cluster is { } cluster)
            {
                silo.UseEmbeddedClustering(new EmbeddedClusteringOptions { ClusterId = cluster });
            }
            else
            {
                silo.UseLocalhostClustering();
            }
            silo.UseSiloMetadata(new Dictionary<string, string> { [SiloRoster.DevicesKey] = $"{settings.Devices}" });
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromHours(2));
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new RunCatalog(settings.Store, TimeProvider.System));
        builder.Services.AddSingleton<IPolicyDevices>(_ => new PolicyDevices(settings.Devices));
        builder.Services.AddBgpoGrains();
        if (settings.Cluster is { } keeper)
        {
            builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<RunKeeper>(services, keeper));
        }
        return builder.Build();
    }

    /// <summary>Builds the host of a client of a cluster of this machine, not started yet.</summary>
    /// <param name="cluster">The cluster.</param>
    public static IHost BuildClient(string cluster)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client => client.UseEmbeddedClustering(new EmbeddedClusteringOptions { ClusterId = cluster }));
        return builder.Build();
    }
}
