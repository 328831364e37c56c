using System.Collections.Concurrent;
using System.Net;

namespace Bgpo.Silo;

/// <summary>
/// Declares a silo dead as soon as its process is: when a connection to it ends and nobody listens at its address any more; and one of this
/// machine whose process is stopped. Orleans's probes are left for those that hang in another way.
/// </summary>
/// <param name="transport">Tells of connections that end.</param>
/// <param name="membership">The cluster's members.</param>
/// <param name="local">This silo.</param>
/// <param name="folder">The cluster's folder: a silo of this machine that lives, or leaves in order, holds its lock file there.</param>
internal sealed class DeathWatch(SocketTransport transport, IClusterMembershipService membership, ILocalSiloDetails local, string folder)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>
    /// How long a process that was killed may take to close all that it had open. It gives its memory back first: 3 GB take a second.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(5);

    /// <summary>How often it is looked whether processes of this machine are stopped.</summary>
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<SiloAddress, bool> _lookedAt = [];
    private Task _rounds = Task.CompletedTask;
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
                _rounds = Task.Run(LookAround, CancellationToken.None);
                return Task.CompletedTask;
            },
            _ =>
            {
                transport.Ended -= OnEnded;
                _stopping.Cancel();
                return _rounds;
            });
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void OnEnded(EndedConnection connection)
    {
        if (!connection.IsOutbound && connection.Local.Port == local.GatewayAddress?.Endpoint.Port)
        {
            return; // A client's.
        }
        // Of a connection that another silo made, only its machine is known.
        foreach (ClusterMember member in membership.CurrentSnapshot.Members.Values)
        {
            IPEndPoint endpoint = member.SiloAddress.Endpoint;
            if (IsActive(member.SiloAddress) && (connection.IsOutbound ? endpoint.Equals(connection.Remote) : endpoint.Address.Equals(connection.Remote.Address))
                && _lookedAt.TryAdd(member.SiloAddress, true))
            {
                _ = Task.Run(() => Look(member.SiloAddress));
            }
        }
    }

    private async Task LookAround()
    {
        var standstill = new Standstill(TimeProvider.System);
        using var timer = new PeriodicTimer(s_round);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (SiloAddress silo in membership.CurrentSnapshot.Members.Keys.Where(IsActive))
                {
                    bool isStopped = Presence.ProcessOf(folder, silo.Endpoint.Port) is { } process && ProcessTable.Find(process) is { IsStopped: true };
                    if (standstill.IsLong(silo, isStopped))
                    {
                        await Kill(silo);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // This silo stops.
        }
    }

    private async Task Kill(SiloAddress silo)
    {
        try
        {
            _ = await membership.TryKill(silo);
        }
        catch (Exception e) when (e is OrleansException or IOException or TimeoutException)
        {
            // The members' table is away: it is tried again.
        }
    }

    private async Task Look(SiloAddress silo)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            patience.CancelAfter(s_patience);
            for (TimeSpan pause = s_firstPause; IsActive(silo); pause *= 2)
            {
                if (await transport.IsDeserted(silo.Endpoint, patience.Token) && !Presence.IsHeld(folder, silo.Endpoint.Port))
                {
                    // One that left in order has written so by now.
                    await membership.Refresh(cancellationToken: patience.Token);
                    if (IsActive(silo))
                    {
                        _ = await membership.TryKill(silo);
                    }
                    return;
                }
                await Task.Delay(pause, patience.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or OrleansException or ObjectDisposedException or IOException or TimeoutException)
        {
            // It lives after all, or this silo stops, or the members' table is away: probes find out.
        }
        finally
        {
            _lookedAt.TryRemove(silo, out _);
        }
    }

    private bool IsActive(SiloAddress silo) =>
        !silo.Equals(local.SiloAddress) && membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active;
}
