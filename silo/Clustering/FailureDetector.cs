using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Bgpo.Silo.Clustering.Transport;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// Declares a silo dead as soon as its process is: when a connection to it ends and nobody listens at its address any more; and
/// one of this machine whose process is stopped. Orleans's probes are left for those that hang in another way.
/// </summary>
/// <param name="transport">Tells of connections that end.</param>
/// <param name="membership">The cluster's members.</param>
/// <param name="local">This silo.</param>
/// <param name="folder">The cluster's folder: a silo of this machine that lives, or leaves in order, holds its lock file
/// there.</param>
internal sealed class FailureDetector(
    SocketTransport transport, IClusterMembershipService membership, ILocalSiloDetails local, string folder)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>
    /// How long a process that was killed may take to close all that it had open. It gives its memory back first: 3 GB take a
    /// second.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The longest pause between two looks at a silo: of this machine they cost next to nothing, of another one a connection
    /// each.
    /// </summary>
    private static readonly TimeSpan s_longestHere = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_longestElsewhere = TimeSpan.FromMilliseconds(320);

    /// <summary>How often it is looked whether processes of this machine are stopped.</summary>
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(300);

    /// <summary>The silos that are looked at, and when a connection last ended that may be theirs.</summary>
    private readonly ConcurrentDictionary<SiloAddress, long> _watched = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        ArgumentNullException.ThrowIfNull(lifecycle);
        lifecycle.Subscribe(
            nameof(FailureDetector), ServiceLifecycleStage.Active,
            _ =>
            {
                transport.Ended += OnEnded;
                _watching = Task.Run(WatchProcesses, CancellationToken.None);
                return Task.CompletedTask;
            },
            _ =>
            {
                transport.Ended -= OnEnded;
                _stopping.Cancel();
                return _watching;
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
        long now = Stopwatch.GetTimestamp();
        foreach (SiloAddress silo in membership.CurrentSnapshot.Members.Keys.Where(IsActive))
        {
            IPEndPoint endpoint = silo.Endpoint;
            if (connection.IsOutbound ? !endpoint.Equals(connection.Remote) : !endpoint.Address.Equals(connection.Remote.Address))
            {
                continue;
            }
            if (_watched.TryAdd(silo, now))
            {
                _ = Task.Run(() => Watch(silo));
            }
            else
            {
                _watched[silo] = now;
            }
        }
    }

    private async Task WatchProcesses()
    {
        var stopped = new StoppedProcesses(TimeProvider.System);
        HashSet<SiloAddress> declared = [];
        using var timer = new PeriodicTimer(s_round);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (SiloAddress silo in membership.CurrentSnapshot.Members.Keys.Where(
                    silo => IsActive(silo) && IsOfThisMachine(silo)))
                {
                    if (!stopped.IsLong(silo, IsStopped(silo)))
                    {
                        _ = declared.Remove(silo);
                    }
                    else if (declared.Add(silo) && !await Kill(silo, () => IsStopped(silo)))
                    {
                        _ = declared.Remove(silo);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // This silo stops.
        }
    }

    /// <summary>
    /// Declares a silo dead, if it is by what the table of members says now: Orleans does what it is asked later too, without
    /// another look, so it is not asked while the table is away.
    /// </summary>
    /// <returns>Whether it was asked.</returns>
    private async Task<bool> Kill(SiloAddress silo, Func<bool> isDead)
    {
        try
        {
            await membership.Refresh(cancellationToken: _stopping.Token);
            if (IsActive(silo) && isDead())
            {
                _ = await membership.TryKill(silo);
            }
            return true;
        }
        catch (Exception e) when (e is OrleansException or IOException or TimeoutException)
        {
            return false;
        }
    }

    private async Task Watch(SiloAddress silo)
    {
        bool isHere = IsOfThisMachine(silo);
        TimeSpan pause = s_firstPause;
        int refusals = 0;
        long last = 0;
        try
        {
            while (IsActive(silo))
            {
                refusals = await IsGone(silo, isHere) ? refusals + 1 : 0;
                // Of another machine: a packet filter may refuse once, too.
                if (refusals >= (isHere ? 1 : 2) && await Kill(silo, () => true))
                {
                    break;
                }
                long ended = _watched[silo];
                if (ended != last)
                {
                    (last, pause) = (ended, s_firstPause);
                }
                else if (Stopwatch.GetElapsedTime(last) > s_patience && _watched.TryRemove(new(silo, last)))
                {
                    return; // It lives.
                }
                await Task.Delay(pause, _stopping.Token);
                pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, (isHere ? s_longestHere : s_longestElsewhere).Ticks));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // This silo stops.
        }
        _ = _watched.TryRemove(silo, out _);
    }

    private async Task<bool> IsGone(SiloAddress silo, bool isHere)
    {
        if (isHere && LivenessLock.IsHeld(folder, silo.Endpoint.Port))
        {
            return false;
        }
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(s_patience);
        try
        {
            return await transport.NobodyListens(silo.Endpoint, patience.Token);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return false; // It does not answer at all: probes find out.
        }
    }

    private bool IsStopped(SiloAddress silo) => LivenessLock.IsHeldByStopped(folder, silo.Endpoint.Port);

    /// <summary>Another machine's silo may have the same port: the lock files are only of this one's.</summary>
    private bool IsOfThisMachine(SiloAddress silo) => silo.Endpoint.Address.Equals(local.SiloAddress.Endpoint.Address);

    private bool IsActive(SiloAddress silo) =>
        !silo.Equals(local.SiloAddress) && membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active;
}
