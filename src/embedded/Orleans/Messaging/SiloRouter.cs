using System.Collections.Concurrent;
using Orleans.Activations;
using Orleans.Membership;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;

namespace Orleans.Messaging;

/// <summary>Brings the calls made in or sent to a silo to the activations they are for, here or on another silo.</summary>
internal sealed class SiloRouter : ICallRouter, IRemoteRouter, ISiloControl
{
    // A call that is sent on this often runs after a grain that moves faster than it.
    private const int MaxForwards = 32;

    private readonly Catalog _catalog;
    private readonly PlacementService _placement;
    private readonly DistributedGrainDirectory _directory;
    private readonly ICluster _cluster;
    private readonly Transport? _transport;
    private readonly ConcurrentDictionary<GrainId, SiloAddress> _remembered = new();
    private readonly CallQueue _resolving = new();
    private readonly CallQueue _claiming = new();

    public SiloRouter(
        Catalog catalog, PlacementService placement, DistributedGrainDirectory directory, ICluster cluster, IEnumerable<Transport> transports)
    {
        _catalog = catalog;
        _placement = placement;
        _directory = directory;
        _cluster = cluster;
        _transport = transports.FirstOrDefault();
        if (_transport is not null)
        {
            _transport.Router = this;
        }

        directory.Held = () => catalog.Activations.Where(activation => activation.IsListed).Select(activation => activation.GrainId);
        directory.Duplicate = (grain, loser) => _ = DropDuplicateAsync(grain, loser);
        catalog.Left = activation => activation.IsListed ? ReleaseAsync(activation) : Task.CompletedTask;
        cluster.ViewChanged += Forget;
    }

    public void Route(Call call)
    {
        if (_catalog.Find(call.Target) is { } active && active.TryReceive(call))
        {
            MessagingInstruments.SentLocal(call);
            return;
        }

        if (SystemTargets.Is(call.Target))
        {
            RouteToSystem(call);
        }
        else if (_remembered.TryGetValue(call.Target, out SiloAddress? silo))
        {
            SendTo(call, silo, guess: true);
        }
        else if (_resolving.Add(call))
        {
            _ = ResolveAsync(call);
        }
    }

    /// <summary>Sends on what a grain has not run because it is gone.</summary>
    public void Reroute(Call call)
    {
        if (call.Origin is { Silo: not null } && call.Responder is RemoteResponder responder)
        {
            responder.Moved(_cluster.View.Version);
        }
        else
        {
            Route(call);
        }
    }

    public void Cancel(Call call)
    {
        if (call.SentOver is { } connection)
        {
            connection.Cancel(call);
        }

        call.Cancel();
    }

    public void Receive(Call call, bool fromClient)
    {
        if (fromClient || SystemTargets.Is(call.Target))
        {
            Route(call);
        }
        else if (_catalog.Find(call.Target) is not { } active || !active.TryReceive(call))
        {
            if (call.IsGuess)
            {
                Reroute(call);
            }
            else if (_claiming.Add(call))
            {
                _ = ClaimAsync(call);
            }
        }
    }

    public void Moved(Call call, long version)
    {
        if (SystemTargets.Is(call.Target))
        {
            call.Fail(new SiloUnavailableException($"Silo {SystemTargets.SiloOf(call.Target)} has left."));
            return;
        }

        TryElsewhere(call, version, new OrleansMessageRejectionException(
            $"{call} was sent on {MaxForwards} times and found its grain nowhere; the cluster changes too fast."));
    }

    public void Undelivered(Call call, SiloUnavailableException reason)
    {
        if (SystemTargets.Is(call.Target))
        {
            call.Fail(reason);
        }
        else
        {
            TryElsewhere(call, _cluster.View.Version, reason);
        }
    }

    public Task<int> CountActivations() => Task.FromResult(_catalog.Count);

    public Task DropDuplicate(GrainId grain)
    {
        _catalog.Find(grain)?.Deactivate(new(DeactivationReasonCode.DuplicateActivation, "Another silo has this grain and keeps it."));
        return Task.CompletedTask;
    }

    private void TryElsewhere(Call call, long version, Exception otherwise)
    {
        _remembered.TryRemove(call.Target, out _);
        if (++call.Forwards > MaxForwards || _cluster.LocalStatus == SiloStatus.Dead)
        {
            call.Fail(otherwise);
        }
        else
        {
            _ = RouteAfterAsync(call, version);
        }
    }

    private async Task RouteAfterAsync(Call call, long version)
    {
        try
        {
            // The other side knew more, or the grain was just leaving it.
            await _cluster.RefreshAsync(version, CancellationToken.None).ConfigureAwait(false);
            if (call.Forwards > 2)
            {
                await Task.Delay(Math.Min(call.Forwards * 2, 50)).ConfigureAwait(false);
            }

            Route(call);
        }
        catch (Exception failure)
        {
            call.Fail(failure);
        }
    }

    /// <summary>Finds the grain's silo, or places it; then all calls that waited for that go there.</summary>
    private async Task ResolveAsync(Call first)
    {
        GrainId grain = first.Target;
        Exception? failure = null;
        SiloAddress silo = _cluster.Local;
        try
        {
            RequestContext.Clear();
            if (!_placement.StrategyOf(grain.Type).IsUsingGrainDirectory)
            {
                ThrowUnlessMade(Create(first, listed: false));
            }
            else
            {
                silo = await FindOrPlaceAsync(first).ConfigureAwait(false);
            }
        }
        catch (Exception caught)
        {
            failure = caught;
        }

        while (_resolving.Take(grain) is { } call)
        {
            Finish(call, silo, failure);
        }
    }

    private async Task<SiloAddress> FindOrPlaceAsync(Call first)
    {
        GrainId grain = first.Target;
        while (true)
        {
            SiloAddress silo = await _directory.FindAsync(grain).ConfigureAwait(false)
                ?? await _placement.PlaceAsync(grain, first.Context, first.Method.Interface.InterfaceType).ConfigureAwait(false);
            if (!silo.Equals(_cluster.Local)
                || await _directory.ClaimAsync(grain, () => Create(first, listed: true)).ConfigureAwait(false) is not { } winner)
            {
                if (!silo.Equals(_cluster.Local))
                {
                    return silo;
                }

                // This silo began to leave just now; the next choice is another.
                ObjectDisposedException.ThrowIf(_cluster.LocalStatus == SiloStatus.Dead, this);
                await Task.Delay(5).ConfigureAwait(false);
                continue;
            }

            return winner;
        }
    }

    /// <summary>Makes a grain that another silo placed here, unless the directory knows better.</summary>
    private async Task ClaimAsync(Call first)
    {
        GrainId grain = first.Target;
        Exception? failure = null;
        SiloAddress silo = _cluster.Local;
        try
        {
            RequestContext.Clear();
            if (_cluster.LocalStatus != SiloStatus.Active)
            {
                silo = SiloAddress.Zero;
            }
            else if (!_placement.StrategyOf(grain.Type).IsUsingGrainDirectory)
            {
                ThrowUnlessMade(Create(first, listed: false));
            }
            else
            {
                silo = await _directory.ClaimAsync(grain, () => Create(first, listed: true)).ConfigureAwait(false) ?? SiloAddress.Zero;
            }
        }
        catch (Exception caught)
        {
            failure = caught;
        }

        while (_claiming.Take(grain) is { } call)
        {
            if (failure is null && !silo.Equals(_cluster.Local))
            {
                Reroute(call);
            }
            else
            {
                Finish(call, silo, failure);
            }
        }
    }

    private void Finish(Call call, SiloAddress silo, Exception? failure)
    {
        if (failure is not null)
        {
            call.Fail(failure);
        }
        else if (!silo.Equals(_cluster.Local))
        {
            _remembered[call.Target] = silo;
            SendTo(call, silo, guess: false);
        }
        else if (_catalog.Find(call.Target) is not { } activation || !activation.TryReceive(call))
        {
            // It came and went in the meantime.
            Reroute(call);
        }
        else
        {
            MessagingInstruments.SentLocal(call);
        }
    }

    private bool Create(Call call, bool listed) => _catalog.GetOrCreate(call.Target, call.Context, listed) is not null;

    private void ThrowUnlessMade(bool made)
    {
        if (!made)
        {
            throw new SiloUnavailableException($"Silo {_cluster.Local} is shutting down.");
        }
    }

    private void SendTo(Call call, SiloAddress silo, bool guess)
    {
        if (_transport is null || _cluster.LocalStatus == SiloStatus.Dead)
        {
            call.Fail(new SiloUnavailableException($"Silo {_cluster.Local} has stopped and sends no {call}."));
            return;
        }

        call.IsGuess = guess;
        call.Holder = null;
        _transport.Send(call, silo);
    }

    private void RouteToSystem(Call call)
    {
        SiloAddress silo = SystemTargets.SiloOf(call.Target);
        if (silo.Equals(_cluster.Local))
        {
            _ = RunSystemAsync(call);
        }
        else if (!_cluster.View.Has(silo))
        {
            call.Fail(new SiloUnavailableException($"Silo {silo} is not a member of the cluster (any more)."));
        }
        else
        {
            SendTo(call, silo, guess: false);
        }
    }

    private async Task RunSystemAsync(Call call)
    {
        try
        {
            object target = call.Target.Type == SystemTargets.Directory ? _directory : this;
            object? result = await call.Method.Invoke(target, call.Arguments).ConfigureAwait(false);
            call.Responder?.Complete(call.Method, result, owned: false);
        }
        catch (Exception failure)
        {
            call.Fail(failure);
        }
    }

    private async Task ReleaseAsync(Activation activation)
    {
        activation.IsListed = false;
        await _directory.ReleaseAsync(activation.GrainId).ConfigureAwait(false);
    }

    private async Task DropDuplicateAsync(GrainId grain, SiloAddress loser)
    {
        try
        {
            await Task.Yield();
            ISiloControl control = loser.Equals(_cluster.Local)
                ? this
                : (ISiloControl)_directory.References.Create(SystemTargets.IdOf(SystemTargets.Control, loser), typeof(ISiloControl));
            await control.DropDuplicate(grain).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is SiloUnavailableException or TimeoutException)
        {
            // Then it is gone with its silo.
        }
    }

    private void Forget(ClusterView view)
    {
        foreach ((GrainId grain, SiloAddress silo) in _remembered)
        {
            if (!view.Has(silo))
            {
                _remembered.TryRemove(grain, out _);
            }
        }
    }
}
