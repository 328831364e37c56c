using Orleans.Activations;
using Orleans.Concurrency;
using Orleans.Membership;
using Orleans.Placement;

namespace Orleans.Runtime;

/// <summary>Tells about the cluster; its key is 0.</summary>
public interface IManagementGrain : IGrainWithIntegerKey
{
    /// <summary>The silos with their statuses; the active ones only, or those that are dead too.</summary>
    Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

    /// <summary>The number of activations in the cluster.</summary>
    Task<int> GetTotalActivationCount();
}

[LocalPlacement, Reentrant]
internal sealed class ManagementGrain(IClusterView cluster, Catalog catalog) : Grain, IManagementGrain
{
    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive) => Task.FromResult(cluster.Silos
        .Where(silo => !onlyActive || silo.Value == SiloStatus.Active).ToDictionary(silo => silo.Key, silo => silo.Value));

    public Task<int> GetTotalActivationCount() => Task.FromResult(catalog.Count);
}
