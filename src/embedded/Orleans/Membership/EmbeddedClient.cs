using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>A client's knowledge of the cluster, from the table of members.</summary>
internal sealed class EmbeddedClient : IHostedService
{
    private readonly ClusterTableStore _store;
    private readonly Transport _transport;
    private readonly TimeSpan _period;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();

    public EmbeddedClient(ClusterDirectory directory, Transport transport, IOptions<ClusterMembershipOptions> options)
    {
        Directory = directory;
        _store = new ClusterTableStore(directory, "client");
        _transport = transport;
        _period = options.Value.TableRefreshTimeout;
        transport.Announced += _ => Refresh();
        transport.Lost += _ => Refresh();
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
            if (_store.ReadVersion() <= View.Version)
            {
                return;
            }

            ClusterView view = EmbeddedCluster.ViewOf(_store.Read());
            gone = view.DeadSince(View);
            View = view;
        }

        foreach (SiloAddress silo in gone)
        {
            _transport.Disconnect(silo);
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

    /// <summary>Looks at the table when the file system tells of a new one; where it cannot, now and then.</summary>
    private async Task WatchAsync()
    {
        try
        {
            using FileSystemWatcher? watcher = Watcher();
            if (watcher is not null)
            {
                await Task.Delay(Timeout.Infinite, _stopping.Token).ConfigureAwait(false);
            }

            using PeriodicTimer timer = new(_period);
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                RefreshIfThere();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void RefreshIfThere()
    {
        try
        {
            Refresh();
        }
        catch (IOException)
        {
            // The cluster's folder goes with its last silo; whoever calls next looks again.
        }
    }

    private FileSystemWatcher? Watcher()
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Directory.Path) { NotifyFilter = NotifyFilters.FileName };
            watcher.Created += (_, _) => RefreshIfThere();
            watcher.Renamed += (_, _) => RefreshIfThere();
            watcher.Error += (_, _) => RefreshIfThere();
            watcher.EnableRaisingEvents = true;
            Refresh(); // What changed before it was told of.
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            // A machine has only so many of these, or the folder has just gone.
            watcher?.Dispose();
            return null;
        }
    }
}
