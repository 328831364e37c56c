using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>A client's knowledge of the cluster, from the table of members.</summary>
internal sealed class EmbeddedClient : IHostedService
{
    private const int PeriodsWhenTold = 5;

    private readonly ClusterTableStore _store;
    private readonly Transport _transport;
    private readonly TimeSpan _period;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private volatile bool _isTold;

    public EmbeddedClient(ClusterDirectory directory, Transport transport, IOptions<ClusterMembershipOptions> options)
    {
        Directory = directory;
        _store = new ClusterTableStore(directory, "client");
        _transport = transport;
        _period = options.Value.TableRefreshTimeout;
        transport.Announced += _ => TryRefresh();
        transport.Lost += _ => TryRefresh();
        Refresh();
    }

    public ClusterDirectory Directory { get; }

    public ClusterView View { get; private set; } = new(0, []);

    /// <summary>Looks at the table again; silos that are gone from it are no longer waited for.</summary>
    public void Refresh()
    {
        SiloAddress[] gone;
        lock (_lock)
        {
            if (Changed() is not { } table)
            {
                return;
            }

            ClusterView view = EmbeddedCluster.ViewOf(table);
            gone = view.DeadSince(View);
            View = view;
        }

        foreach (SiloAddress silo in gone)
        {
            _transport.Disconnect(silo);
        }
    }

    /// <summary>The table, where it is another than was seen: an older one is of a cluster that was founded since in the same place.</summary>
    private ClusterTable? Changed()
    {
        try
        {
            return _store.ReadVersion() == View.Version ? null : _store.Read();
        }
        catch (DirectoryNotFoundException)
        {
            return View.Version == 0 ? null : new ClusterTable(); // The folder went with the cluster's last silo.
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _ = WatchAsync();
        for (DateTime deadline = DateTime.UtcNow.AddSeconds(10); ; Refresh())
        {
            foreach (SiloAddress silo in View.Active)
            {
                try
                {
                    await _transport.ConnectAsync(silo);
                    return;
                }
                catch (SiloUnavailableException)
                {
                    // The table may still have one that was killed.
                }
            }

            if (DateTime.UtcNow > deadline)
            {
                throw new SiloUnavailableException($"No silo answers in cluster directory \"{Directory.Path}\".");
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _transport.DrainAsync(cancellationToken);
        _transport.Dispose();
    }

    /// <summary>Looks at the table when the file system tells of a new one, and now and then: often where it does not tell.</summary>
    private async Task WatchAsync()
    {
        using FileSystemWatcher? watcher = Watcher();
        try
        {
            while (true)
            {
                // A folder that goes and comes again is another one, of which nobody tells.
                await Task.Delay(_isTold ? PeriodsWhenTold * _period : _period, _stopping.Token).ConfigureAwait(false);
                TryRefresh();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private FileSystemWatcher? Watcher()
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Directory.Path) { NotifyFilter = NotifyFilters.FileName };
            watcher.Created += (_, _) => TryRefresh();
            watcher.Renamed += (_, _) => TryRefresh();
            watcher.Error += (_, _) => _isTold = false;
            _isTold = true;
            watcher.EnableRaisingEvents = true;
            TryRefresh(); // What changed before it was told of.
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            // A machine has only so many of these, or the folder has just gone.
            _isTold = false;
            watcher?.Dispose();
            return null;
        }
    }

    /// <summary>On a thread of the file system's, of a connection or of the timer, where nobody could be told of a failure.</summary>
    private void TryRefresh()
    {
        try
        {
            Refresh();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Whoever calls next looks again, and hears of it.
        }
    }
}
