using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Membership;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo tells the cluster of itself.</summary>
[GenerateSerializer]
[Alias("Orleans.Runtime.MembershipService.SiloMetadata.SiloMetadata")]
public record SiloMetadata
{
    /// <summary>No metadata.</summary>
    public static SiloMetadata Empty { get; } = new();

    /// <summary>The metadata, text by text.</summary>
    [Id(0)]
    public ImmutableDictionary<string, string> Metadata { get; private set; } = ImmutableDictionary<string, string>.Empty;

    internal void AddMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => Metadata = Metadata.SetItems(metadata);
}

/// <summary>The metadata of the cluster's silos.</summary>
public interface ISiloMetadataCache
{
    /// <summary>The metadata of <paramref name="siloAddress"/>; empty if it is unknown.</summary>
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}

internal sealed class SiloMetadataCache(ICluster cluster) : ISiloMetadataCache
{
    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
    {
        SiloMetadata metadata = new();
        metadata.AddMetadata(cluster.View.Members.TryGetValue(siloAddress, out SiloMember? member) ? member.Metadata : ImmutableDictionary<string, string>.Empty);
        return metadata;
    }
}

/// <summary>Gives silos metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    /// <summary>Takes the metadata from section <c>Orleans:Metadata</c> of the host's configuration.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseSiloMetadata(builder.Configuration);
    }

    /// <summary>Takes the metadata from section <c>Orleans:Metadata</c> of <paramref name="configuration"/>.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return builder.UseSiloMetadata(configuration.GetSection("Orleans").GetSection("Metadata"));
    }

    /// <summary>Takes the metadata from <paramref name="configurationSection"/>.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfigurationSection configurationSection) =>
        builder.UseSiloMetadata(configurationSection.Get<Dictionary<string, string>>() ?? []);

    /// <summary>Takes <paramref name="metadata"/>.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<SiloMetadata>(own => own.AddMetadata(metadata));
        builder.Services.AddSingleton<ISiloMetadataCache, SiloMetadataCache>();
        return builder;
    }
}
