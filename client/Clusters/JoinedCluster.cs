using Bgpo.Grains;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Hosting;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Client.Clusters;

/// <summary>A cluster that this process is a client of. It goes on when the client leaves.</summary>
internal sealed class JoinedCluster : ITrainingCluster
{
    /// <summary>How long a silo may take to say anything at all.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a client may take to be let in. Microsoft.Orleans's tries for ever, also where it is turned away.
    /// </summary>
    private static readonly TimeSpan s_connecting = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly IHost _client;
    private readonly ClusterSection _clustering;

    private JoinedCluster(string name, ClusterSection clustering, IHost client) =>
        (Name, _clustering, _client) = (name, clustering, client);

    /// <inheritdoc/>
    public event Action<string>? Said
    {
        add { } // Its silos talk to those who started them.
        remove { }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsAlive
    {
        get
        {
            try
            {
                return ClusterMembership.HasLiveSilo(Name, _clustering);
            }
            catch (Exception e) when (ClusterMembership.Explanation(e, _clustering) is not null)
            {
                return true; // Who cannot be asked is not dead: the silos go on without their table for a while.
            }
        }
    }

    private IGrainFactory Grains => _client.Services.GetRequiredService<IGrainFactory>();

    /// <inheritdoc cref="ITrainingHost.Join"/>
    internal static async Task<JoinedCluster> Join(string cluster, ClusterSection clustering, CancellationToken cancellationToken)
    {
        if (!ClusterMembership.HasLiveSilo(cluster, clustering))
        {
            throw None(cluster);
        }
        IHost client = BgpoSilo.BuildClient(cluster, clustering);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_connecting);
        try
        {
            await client.StartAsync(patience.Token);
            return new JoinedCluster(cluster, clustering, client);
        }
        catch (Exception e) when (
            e is OrleansException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            string? why = ClusterMembership.WhyShutOut(cluster, client.Services);
            client.Dispose();
            throw ClusterMembership.HasLiveSilo(cluster, clustering) ? NoAnswer(cluster, e, why) : None(cluster);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IRunGrain GetRun(string run) => Grains.GetGrain<IRunGrain>(run);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SiloDescription>> GetSilos(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        while (true)
        {
            try
            {
                return await Grains.GetGrain<IClusterGrain>(0).GetSilos().WaitAsync(patience.Token);
            }
            catch (Exception e) when (TransientErrors.Is(e) && !patience.IsCancellationRequested)
            {
                // The silo that had the answer is gone; another one has it next.
                if (!IsAlive)
                {
                    throw None(Name);
                }
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw NoAnswer(Name, e);
            }
            try
            {
                await Task.Delay(s_pause, patience.Token);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw NoAnswer(Name, e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _client.StopAsync();
        _client.Dispose();
    }

    private static BadInputException None(string cluster)
    {
        IReadOnlyList<string> live = ClusterFolder.Live();
        string there = live.Count == 0 ? "no cluster of yours lives on this machine"
            : $"there are: {string.Join(", ", live.Take(8))}";
        return new BadInputException($"cluster '{cluster}' has no live silo ({there}); bgpo silo --cluster {cluster} founds it");
    }

    private static BadInputException NoAnswer(string cluster, Exception cause, string? why = null) =>
        new($"no silo of cluster '{cluster}' answers; " +
            $"{why ?? $"see whether its processes are stopped: bgpo cluster stop --cluster {cluster} ends them"}", cause);
}
