using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Orleans.Membership;

namespace Orleans.Runtime;

/// <summary>The cluster's membership as this silo knows it, and its changes as they come.</summary>
public interface IClusterMembershipService
{
    /// <summary>The membership now.</summary>
    ClusterMembershipSnapshot CurrentSnapshot { get; }

    /// <summary>The membership now and at each change from then on, until this silo stops.</summary>
    IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates { get; }

    /// <summary>Waits until the membership is known at <paramref name="minimumVersion"/> or later.</summary>
    ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default);

    /// <summary>Declares <paramref name="siloAddress"/> dead, whether it is or not: it stops when it learns of that.</summary>
    Task<bool> TryKill(SiloAddress siloAddress);
}

internal sealed class ClusterMembershipService : IClusterMembershipService, IDisposable
{
    private readonly ICluster _cluster;
    private readonly Lock _lock = new();
    private Update _last;

    public ClusterMembershipService(ICluster cluster)
    {
        _cluster = cluster;
        _last = new Update(SnapshotOf(cluster.View));
        cluster.ViewChanged += Publish;
        Publish(cluster.View); // it may have changed between the two
    }

    public ClusterMembershipSnapshot CurrentSnapshot => Volatile.Read(ref _last).Snapshot;

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => ReadAsync();

    public async ValueTask Refresh(MembershipVersion minimumVersion, CancellationToken cancellationToken) =>
        await _cluster.RefreshAsync(minimumVersion.Value, cancellationToken);

    public Task<bool> TryKill(SiloAddress siloAddress) => _cluster.TryKillAsync(siloAddress);

    public void Dispose()
    {
        _cluster.ViewChanged -= Publish;
        _last.Next.TrySetResult(null);
    }

    private static ClusterMembershipSnapshot SnapshotOf(ClusterView view) => new(
        view.Members.ToImmutableDictionary(
            member => member.Key, member => new ClusterMember(member.Key, member.Value.Status, member.Value.Name)),
        new MembershipVersion(view.Version));

    private void Publish(ClusterView view)
    {
        Update earlier;
        Update update = new(SnapshotOf(view));
        lock (_lock)
        {
            if (update.Snapshot.Version <= _last.Snapshot.Version)
            {
                return;
            }

            (earlier, _last) = (_last, update);
        }

        earlier.Next.TrySetResult(update);
    }

    private async IAsyncEnumerable<ClusterMembershipSnapshot> ReadAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (Update? update = Volatile.Read(ref _last); update is not null; update = await update.Next.Task.WaitAsync(cancellation))
        {
            yield return update.Snapshot;
        }
    }

    /// <summary>A snapshot, and where the next one will be.</summary>
    private sealed class Update(ClusterMembershipSnapshot snapshot)
    {
        public ClusterMembershipSnapshot Snapshot => snapshot;

        public TaskCompletionSource<Update?> Next { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
