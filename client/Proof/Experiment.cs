using System.Diagnostics;
using Bgpo.Client.Clusters;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Proof;

/// <summary>One run over silo processes of its own, in a store of its own, to which something happens.</summary>
/// <param name="machine">Where silos are started.</param>
/// <param name="clustering">How they find one another.</param>
/// <param name="time">The clock.</param>
/// <param name="name">Names its cluster and run.</param>
/// <param name="store">Its store's folder.</param>
/// <param name="silos">Silo processes.</param>
internal sealed class Experiment(
    IMachine machine, ClusterConfig clustering, TimeProvider time, string name, string store, int silos) : IAsyncDisposable
{
    private static readonly TimeSpan s_sampling = TimeSpan.FromSeconds(1);

    private readonly List<FaultEvent> _acts = [];
    private readonly CancellationTokenSource _over = new();
    private readonly List<(TimeSpan At, double SiloMiB, double OwnMiB)> _memory = [];
    private SiloProcesses? _cluster;
    private Task _sampler = Task.CompletedTask;

    /// <summary>What the run told.</summary>
    internal RunRecorder Recorder { get; } = new(time);

    /// <summary>The cluster; once started.</summary>
    internal SiloProcesses Cluster => _cluster ?? throw new InvalidOperationException("The experiment has not begun.");

    /// <summary>The run's id.</summary>
    internal string Run => name;

    /// <summary>The run in its store.</summary>
    internal RunStore Store => new RunCatalog(BlobStores.Open(store)).Run(name);

    /// <summary>What was done to silos.</summary>
    internal IReadOnlyList<FaultEvent> Acts
    {
        get
        {
            lock (_acts)
            {
                return [.. _acts];
            }
        }
    }

    /// <summary>Memory of the largest silo and of this process, as time went by.</summary>
    internal IReadOnlyList<(TimeSpan At, double SiloMiB, double OwnMiB)> Memory
    {
        get
        {
            lock (_memory)
            {
                return [.. _memory];
            }
        }
    }

    /// <summary>
    /// Processes, locks, sockets and temporary files that were left behind; known once the experiment is disposed of.
    /// </summary>
    internal IReadOnlyList<string> LeftOver { get; private set; } = [];

    /// <summary>Starts the silos and the run.</summary>
    internal async Task<IRunGrain> Begin(string yaml, CancellationToken cancellationToken)
    {
        _cluster = await SiloProcesses.Start(
            new HostOptions(store, DeviceSet.Cpu(1), silos, name), machine, clustering, cancellationToken);
        var run = Cluster.GetRun(name);
        _ = await RunStarter.Begin(run, yaml, () => Cluster.IsAlive);
        _sampler = Sample();
        return run;
    }

    /// <summary>Watches the run to its end.</summary>
    internal Task<RunEvent?> Watch(IRunGrain run, CancellationToken cancellationToken) =>
        new RunWatch(run, Recorder, time, () => Cluster.IsAlive).ToTheEnd(CancellationToken.None, cancellationToken);

    /// <summary>A injector of this experiment's silos.</summary>
    internal FaultInjector FaultInjector(ChaosOptions options) =>
        new(Cluster, machine, clustering, options, new Random(1), time, act =>
    {
        lock (_acts)
        {
            _acts.Add(act);
        }
    });

    /// <summary>For each victim that had work: milliseconds from the fault to that work's start elsewhere.</summary>
    internal IReadOnlyList<double> Recoveries()
    {
        var moves = Recorder.Moves;
        return
        [
            .. Acts.Where(act => act.Event is "killed")
                .Select(kill => moves.Where(move => move.From == kill.Address && move.UnixMilliseconds >= kill.UnixMilliseconds)
                    .Select(move => (double?)(move.UnixMilliseconds - kill.UnixMilliseconds)).Min())
                .OfType<double>(),
        ];
    }

    /// <summary>Ends the silos, and sees what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _sampler;
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
            IEnumerable<string> processes = machine.Silos(process => process.Option("--cluster") == name)
                .Select(process => $"process {process.Id}");
            IEnumerable<string> temporary = Directory.Exists(store)
                ? Directory.EnumerateFiles(
                    store, ".tmp-*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
                : [];
            LeftOver = [.. processes, .. _cluster.LeftBehind, .. temporary];
        }
        _over.Dispose();
    }

    private async Task Sample()
    {
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(s_sampling, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token))
            {
                double most = machine.Silos(process => process.Option("--cluster") == name).Select(process => process.ResidentMiB)
                    .DefaultIfEmpty(0).Max();
                lock (_memory)
                {
                    _memory.Add((Stopwatch.GetElapsedTime(started), most, ProcessTable.Own.ResidentMiB));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The experiment is over.
        }
    }
}
