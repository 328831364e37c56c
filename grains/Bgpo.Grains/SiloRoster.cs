using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Grains;

/// <summary>The live silos and how many devices each has, from the cluster's membership and its silos' metadata.</summary>
/// <param name="grains">Where the management grain is found.</param>
/// <param name="metadata">What silos say of themselves.</param>
public sealed class SiloRoster(IGrainFactory grains, ISiloMetadataCache metadata)
{
    /// <summary>Metadata key of a silo's number of devices.</summary>
    public const string DevicesKey = "bgpo.devices";

    /// <summary>The silos that can work now, ordered by address.</summary>
    public async Task<IReadOnlyList<SiloDevices>> Get()
    {
        Dictionary<SiloAddress, SiloStatus> hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        return
        [
            .. hosts.Where(host => host.Value == SiloStatus.Active)
                .Select(host => new SiloDevices(host.Key.ToParsableString(), DevicesOf(host.Key), NameOf(host.Key)))
                .Where(silo => silo.Devices > 0)
                .OrderBy(silo => silo.Silo, StringComparer.Ordinal),
        ];
    }

    private int DevicesOf(SiloAddress silo) =>
        metadata.GetSiloMetadata(silo).Metadata.TryGetValue(DevicesKey, out string? text) && int.TryParse(text, out int devices)
            ? devices
            : 0;

    private string NameOf(SiloAddress silo) =>
        metadata.GetSiloMetadata(silo).Metadata.TryGetValue(ClusterGrain.NameKey, out string? name) ? name : "";
}

/// <summary>A live silo.</summary>
/// <param name="Silo">Its address in parsable form.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Name">Its short name, for people.</param>
public sealed record SiloDevices(string Silo, int Devices, string Name = "");
