using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Grains;

/// <inheritdoc cref="IClusterGrain"/>
public sealed class ClusterGrain(ISiloMetadataCache metadata) : Grain, IClusterGrain
{
    /// <summary>Metadata key of a silo's short name.</summary>
    public const string NameKey = "bgpo.name";

    /// <summary>Metadata key of a silo's process id.</summary>
    public const string ProcessKey = "bgpo.process";

    /// <summary>Metadata key of when that process started.</summary>
    public const string ProcessStartKey = "bgpo.process-start";

    /// <summary>Metadata key of where a silo keeps runs.</summary>
    public const string StoreKey = "bgpo.store";

    /// <summary>Metadata key of the process that a silo ends with.</summary>
    public const string OwnerKey = "bgpo.owner";

    /// <inheritdoc/>
    public async Task<SiloDescription[]> GetSilos()
    {
        Dictionary<SiloAddress, SiloStatus> hosts = await GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: false);
        return
        [
            .. hosts.Where(host => host.Value is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(host => Describe(host.Key, host.Value == SiloStatus.Active ? "active" : "leaving"))
                .OrderBy(silo => silo.Name, StringComparer.Ordinal),
        ];
    }

    private SiloDescription Describe(SiloAddress silo, string state)
    {
        IReadOnlyDictionary<string, string> said = metadata.GetSiloMetadata(silo).Metadata;
        string Text(string key) => said.TryGetValue(key, out string? text) ? text : "";
        long Number(string key) => long.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
        return new SiloDescription(
            silo.ToParsableString(), Text(NameKey), state, (int)Number(ProcessKey), Number(ProcessStartKey),
            (int)Number(SiloRoster.DevicesKey), Text(StoreKey), Text(OwnerKey));
    }
}
