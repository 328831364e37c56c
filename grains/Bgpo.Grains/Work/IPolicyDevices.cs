using Bgpo.Grains.Runs;

namespace Bgpo.Grains.Work;

/// <summary>
/// The devices of this silo and the policy replicas on them. Work waits for a free device and runs on the device's own
/// thread, so awaiting it never blocks a grain's turn.
/// </summary>
public interface IPolicyDevices
{
    /// <summary>Devices of this silo.</summary>
    int Count { get; }

    /// <summary>What decides the bits that a device computes: library, BLAS, processor, threads per device.</summary>
    string Fingerprint { get; }

    /// <summary>Samples completions.</summary>
    /// <param name="run">The run.</param>
    /// <param name="weights">The weights to sample with.</param>
    /// <param name="request">What to sample.</param>
    /// <param name="cancellationToken">Gives up while waiting for a device.</param>
    Task<RolloutResult> Sample(RunContext run, Weights weights, RolloutRequest request, CancellationToken cancellationToken);

    /// <summary>Computes a unit's contribution.</summary>
    /// <param name="run">The run.</param>
    /// <param name="weights">The weights of the unit's step.</param>
    /// <param name="request">The unit.</param>
    /// <param name="gradient">Receives the flat contribution.</param>
    /// <param name="cancellationToken">Gives up while waiting for a device.</param>
    Task<UnitResult> Compute(
        RunContext run, Weights weights, UnitRequest request, float[] gradient, CancellationToken cancellationToken);

    /// <summary>Computes l_j of a unit's samples without a gradient.</summary>
    /// <param name="run">The run.</param>
    /// <param name="weights">The weights of the batch's step.</param>
    /// <param name="request">The unit.</param>
    /// <param name="cancellationToken">Gives up while waiting for a device.</param>
    Task<UnitResult> LogLikelihoods(
        RunContext run, Weights weights, UnitRequest request, CancellationToken cancellationToken);

    /// <summary>Frees what the devices hold of a run, each when it is done with the work that it has begun.</summary>
    /// <param name="run">The run's key.</param>
    Task Release(string run);
}

/// <summary>One version of a run's weights, by shard. Shards are shared, never written.</summary>
/// <param name="Version">The version.</param>
/// <param name="Shards">The shards' values, in order.</param>
public sealed record Weights(int Version, IReadOnlyList<ReadOnlyMemory<float>> Shards);
