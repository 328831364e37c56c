using Orleans.Concurrency;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Placement;
using Orleans.Runtime.GrainDirectory;

namespace Orleans.Runtime;

/// <summary>Tells about the cluster; its key is 0.</summary>
public interface IManagementGrain : IGrainWithIntegerKey
{
    /// <summary>The silos with their statuses; the active ones only, or those that are dead too.</summary>
    Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

    /// <summary>The number of activations in the cluster.</summary>
    Task<int> GetTotalActivationCount();

    /// <summary>The silo that has an activation of the grain behind <paramref name="reference"/>, or null if none has.</summary>
    ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference);
}

[LocalPlacement, Reentrant, GrainType("sys.management")]
internal sealed class ManagementGrain(ICluster cluster, DistributedGrainDirectory directory) : Grain, IManagementGrain
{
    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive) => Task.FromResult(cluster.View.Members
        .Where(silo => !onlyActive || silo.Value.Status == SiloStatus.Active).ToDictionary(silo => silo.Key, silo => silo.Value.Status));

    public async Task<int> GetTotalActivationCount()
    {
        GrainReferenceFactory references = GrainContext.GrainReference.Factory;
        int[] counts = await Task.WhenAll(cluster.View.Live.Select(silo => ((ISiloControl)references.Create(
            SystemTargets.IdOf(SystemTargets.Control, silo), typeof(ISiloControl))).CountActivations()));
        return counts.Sum();
    }

    public async ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference) =>
        await directory.FindAsync(((GrainReference)reference).GrainId);
}
