using System.Globalization;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Grains.Placement;

/// <inheritdoc cref="IClusterGrain"/>
public sealed class ClusterGrain(ISiloMetadataCache metadata) : Grain, IClusterGrain
{
    /// <inheritdoc/>
    public async Task<SiloDescription[]> GetSilos()
    {
        Dictionary<SiloAddress, SiloStatus> hosts = await GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: false);
        return
        [
            .. hosts.Where(host => host.Value is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(host => Describe(host.Key, host.Value == SiloStatus.Active ? SiloState.Active : SiloState.Leaving))
                .OrderBy(silo => silo.Name, StringComparer.Ordinal),
        ];
    }

    private SiloDescription Describe(SiloAddress silo, SiloState state)
    {
        IReadOnlyDictionary<string, string> said = metadata.GetSiloMetadata(silo).Metadata;
        string Text(string key) => said.TryGetValue(key, out string? text) ? text : "";
        long Number(string key) =>
            long.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
        return new SiloDescription(
            silo.ToParsableString(), Text(SiloTraits.Name), state, (int)Number(SiloTraits.Process),
            Number(SiloTraits.ProcessStart),
            (int)Number(SiloTraits.Devices), Text(SiloTraits.Store), Text(SiloTraits.Owner))
        {
            Roles = SiloTraits.RolesOf(Text(SiloTraits.Roles)),
            DeviceKind = Text(SiloTraits.DeviceKind),
            MemoryMiB = Number(SiloTraits.MemoryMiB),
            Numerics = Text(SiloTraits.Numerics),
        };
    }
}
