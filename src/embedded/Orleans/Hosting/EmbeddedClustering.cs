using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Hosting;

/// <summary>Where the processes of one machine find one another. Of the embedded engine only.</summary>
public sealed class EmbeddedClusteringOptions
{
    /// <summary>The cluster's name.</summary>
    public string ClusterId { get; set; } = ClusterOptions.DefaultClusterId;

    /// <summary>
    /// The cluster's own directory, of mode 700 and this user's; by default <c>orleans/ClusterId</c> under <c>XDG_RUNTIME_DIR</c>, or
    /// <c>orleans-UID/ClusterId</c> in the directory of temporary files.
    /// </summary>
    public string? Directory { get; set; }

    internal string ResolvedDirectory => Directory ?? ClusterDirectory.DefaultPath(ClusterId);
}

/// <summary>Clusters of the processes of one machine, over Unix domain sockets. Of the embedded engine only.</summary>
public static class EmbeddedClusteringExtensions
{
    /// <summary>Makes the silo one of several processes of this machine.</summary>
    public static ISiloBuilder UseEmbeddedClustering(this ISiloBuilder builder, EmbeddedClusteringOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Add(builder.Services, options);
        builder.Services.AddSingleton<EmbeddedSiloIdentity>();
        builder.Services.Replace(ServiceDescriptor.Singleton<ILocalSiloDetails>(
            services => services.GetRequiredService<EmbeddedSiloIdentity>()));
        builder.Services.AddSingleton(services => new Transport(
            services.GetRequiredService<EmbeddedSiloIdentity>().Directory,
            options.ClusterId,
            services.GetRequiredService<EmbeddedSiloIdentity>().SiloAddress,
            services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.MaxMessageBodySize,
            services.GetRequiredService<ILogger<Transport>>()));
        builder.Services.Replace(ServiceDescriptor.Singleton<ICluster, EmbeddedCluster>());
        return builder;
    }

    /// <summary>Makes the client find silos that are processes of this machine.</summary>
    public static IClientBuilder UseEmbeddedClustering(this IClientBuilder builder, EmbeddedClusteringOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Add(builder.Services, options);
        return builder;
    }

    private static void Add(IServiceCollection services, EmbeddedClusteringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.ClusterId.Length == 0 || options.ClusterId.AsSpan().ContainsAnyExcept(ClusterIdCharacters))
        {
            throw new OrleansConfigurationException(
                $"Cluster id \"{options.ClusterId}\" may have letters, digits, dots, dashes and underscores only, one at least.");
        }

        services.Configure<ClusterOptions>(cluster => cluster.ClusterId = options.ClusterId);
        services.Configure<EmbeddedClusteringOptions>(own => (own.ClusterId, own.Directory) = (options.ClusterId, options.Directory));
    }

    private static readonly System.Buffers.SearchValues<char> ClusterIdCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}
