using Bgpo.Client.Clusters;
using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Silo.Hosting;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Proof;

/// <summary>
/// Does to silos what machines do: kills one, lets one hang, asks one to leave, and starts another in its place. Its victims are
/// this user's silo processes of one cluster, found through the cluster's own membership and checked again in the process table.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="machine">Its processes.</param>
/// <param name="clustering">How its members find one another.</param>
/// <param name="options">What to do.</param>
/// <param name="random">Chooses victims.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Told what is done.</param>
internal sealed class FaultInjector(
    ITrainingCluster cluster, IMachine machine, ClusterConfig clustering, ChaosOptions options, Random random, TimeProvider time,
    Action<FaultEvent> tell) : IAsyncDisposable
{
    private readonly List<Task> _pending = [];
    private SiloDescription? _model;
    private int _size;
    private int _starting;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();

    /// <summary>Silos that were started in a victim's place.</summary>
    internal List<ILaunchedSilo> Started { get; } = [];

    /// <summary>Victims so far.</summary>
    internal int Acts { get; private set; }

    /// <summary>Punishes one silo.</summary>
    /// <param name="cancellationToken">Gives up looking for one.</param>
    /// <returns>The victim; null where nobody qualifies now.</returns>
    /// <exception cref="BadInputException">The cluster has no silo left.</exception>
    internal async Task<SiloDescription?> Act(CancellationToken cancellationToken)
    {
        var silos = await Silos(cancellationToken);
        Refill(silos);
        SiloDescription[] candidates = [.. (await Qualified(silos)).Where(IsThere)];
        if (Volatile.Read(ref _starting) > 0 && silos.Count(silo => silo.State == SiloState.Active) <= 1)
        {
            tell(new FaultEvent("passed", Now, "", "", 0, "the last silo is spared until one that is starting has joined"));
            return null;
        }

        if (candidates.Length == 0)
        {
            tell(new FaultEvent("passed", Now, "", "", 0,
                $"no silo to choose from; the cluster has {Format.Many(silos.Count, "silo")}"));
            return null;
        }

        var victim = candidates[random.Next(candidates.Length)];
        Inject(victim, Process(victim)!);
        return victim;
    }

    /// <summary>Waits for what is on its way: silos that hang and are to wake, silos that are starting.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Task[] pending;
        lock (_gate)
        {
            pending = [.. _pending];
        }

        await Task.WhenAll(pending);
        _ending.Dispose();
    }

    private async Task<IReadOnlyList<SiloDescription>> Silos(CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.GetSilos(cancellationToken);
        }
        catch (BadInputException) when (options.Restart && _model is not null)
        {
            return []; // All of them are down; others take their place.
        }
    }

    private static DeviceSet DevicesOf(SiloDescription silo) =>
        DeviceSet.TryParse($"{silo.DeviceKind}:all") ?? DeviceSet.Cpu(Math.Max(1, silo.Devices));

    private bool IsThere(SiloDescription silo) => silo.State == SiloState.Active && Process(silo) is not null;

    /// <summary>
    /// Starts silos until there are as many as at first: one that was declared dead because the machine was too busy for it to
    /// answer ends without having been a victim.
    /// </summary>
    private void Refill(IReadOnlyList<SiloDescription> silos)
    {
        _model ??= silos.Count > 0 ? silos[0] : null;
        if (_size == 0)
        {
            _size = silos.Count;
        }

        for (var there = silos.Count(silo => silo.State == SiloState.Active) + Volatile.Read(ref _starting); options.Restart
            && _model is not null && there < _size; there++)
        {
            Replace(_model, "in place of one that ended by itself");
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// The silo's process, if it is what the silo says: this user's, a silo's, and not a later one of the same id.
    /// </summary>
    private MachineProcess? Process(SiloDescription silo) =>
        machine.Find(silo.Process) is { IsSilo: true } process && process.Start == silo.ProcessStart ? process : null;

    private void Inject(SiloDescription victim, MachineProcess process)
    {
        var (signal, word) = options.FaultKind switch
        {
            FaultKind.Kill => (ProcessTable.Kill, "killed"),
            FaultKind.Term => (ProcessTable.Terminate, "terminated"),
            FaultKind.Abort => (ProcessTable.Abort, "crashed"),
            _ => (ProcessTable.Stop, "stopped"),
        };
        if (options.FaultKind == FaultKind.Abort)
        {
            ProcessTable.ForbidCore(process);
        }

        var when = Now;
        if (!machine.Send(process, signal))
        {
            tell(new FaultEvent("passed", when, victim.Name, victim.Address, victim.Process, "it ended by itself just then"));
            return;
        }

        Acts++;
        tell(new FaultEvent(word, when, victim.Name, victim.Address, victim.Process, ""));
        if (options.FaultKind == FaultKind.Stop)
        {
            Later(() => Wake(victim, process));
        }

        if (options.Restart)
        {
            Replace(victim, $"in place of {victim.Name}");
        }
    }

    private async Task Wake(SiloDescription victim, MachineProcess process)
    {
        try
        {
            await Task.Delay(options.StopFor, time, _ending.Token);
        }
        catch (OperationCanceledException)
        {
            // It wakes earlier: nobody else would wake it.
        }

        if (machine.Send(process, ProcessTable.Continue))
        {
            tell(new FaultEvent("continued", Now, victim.Name, victim.Address, victim.Process, ""));
        }
    }

    /// <summary>Starts a silo like the victim: as many devices, the same store, the same owner.</summary>
    private void Replace(SiloDescription victim, string why)
    {
        if (victim.Owner.Length > 0 && !ProcessTable.Lives(victim.Owner))
        {
            return; // The work that they were started for is over.
        }

        var silo = machine.Launch(
            new SiloLaunch(cluster.Name, DevicesOf(victim), victim.Store, victim.Owner)
            {
                ClusterConfig = clustering.File,
            });
        var name = BgpoSilo.NameOf(silo.Id, clustering.Cluster);
        silo.Said += line => tell(new FaultEvent("said", Now, name, "", silo.Id, line));
        Started.Add(silo);
        Interlocked.Increment(ref _starting);
        var launched = time.GetTimestamp();
        Later(async () =>
        {
            try
            {
                await silo.Joined(_ending.Token);
                tell(new FaultEvent("joined", Now, name, "", silo.Id,
                    $"{why}, {time.GetElapsedTime(launched).TotalSeconds:0.0} s after its start"));
            }
            catch (BadInputException e)
            {
                tell(new FaultEvent("failed", Now, name, "", silo.Id, e.Message));
            }
            catch (OperationCanceledException)
            {
                // It joins or ends without this one watching.
            }
            finally
            {
                Interlocked.Decrement(ref _starting);
            }
        });
    }

    private void Later(Func<Task> work)
    {
        lock (_gate)
        {
            _pending.RemoveAll(task => task.IsCompleted);
            _pending.Add(work());
        }
    }

    private async Task<IReadOnlyList<SiloDescription>> Qualified(IReadOnlyList<SiloDescription> silos)
    {
        if (options.Victims == Victims.Any)
        {
            return silos;
        }

        var controllers = await Controllers(silos);
        return [.. silos.Where(silo => controllers.Contains(silo.Address) == (options.Victims == Victims.Controller))];
    }

    /// <summary>The silos that hold controllers of the cluster's running runs.</summary>
    private async Task<HashSet<string>> Controllers(IReadOnlyList<SiloDescription> silos)
    {
        HashSet<string> found = [];
        if (silos.Select(silo => silo.Store).FirstOrDefault() is not { Length: > 0 } store)
        {
            return found;
        }

        await foreach (var entry in new RunCatalog(BlobStores.Open(store)).ListAsync())
        {
            if (entry.Record is not { State: RunState.Running } record || record.Cluster != cluster.Name)
            {
                continue;
            }

            try
            {
                found.Add((await cluster.GetRun(entry.RunId).GetStatus()).Silo);
            }
            catch (Exception e) when (TransientErrors.Is(e))
            {
                // It is on its way to another silo.
            }
        }

        return found;
    }
}
