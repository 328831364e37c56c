using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Orleans.Membership;

namespace Orleans.Runtime;

/// <summary>Hears of silos that change their status.</summary>
public interface ISiloStatusListener
{
    /// <summary><paramref name="updatedSilo"/> has <paramref name="status"/> now.</summary>
    void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status);
}

/// <summary>What this silo knows of the statuses of silos.</summary>
public interface ISiloStatusOracle
{
    /// <summary>This silo's status.</summary>
    SiloStatus CurrentStatus { get; }

    /// <summary>This silo's name.</summary>
    string SiloName { get; }

    /// <summary>This silo's address.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>The active silos.</summary>
    SiloAddress[] GetActiveSilos();

    /// <summary>The status of <paramref name="siloAddress"/>; <see cref="SiloStatus.None"/> if it is not known.</summary>
    SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);

    /// <summary>The statuses of all silos, or of the active ones.</summary>
    Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);

    /// <summary>The name of <paramref name="siloAddress"/>, if it is known.</summary>
    bool TryGetSiloName(SiloAddress siloAddress, [NotNullWhen(true)] out string? siloName);

    /// <summary>Whether <paramref name="silo"/> is dead.</summary>
    bool IsDeadSilo(SiloAddress silo);

    /// <summary>Tells <paramref name="observer"/> of changes from now on; false if it is told already.</summary>
    bool SubscribeToSiloStatusEvents(ISiloStatusListener observer);

    /// <summary>Tells <paramref name="observer"/> no longer; false if it was not told.</summary>
    bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer);
}

internal sealed partial class SiloStatusOracle(
    ICluster cluster, ILocalSiloDetails silo, IClusterMembershipService membership, ILogger<SiloStatusOracle> logger) : ISiloStatusOracle
{
    private readonly Lock _lock = new();
    private readonly List<ISiloStatusListener> _listeners = [];
    private bool _watching;

    public SiloStatus CurrentStatus => cluster.LocalStatus;

    public string SiloName => silo.Name;

    public SiloAddress SiloAddress => silo.SiloAddress;

    public SiloAddress[] GetActiveSilos() => [.. cluster.View.Active];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => membership.CurrentSnapshot.GetSiloStatus(siloAddress);

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => cluster.View.Members.Values
        .Where(member => !onlyActive || member.Status == SiloStatus.Active).ToDictionary(member => member.Address, member => member.Status);

    public bool TryGetSiloName(SiloAddress siloAddress, [NotNullWhen(true)] out string? siloName) =>
        (siloName = cluster.View.Members.TryGetValue(siloAddress, out SiloMember? member) ? member.Name : null) is not null;

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        lock (_lock)
        {
            if (_listeners.Contains(observer))
            {
                return false;
            }

            _listeners.Add(observer);
            if (!_watching)
            {
                _watching = true;
                _ = WatchAsync(membership.CurrentSnapshot);
            }

            return true;
        }
    }

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer)
    {
        lock (_lock)
        {
            return _listeners.Remove(observer);
        }
    }

    private async Task WatchAsync(ClusterMembershipSnapshot earlier)
    {
        // What listeners do must not hold up whoever subscribes, nor those who change the membership.
        await Task.Yield();
        await foreach (ClusterMembershipSnapshot now in membership.MembershipUpdates.ConfigureAwait(false))
        {
            foreach (ClusterMember member in now.Members.Values.Where(
                member => earlier.GetSiloStatus(member.SiloAddress) != member.Status))
            {
                Tell(member);
            }

            foreach (ClusterMember forgotten in earlier.Members.Values.Where(
                member => member.Status != SiloStatus.Dead && !now.Members.ContainsKey(member.SiloAddress)))
            {
                Tell(new ClusterMember(forgotten.SiloAddress, SiloStatus.Dead, forgotten.Name));
            }

            earlier = now;
        }
    }

    private void Tell(ClusterMember member)
    {
        ISiloStatusListener[] listeners;
        lock (_lock)
        {
            listeners = [.. _listeners];
        }

        foreach (ISiloStatusListener listener in listeners)
        {
            try
            {
                listener.SiloStatusChangeNotification(member.SiloAddress, member.Status);
            }
            catch (Exception failure)
            {
                // The others must hear of it all the same.
                LogListenerFailed(logger, failure, listener, member);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Listener {Listener} failed when it was told of {Member}.")]
    private static partial void LogListenerFailed(ILogger logger, Exception failure, ISiloStatusListener listener, ClusterMember member);
}
