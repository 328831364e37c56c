using System.Net;
using Orleans;
using Orleans.Runtime;

namespace Bgpo.Silo;

/// <summary>
/// Declares a silo dead as soon as its process is: when a connection to it ends and nobody listens at its address any more. Orleans's probes
/// are left for those that hang.
/// </summary>
/// <param name="transport">Tells of connections that end.</param>
/// <param name="membership">The cluster's members.</param>
/// <param name="local">This silo.</param>
/// <param name="folder">The cluster's folder: a silo of this machine that lives, or leaves in order, holds its lock file there.</param>
internal sealed class DeathWatch(SocketTransport transport, IClusterMembershipService membership, ILocalSiloDetails local, string folder)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>A process that was killed gives back its memory before its sockets, and its sockets before its locks or after.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stopping = new();

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        ArgumentNullException.ThrowIfNull(lifecycle);
        lifecycle.Subscribe(
            nameof(DeathWatch), ServiceLifecycleStage.Active,
            _ =>
            {
                transport.Ended += OnEnded;
                return Task.CompletedTask;
            },
            _ =>
            {
                transport.Ended -= OnEnded;
                _stopping.Cancel();
                return Task.CompletedTask;
            });
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void OnEnded(IPEndPoint endpoint) => _ = Task.Run(() => Look(endpoint));

    private async Task Look(IPEndPoint endpoint)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            patience.CancelAfter(s_patience);
            while (ActiveAt(endpoint) is not null)
            {
                if (await transport.IsDeserted(endpoint, patience.Token) && !Presence.IsHeld(folder, endpoint.Port))
                {
                    // One that left in order has written so by now.
                    await membership.Refresh(cancellationToken: patience.Token);
                    if (ActiveAt(endpoint) is { } dead)
                    {
                        _ = await membership.TryKill(dead);
                    }
                    return;
                }
                await Task.Delay(s_pause, patience.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or OrleansException or ObjectDisposedException or IOException or TimeoutException)
        {
            // It lives after all, or this silo stops, or the members' table is away: probes find out.
        }
    }

    private SiloAddress? ActiveAt(IPEndPoint endpoint) => membership.CurrentSnapshot.Members.Values
        .FirstOrDefault(member => member.Status == SiloStatus.Active && member.SiloAddress.Endpoint.Equals(endpoint)
            && !member.SiloAddress.Equals(local.SiloAddress))?.SiloAddress;
}
