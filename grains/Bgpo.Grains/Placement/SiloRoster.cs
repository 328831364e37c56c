using System.Globalization;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Grains.Placement;

/// <summary>The live silos and what they say of themselves, from the cluster's membership and its silos' metadata.</summary>
/// <param name="grains">Where the management grain is found.</param>
/// <param name="metadata">What silos say of themselves.</param>
public sealed class SiloRoster(IGrainFactory grains, ISiloMetadataCache metadata)
{
    /// <summary>The live silos, ordered by address.</summary>
    public async Task<IReadOnlyList<SiloDevices>> Get()
    {
        Dictionary<SiloAddress, SiloStatus> hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        return
        [
            .. hosts.Where(host => host.Value == SiloStatus.Active).Select(host => Describe(host.Key))
                .OfType<SiloDevices>().OrderBy(silo => silo.Silo, StringComparer.Ordinal),
        ];
    }

    /// <summary>Names of the silos that were told to leave, and hand over what they have.</summary>
    public async Task<IReadOnlyCollection<string>> Leaving()
    {
        Dictionary<SiloAddress, SiloStatus> hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: false);
        return
        [
            .. hosts.Where(host => host.Value is SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(host => Describe(host.Key)?.Label).OfType<string>(),
        ];
    }

    /// <summary>The live silos that hold state, ordered by address.</summary>
    public async Task<string[]> StateHolders() => [.. (await Get()).Where(silo => silo.HoldsState).Select(silo => silo.Silo)];

    /// <summary>All live silos, ordered by address: also those that only work, which have weights of a run.</summary>
    public async Task<string[]> All() => [.. (await Get()).Select(silo => silo.Silo)];

    private SiloDevices? Describe(SiloAddress silo)
    {
        IReadOnlyDictionary<string, string> said = metadata.GetSiloMetadata(silo).Metadata;
        // On Microsoft.Orleans a silo's metadata comes a moment after its membership: until then it is no use to anybody.
        return said.TryGetValue(SiloTraits.Devices, out string? text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int devices)
            ? new SiloDevices(silo.ToParsableString(), SiloTraits.Has(said, SiloRole.Work) ? devices : 0)
            {
                Numerics = said.GetValueOrDefault(SiloTraits.Numerics, ""),
                Name = said.GetValueOrDefault(SiloTraits.Name, ""),
                HoldsState = SiloTraits.Has(said, SiloRole.State),
                IsForRewards = SiloTraits.IsForRewards(said),
            }
            : null;
    }
}

/// <summary>A live silo.</summary>
/// <param name="Silo">Its address in parsable form.</param>
/// <param name="Devices">Its devices that take work.</param>
public sealed record SiloDevices(string Silo, int Devices)
{
    /// <summary>What decides the bits that its devices compute.</summary>
    public string Numerics { get; init; } = "";

    /// <summary>Its short name, for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it is called: its name, or its address where it has none.</summary>
    public string Label => Name.Length > 0 ? Name : Silo;

    /// <summary>Whether it holds shards, copies and controllers.</summary>
    public bool HoldsState { get; init; } = true;

    /// <summary>Whether it scores completions, and does nothing else.</summary>
    public bool IsForRewards { get; init; }

    /// <summary>Whether a silo is one of those that score: those for rewards, or else those with devices.</summary>
    /// <param name="all">The live silos.</param>
    /// <param name="silo">The silo's address in parsable form.</param>
    public static bool Scores(IReadOnlyList<SiloDevices> all, string silo)
    {
        bool areForRewards = all.Any(other => other.IsForRewards);
        return all.Any(one => one.Silo == silo && (areForRewards ? one.IsForRewards : one.Devices > 0));
    }
}
