using Bgpo.Bench;

namespace Bgpo.Client.Hosting;

/// <summary>Measurements that need processes of their own.</summary>
internal interface IBenchmarks
{
    /// <summary>How fast contributions get from one process into another's accumulators.</summary>
    /// <param name="mib">Payload of each round of a stream, MiB.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken);
}

/// <inheritdoc/>
internal sealed class Benchmarks : IBenchmarks
{
    /// <inheritdoc/>
    public Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken) => WireBench.Measure(mib, cancellationToken);
}
