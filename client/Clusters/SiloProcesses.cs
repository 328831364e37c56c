using Bgpo.Grains;
using Bgpo.Silo.Clustering;

namespace Bgpo.Client.Clusters;

/// <summary>
/// A cluster of silo processes of this machine, started and ended with the work that they were started for. Whoever replaces one
/// of them gives the new one the same owner, so that all end together; should this process die, they see it and leave.
/// </summary>
internal sealed class SiloProcesses : ITrainingCluster
{
    private readonly HostOptions _options;
    private readonly IMachine _machine;
    private readonly ClusterConfig _clustering;
    private readonly List<ILaunchedSilo> _silos = [];
    private JoinedCluster? _client;

    private SiloProcesses(HostOptions options, IMachine machine, ClusterConfig clustering) =>
        (_options, _machine, _clustering) = (options, machine, clustering);

    /// <inheritdoc/>
    public event Action<string>? Said;

    /// <inheritdoc/>
    public string Name => _options.Cluster;

    /// <inheritdoc/>
    public bool IsAlive => Client.IsAlive;

    /// <summary>Locks, sockets and the like that the silos left in the cluster's folder; known once it is disposed of.</summary>
    internal IReadOnlyList<string> LeftBehind { get; private set; } = [];

    private JoinedCluster Client => _client ?? throw new InvalidOperationException("The cluster is not started.");

    /// <summary>Starts the silos and joins them as a client.</summary>
    /// <param name="options">How many, with what.</param>
    /// <param name="machine">Where.</param>
    /// <param name="clustering">How they find one another.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <param name="fault">The first silo's BGPO_FAULT; empty: none.</param>
    internal static async Task<SiloProcesses> Start(
        HostOptions options, IMachine machine, ClusterConfig clustering, CancellationToken cancellationToken, string fault = "")
    {
        if (ClusterMembership.HasLiveSilo(options.Cluster, clustering.Cluster))
        {
            throw new BadInputException(
                $"cluster '{options.Cluster}' lives already; choose another --cluster, or bgpo run start --cluster " +
                    $"{options.Cluster} to use it");
        }
        var cluster = new SiloProcesses(options, machine, clustering);
        try
        {
            for (int i = 0; i < options.Silos; i++)
            {
                cluster.Launch(i == 0 ? fault : "");
            }
            await Task.WhenAll(cluster._silos.Select(silo => silo.Joined(cancellationToken)));
            cluster._client = await JoinedCluster.Join(options.Cluster, clustering.Cluster, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public IRunGrain GetRun(string run) => Client.GetRun(run);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken) =>
        Client.GetSilos(cancellationToken);

    /// <summary>The silo of a process that this one started; null for a replacement that somebody else did.</summary>
    /// <param name="process">The process's id.</param>
    internal ILaunchedSilo? Of(int process) => _silos.FirstOrDefault(silo => silo.Id == process);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is { } client)
        {
            await client.DisposeAsync();
        }
        await SiloEnding.End(
            _machine, process => process.Option("--owner") == _machine.Self, SiloEnding.Patience, CancellationToken.None);
        foreach (ILaunchedSilo silo in _silos)
        {
            // A zombie until its end has been read.
            _ = await silo.Ended(CancellationToken.None);
            silo.Dispose();
        }
        LeftBehind = ClusterFolder.Leftovers(Name);
        ClusterFolder.RemoveDead(Name);
    }

    private void Launch(string fault)
    {
        ILaunchedSilo silo = _machine.Launch(
            new SiloLaunch(Name, _options.Devices, _options.Store, _machine.Self, fault) { ClusterConfig = _clustering.File });
        silo.Said += line => Said?.Invoke(line);
        _silos.Add(silo);
    }
}
