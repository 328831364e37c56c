using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Silo.Machines;

namespace Bgpo.Silo.Devices;

/// <summary>This silo's devices: each a thread with a replica of the run it last worked for.</summary>
public sealed class PolicyDevices : IPolicyDevices, IDisposable
{
    private readonly DeviceQueue _queue = new();
    private readonly DeviceWorker[] _workers;
    private readonly IReadOnlyList<string> _names;
    private readonly PolicyReplica?[] _replicas;
    private readonly BaseWeights _bases = new();

    /// <summary>A device's replica is used under its gate: by the device's thread, and by whoever frees it.</summary>
    private readonly Lock[] _gates;

    /// <summary>Keys of runs that were released, by device: their replicas are to be freed.</summary>
    private readonly ConcurrentQueue<string>[] _released;

    /// <summary>Starts the devices.</summary>
    /// <param name="devices">Which; of a processor each is one thread.</param>
    /// <exception cref="ModelException">They are not there.</exception>
    public PolicyDevices(DeviceSet devices)
    {
        _names = devices.Resolve();
        Fingerprint = NumericsOf(devices); // loads libtorch: what a device's thread could not tell anybody fails here
        int count = _names.Count;
        _workers = [.. Enumerable.Range(0, count).Select(i => new DeviceWorker($"{devices.Kind}:{i}", i, _queue))];
        _replicas = new PolicyReplica?[count];
        _gates = [.. Enumerable.Range(0, count).Select(_ => new Lock())];
        _released = [.. Enumerable.Range(0, count).Select(_ => new ConcurrentQueue<string>())];
    }

    /// <inheritdoc/>
    public int Count => _workers.Length;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <summary>Key of the run that each device has a replica of; null: none.</summary>
    public IReadOnlyList<string?> Runs => [.. _replicas.Select(replica => replica?.Run)];

    /// <summary>What decides the bits that devices compute.</summary>
    /// <param name="devices">The devices, which are there.</param>
    internal static string NumericsOf(DeviceSet devices)
    {
        if (!devices.IsCuda)
        {
            return string.Join(
                "; ", devices.Kind, RuntimeInformation.ProcessArchitecture, CpuName.Read(), Libtorch.Description,
                "1 thread a device", "probe " + NumericsProbe.Digest);
        }
        Libtorch.UseExactCuda();
        string[] probes = [.. devices.Resolve().Select(NumericsProbe.Of).Distinct()];
        return string.Join(
            "; ", devices.Kind, RuntimeInformation.ProcessArchitecture, GpuName.Read(), Libtorch.Description,
            "float32 without TF32",
            "probe " + string.Join('+', probes));
    }

    /// <inheritdoc/>
    public Task<RolloutResult> Sample(
        RunContext run, Weights weights, RolloutRequest request, CancellationToken cancellationToken) =>
        OnFreeDevice(run, replica => replica.Sample(weights, request), cancellationToken);

    /// <inheritdoc/>
    public Task<UnitResult> Compute(
        RunContext run, Weights weights, UnitRequest request, float[] gradient, CancellationToken cancellationToken) =>
        OnFreeDevice(run, replica => replica.Compute(weights, request, gradient), cancellationToken);

    /// <inheritdoc/>
    public Task<UnitResult> LogLikelihoods(
        RunContext run, Weights weights, UnitRequest request, CancellationToken cancellationToken) =>
        OnFreeDevice(run, replica => replica.LogLikelihoods(weights, request), cancellationToken);

    /// <inheritdoc/>
    public Task Release(string run) => Task.Run(() =>
    {
        for (int device = 0; device < Count; device++)
        {
            _released[device].Enqueue(run);
            FreeReleased(device);
        }
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DeviceWorker worker in _workers)
        {
            worker.Dispose();
        }
        foreach (PolicyReplica? replica in _replicas)
        {
            replica?.Dispose();
        }
    }

    private Task<T> OnFreeDevice<T>(RunContext run, Func<PolicyReplica, T> work, CancellationToken cancellationToken) =>
        _queue.Run(
            device =>
            {
                try
                {
                    lock (_gates[device])
                    {
                        return work(ReplicaOn(device, run));
                    }
                }
                finally
                {
                    FreeReleased(device);
                }
            },
            cancellationToken);

    /// <summary>
    /// Frees a device's replica of a run that was released; a device at work does so itself once its piece is done.
    /// </summary>
    private void FreeReleased(int device)
    {
        // Whoever holds the gate looks again once it has left it.
        while (!_released[device].IsEmpty && _gates[device].TryEnter())
        {
            try
            {
                while (_released[device].TryDequeue(out string? run))
                {
                    if (_replicas[device]?.Run == run)
                    {
                        PolicyReplica former = _replicas[device]!;
                        _replicas[device] = null;
                        former.Dispose();
                    }
                }
            }
            finally
            {
                _gates[device].Exit();
            }
        }
    }

    /// <summary>The device's replica of a run; one of another run makes way for it.</summary>
    private PolicyReplica ReplicaOn(int device, RunContext run)
    {
        if (_replicas[device]?.Run != run.Key)
        {
            PolicyReplica? former = _replicas[device];
            _replicas[device] = null; // the next one may fail to be made
            former?.Dispose();
            _replicas[device] = new PolicyReplica(run, _bases, _names[device]);
        }
        return _replicas[device]!;
    }
}
