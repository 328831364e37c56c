using Orleans.Membership;
using Orleans.Messaging;

namespace Orleans.Runtime.GrainDirectory;

/// <summary>
/// Where grains are. Each active silo keeps the entries of the grains it owns (see <see cref="ClusterView.OwnerOf"/>); with every new view
/// all silos report the grains they hold, and an owner answers only when it has heard all of them. So an entry cannot be lost with its
/// owner, and no second activation is granted while the first is still being reported.
/// </summary>
internal sealed class DistributedGrainDirectory : IDirectoryPartition
{
    private readonly ICluster _cluster;
    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, (long Version, GrainId[] Grains)> _early = [];
    private Dictionary<GrainId, SiloAddress> _entries = [];
    private HashSet<SiloAddress> _awaited = [];
    private ClusterView _view;
    private TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DistributedGrainDirectory(ICluster cluster)
    {
        _cluster = cluster;
        _view = cluster.View;
        cluster.ViewChanged += Adopt;
    }

    /// <summary>Makes the references to other silos' partitions.</summary>
    public GrainReferenceFactory References { get; set; } = null!;

    /// <summary>The grains this silo holds and has registered.</summary>
    public Func<IEnumerable<GrainId>> Held { get; set; } = static () => [];

    /// <summary>Called when a grain is found on two silos, with the one that loses.</summary>
    public Action<GrainId, SiloAddress>? Duplicate { get; set; }

    /// <summary>The silo that has <paramref name="grain"/>, or null if none has.</summary>
    public async Task<SiloAddress?> FindAsync(GrainId grain) =>
        (await AskAsync(grain, (owner, version) => owner.Lookup(version, grain)).ConfigureAwait(false)).Silo;

    /// <summary>
    /// Claims <paramref name="grain"/> for this silo; if nobody has it, <paramref name="activate"/> runs before any other view is reported.
    /// </summary>
    /// <returns>The silo that has it now, or null if <paramref name="activate"/> refused.</returns>
    public async Task<SiloAddress?> ClaimAsync(GrainId grain, Func<bool> activate)
    {
        while (true)
        {
            DirectoryAnswer answer =
                await AskAsync(grain, (owner, version) => owner.Register(version, grain, _cluster.Local)).ConfigureAwait(false);
            if (!_cluster.Local.Equals(answer.Silo))
            {
                return answer.Silo;
            }

            lock (_lock)
            {
                if (_view.Version != answer.Version)
                {
                    continue;
                }

                if (activate())
                {
                    return _cluster.Local;
                }
            }

            await ReleaseAsync(grain).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Gives <paramref name="grain"/> up.</summary>
    public async Task ReleaseAsync(GrainId grain)
    {
        if (_cluster.View.OwnerOf(grain) is not null)
        {
            await AskAsync(grain, (owner, version) => owner.Unregister(version, grain, _cluster.Local)).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until all live silos have reported to this one: then they know of it, too.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        Task complete;
        lock (_lock)
        {
            complete = _complete.Task;
        }

        await complete.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public Task<DirectoryAnswer> Lookup(long version, GrainId grain) =>
        ServeAsync(version, grain, () => _entries.GetValueOrDefault(grain));

    public Task<DirectoryAnswer> Register(long version, GrainId grain, SiloAddress silo) => ServeAsync(version, grain, () =>
    {
        // A silo that has died since it asked gets nothing: its answer goes nowhere.
        if (_entries.TryGetValue(grain, out SiloAddress? holder) || !_view.Has(silo))
        {
            return holder ?? silo;
        }

        return _entries[grain] = silo;
    });

    public Task<DirectoryAnswer> Unregister(long version, GrainId grain, SiloAddress silo) => ServeAsync(version, grain, () =>
    {
        if (_entries.TryGetValue(grain, out SiloAddress? holder) && holder.Equals(silo))
        {
            _entries.Remove(grain);
        }

        return null;
    });

    public Task Report(long version, SiloAddress from, GrainId[] grains)
    {
        lock (_lock)
        {
            if (version == _view.Version)
            {
                Enter(from, grains);
            }
            else if (version > _view.Version && (!_early.TryGetValue(from, out (long Version, GrainId[]) earlier) || earlier.Version < version))
            {
                _early[from] = (version, grains);
            }
        }

        return version > _cluster.View.Version ? _cluster.RefreshAsync(version, CancellationToken.None) : Task.CompletedTask;
    }

    private void Adopt(ClusterView view)
    {
        ILookup<SiloAddress?, GrainId> held;
        lock (_lock)
        {
            if (view.Version <= _view.Version)
            {
                return;
            }

            _view = view;
            _entries = [];
            _awaited = [.. view.Live];
            if (_complete.Task.IsCompleted)
            {
                _complete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            held = Held().ToLookup(view.OwnerOf);
            foreach ((SiloAddress from, (long version, GrainId[] grains)) in _early.ToArray())
            {
                if (version <= view.Version)
                {
                    _early.Remove(from);
                }

                if (version == view.Version)
                {
                    Enter(from, grains);
                }
            }

            Enter(_cluster.Local, held[_cluster.Local]);
        }

        foreach (SiloAddress owner in view.Active.Where(owner => !owner.Equals(_cluster.Local)))
        {
            _ = ReportAsync(view, owner, [.. held[owner]]);
        }
    }

    /// <summary>Reports to <paramref name="owner"/>, again and again until it has heard or the view is out of date.</summary>
    private async Task ReportAsync(ClusterView view, SiloAddress owner, GrainId[] held)
    {
        await Task.Yield();
        while (_cluster.View.Version == view.Version)
        {
            try
            {
                await PartitionOf(owner).Report(view.Version, _cluster.Local, held).ConfigureAwait(false);
                return;
            }
            catch (Exception failure) when (IsTransient(failure))
            {
                await Task.Delay(20).ConfigureAwait(false);
            }
        }
    }

    // Under the lock.
    private void Enter(SiloAddress from, IEnumerable<GrainId> grains)
    {
        if (!_awaited.Remove(from))
        {
            return;
        }

        foreach (GrainId grain in grains)
        {
            if (!_entries.TryAdd(grain, from) && !_entries[grain].Equals(from))
            {
                SiloAddress winner = from.CompareTo(_entries[grain]) < 0 ? from : _entries[grain];
                Duplicate?.Invoke(grain, winner.Equals(from) ? _entries[grain] : from);
                _entries[grain] = winner;
            }
        }

        if (_awaited.Count == 0)
        {
            _complete.TrySetResult();
        }
    }

    private async Task<DirectoryAnswer> ServeAsync(long version, GrainId grain, Func<SiloAddress?> answer)
    {
        while (true)
        {
            Task? wait = null;
            lock (_lock)
            {
                if (_view.Version < version)
                {
                    // Below, for a new view is adopted under this very lock.
                }
                else if (!_cluster.Local.Equals(_view.OwnerOf(grain)))
                {
                    return new DirectoryAnswer(_view.Version, false, null);
                }
                else if (_complete.Task.IsCompleted)
                {
                    return new DirectoryAnswer(_view.Version, true, answer());
                }
                else
                {
                    wait = _complete.Task;
                }
            }

            await (wait ?? _cluster.RefreshAsync(version, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task<DirectoryAnswer> AskAsync(GrainId grain, Func<IDirectoryPartition, long, Task<DirectoryAnswer>> question)
    {
        while (true)
        {
            ClusterView view = _cluster.View;
            SiloAddress owner = view.OwnerOf(grain)
                ?? throw new SiloUnavailableException($"No silo of the cluster is active, so {grain} cannot be found or placed.");
            try
            {
                DirectoryAnswer answer = await question(PartitionOf(owner), view.Version).ConfigureAwait(false);
                if (answer.IsOwner)
                {
                    return answer;
                }

                await _cluster.RefreshAsync(answer.Version, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception failure) when (IsTransient(failure) && _cluster.LocalStatus != SiloStatus.Dead)
            {
                // The owner is going or gone; the next view names another.
                await Task.Delay(10).ConfigureAwait(false);
            }
        }
    }

    private IDirectoryPartition PartitionOf(SiloAddress owner) => owner.Equals(_cluster.Local)
        ? this
        : (IDirectoryPartition)References.Create(SystemTargets.IdOf(SystemTargets.Directory, owner), typeof(IDirectoryPartition));

    private static bool IsTransient(Exception failure) => failure is SiloUnavailableException or TimeoutException;
}
