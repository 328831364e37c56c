using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Membership;

/// <summary>
/// Membership among the processes of one machine: the table of members in their directory, told of by messages and looked at on a clock.
/// A process that is gone has let go of its lock and is buried at once; one that hangs is buried when it misses probes.
/// </summary>
internal sealed partial class EmbeddedCluster : ICluster, IDisposable
{
    private readonly EmbeddedSiloIdentity _identity;
    private readonly ClusterTableStore _store;
    private readonly Transport _transport;
    private readonly GrainTypeRegistry _types;
    private readonly SiloMetadata _metadata;
    private readonly ClusterMembershipOptions _options;
    private readonly ILogger _logger;
    private readonly Lock _adoptLock = new();
    private readonly MissedProbes _missed;
    private readonly Heartbeat _heartbeat;
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterTable _table = new();
    private bool _evicted;

    public EmbeddedCluster(
        EmbeddedSiloIdentity identity,
        Transport transport,
        GrainTypeRegistry types,
        IOptions<SiloMetadata> metadata,
        IOptions<ClusterMembershipOptions> options,
        ILogger<EmbeddedCluster> logger)
    {
        _identity = identity;
        _store = new ClusterTableStore(identity.Directory, ClusterDirectory.NameOf(identity.SiloAddress));
        _heartbeat = new Heartbeat(identity.Directory, identity.SiloAddress);
        _transport = transport;
        _types = types;
        _metadata = metadata.Value;
        _options = options.Value;
        _missed = new MissedProbes(_options.NumMissedProbesLimit);
        _logger = logger;
        transport.Announced += version =>
        {
            if (version > View.Version)
            {
                _ = Task.Run(Refresh);
            }
        };
        transport.Lost += silo => _ = Task.Run(() => CheckLostAsync(silo));
        transport.IsBuried = silo => View.Version > 0 && View.Members.TryGetValue(silo, out SiloMember? member)
            && member.Status == SiloStatus.Dead;
    }

    public event Action<ClusterView>? ViewChanged;

    public event Action<string>? Evicted;

    public SiloAddress Local => _identity.SiloAddress;

    public SiloStatus LocalStatus { get; private set; } = SiloStatus.Created;

    public ClusterView View { get; private set; } = new(0, []);

    public Task JoinAsync(CancellationToken cancellation)
    {
        _transport.Listen();
        SiloRow own = new()
        {
            Address = Local.ToParsableString(),
            Name = _identity.Name,
            Status = SiloStatus.Active,
            Metadata = _metadata.Metadata,
            Classes = _types.Classes.ToImmutableDictionary(known => known.GrainType.ToString(), known => known.Properties.Properties),
        };
        LocalStatus = SiloStatus.Active;
        Change(table => table with { Rows = [.. Buried(table.Rows, IsGone), own] });
        new Thread(Watch) { IsBackground = true, Name = "Orleans membership" }.Start();
        return Task.CompletedTask;
    }

    public Task BeginLeaveAsync(CancellationToken cancellation) => SetOwnStatus(SiloStatus.ShuttingDown);

    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await _stopping.CancelAsync();
        try
        {
            if (!_evicted)
            {
                await _transport.LeaveAsync(View.Version, cancellation);
            }
        }
        finally
        {
            await SetOwnStatus(SiloStatus.Dead);
            _transport.Dispose();
            _heartbeat.Dispose();
            _identity.Release();
        }
    }

    public async Task RefreshAsync(long version, CancellationToken cancellation)
    {
        while (View.Version < version)
        {
            Task changed = _changed.Task;
            Refresh();
            if (View.Version >= version)
            {
                return;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    public Task<bool> TryKillAsync(SiloAddress silo)
    {
        string address = silo.ToParsableString();
        bool buried = false;
        Change(table =>
        {
            buried = table.Rows.Any(row => row.Address == address && row.Status != SiloStatus.Dead) && LocalStatus != SiloStatus.Dead;
            return buried ? table with { Rows = [.. Buried(table.Rows, candidate => candidate.Equals(silo))] } : null;
        });
        if (buried)
        {
            LogBuried(_logger, silo, "it was asked for");
            _identity.Directory.ClearRemains(silo);
        }

        return Task.FromResult(buried);
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _transport.Dispose();
        _heartbeat.Dispose();
        _identity.Release();
    }

    private Task SetOwnStatus(SiloStatus status)
    {
        if (!_evicted && LocalStatus is SiloStatus.Active or SiloStatus.ShuttingDown)
        {
            LocalStatus = status;
            string self = Local.ToParsableString();
            Change(table => table with { Rows = [.. table.Rows.Select(row => row.Address == self ? row with { Status = status, Left = status == SiloStatus.Dead } : row)] });
        }

        return Task.CompletedTask;
    }

    private void Change(Func<ClusterTable, ClusterTable?> change)
    {
        ClusterTable table = _store.Update(change);
        Adopt(table);
        _transport.Announce(table.Version);
    }

    private void Refresh()
    {
        if (!_stopping.IsCancellationRequested && _store.ReadVersion() > View.Version)
        {
            Adopt(_store.Read());
        }
    }

    private void Adopt(ClusterTable table)
    {
        SiloAddress[] dead;
        lock (_adoptLock)
        {
            if (table.Version <= View.Version)
            {
                return;
            }

            _table = table;
            ClusterView view = ViewOf(table);
            dead = view.DeadSince(View);
            View = view;
            if (LocalStatus is SiloStatus.Active or SiloStatus.ShuttingDown && !view.Has(Local) && !_evicted)
            {
                _evicted = true;
                LocalStatus = SiloStatus.Dead;
                LogEvicted(_logger, Local, table.Version);
            }
            else
            {
                LogView(_logger, table.Version, view.Live.Length);
                ViewChanged?.Invoke(view);
            }
        }

        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        foreach (SiloAddress silo in dead)
        {
            _transport.Disconnect(silo);
        }

        if (_evicted)
        {
            _stopping.Cancel();
            _transport.Dispose();
            Evicted?.Invoke($"Silo {Local} was declared dead by the others (members' version {table.Version}): it did not answer in time.");
        }
    }

    public static ClusterView ViewOf(ClusterTable table) => new(table.Version, table.Rows.Select(row => new SiloMember(
        SiloAddress.Parse(row.Address),
        row.Name,
        row.Status,
        row.Left,
        row.Metadata,
        row.Classes.ToImmutableDictionary(pair => GrainType.Create(pair.Key), pair => new GrainProperties(pair.Value)))));

    /// <summary>
    /// Beats, and looks after the beats of the others, on a thread of its own: no load of grains makes a silo look dead.
    /// </summary>
    private void Watch()
    {
        TimeSpan period = _options.ProbeTimeout / 2;
        long last = Environment.TickCount64;
        for (int turn = 0; !_stopping.Token.WaitHandle.WaitOne(period); turn++)
        {
            long now = Environment.TickCount64;
            bool late = now - last > 2 * period.TotalMilliseconds;
            last = now;
            try
            {
                _heartbeat.Beat();
                if (late)
                {
                    // This process slept: first of all it learns whether it was buried meanwhile.
                    _missed.Clear();
                    Refresh();
                }
                else if (turn % 2 == 0)
                {
                    Refresh();
                    Probe();
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                LogWatchFailed(_logger, failure);
            }
        }
    }

    private void Probe()
    {
        foreach (SiloAddress silo in View.Live.Where(silo => !silo.Equals(Local)))
        {
            if (_transport.Find(silo) is null)
            {
                _ = ConnectAsync(silo);
            }

            (long beats, int process) = Heartbeat.Read(_identity.Directory, silo);
            if (IsGone(silo))
            {
                Suspect(silo, "its process is gone");
            }
            else if (_missed.TooMany(silo, beats, () => Heartbeat.IsStopped(process)) is { } missed)
            {
                Suspect(silo, $"it missed {missed} probes");
            }
        }
    }

    private async Task ConnectAsync(SiloAddress silo)
    {
        try
        {
            await _transport.ConnectAsync(silo).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is SiloUnavailableException or ObjectDisposedException)
        {
            // Missed probes tell.
        }
    }

    private bool IsGone(SiloAddress silo) => !silo.Equals(Local) && _identity.Directory.IsGone(silo);

    /// <summary>A connection ended: its process may be gone. The kernel closes a dead process's files one after another.</summary>
    private async Task CheckLostAsync(SiloAddress silo)
    {
        for (int i = 0; i < 20 && !_stopping.IsCancellationRequested && View.Has(silo); i++)
        {
            if (IsGone(silo))
            {
                Suspect(silo, "its process is gone");
                return;
            }

            await Task.Delay(10).ConfigureAwait(false);
        }
    }

    /// <summary>Votes for the death of <paramref name="silo"/>, and buries it if its process is gone or the votes suffice.</summary>
    private void Suspect(SiloAddress silo, string reason)
    {
        string address = silo.ToParsableString();
        DateTime now = DateTime.UtcNow;
        bool buried = false;
        Change(table =>
        {
            buried = false;
            SiloRow? row = table.Rows.FirstOrDefault(row => row.Address == address);
            if (row is null || row.Status == SiloStatus.Dead || _stopping.IsCancellationRequested
                || table.Rows.All(other => other.Address != Local.ToParsableString() || other.Status == SiloStatus.Dead))
            {
                return null;
            }

            ImmutableDictionary<string, DateTime> votes = row.Suspicions
                .Where(vote => now - vote.Value < _options.DeathVoteExpirationTimeout)
                .ToImmutableDictionary()
                .SetItem(Local.ToParsableString(), now);
            int others = table.Rows.Count(other => other.Address != address && other.Status == SiloStatus.Active);
            buried = IsGone(silo) || votes.Count >= Math.Min(_options.NumVotesForDeathDeclaration, Math.Max(1, others));
            return table with
            {
                Rows = [.. buried
                    ? Buried(table.Rows, candidate => candidate.Equals(silo) || IsGone(candidate))
                    : table.Rows.Select(other => other == row ? row with { Suspicions = votes } : other)],
            };
        });
        if (buried)
        {
            LogBuried(_logger, silo, reason);
            _identity.Directory.ClearRemains(silo);
        }
    }

    /// <summary>The rows with the <paramref name="dead"/> marked so; the last few of the dead are remembered.</summary>
    private IEnumerable<SiloRow> Buried(IEnumerable<SiloRow> rows, Func<SiloAddress, bool> dead)
    {
        SiloRow[] marked = [.. rows.Select(row => row.Status != SiloStatus.Dead && dead(SiloAddress.Parse(row.Address))
            ? row with { Status = SiloStatus.Dead, Classes = row.Classes.Clear(), Suspicions = row.Suspicions.Clear() }
            : row)];
        foreach (SiloRow row in marked.Where(row => row.Status == SiloStatus.Dead && IsGone(SiloAddress.Parse(row.Address))))
        {
            _identity.Directory.Clear(SiloAddress.Parse(row.Address));
        }

        int superfluous = marked.Count(row => row.Status == SiloStatus.Dead) - 16;
        return marked.Where(row => row.Status != SiloStatus.Dead || superfluous-- <= 0);
    }

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "Silo {Silo} was declared dead by the others (members' version {Version}); it stops without another word.")]
    private static partial void LogEvicted(ILogger logger, SiloAddress silo, long version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Silo {Silo} is declared dead: {Reason}.")]
    private static partial void LogBuried(ILogger logger, SiloAddress silo, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cluster has {Silos} silos (members' version {Version}).")]
    private static partial void LogView(ILogger logger, long version, int silos);

    [LoggerMessage(Level = LogLevel.Error, Message = "The table of members could not be looked at; it is tried again.")]
    private static partial void LogWatchFailed(ILogger logger, Exception failure);
}
