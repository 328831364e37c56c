using Bgpo.Bench;

namespace Bgpo.Client.Hosting;

/// <summary>Measurements that need processes or a cluster of their own.</summary>
internal interface IBenchmarks
{
    /// <summary>How fast contributions get from one process into another's accumulators.</summary>
    /// <param name="mib">Payload of each round of a stream, MiB.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken);

    /// <summary>How fast a real run is on some silo processes of one thread each.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="steps">Steps to time.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<RealScale> RunReal(int silos, int steps, string? config, CancellationToken cancellationToken);

    /// <summary>What watchers cost a run.</summary>
    /// <param name="watchers">Numbers of watchers.</param>
    /// <param name="steps">Steps to time in a spell.</param>
    /// <param name="rounds">Spells with and without them, in turn.</param>
    /// <param name="threads">Devices of the silo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<WatchedSpeed>> Overhead(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken);

    /// <summary>How fast two such runs of one silo process each are at the same time, which have nothing to do with one another.</summary>
    /// <param name="steps">Steps to time.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<RealScale> RunApart(int steps, string? config, CancellationToken cancellationToken);

    /// <summary>How well simulated silos are kept busy.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="work">What each piece of work takes.</param>
    /// <param name="steps">Steps to measure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<SimulatedScale> Simulate(int silos, TimeSpan work, int steps, CancellationToken cancellationToken);
}

/// <inheritdoc/>
internal sealed class Benchmarks : IBenchmarks
{
    /// <inheritdoc/>
    public Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken) => WireBench.Measure(mib, cancellationToken);

    /// <inheritdoc/>
    public Task<RealScale> RunReal(int silos, int steps, string? config, CancellationToken cancellationToken) =>
        RealScaling.Run(silos, steps, config, cancellationToken);

    /// <inheritdoc/>
    public Task<RealScale> RunApart(int steps, string? config, CancellationToken cancellationToken) =>
        RealScaling.RunApart(steps, config, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<WatchedSpeed>> Overhead(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken) =>
        WatchingOverhead.Measure(watchers, steps, rounds, threads, cancellationToken);

    /// <inheritdoc/>
    public Task<SimulatedScale> Simulate(int silos, TimeSpan work, int steps, CancellationToken cancellationToken) =>
        Simulation.Run(silos, work, steps, cancellationToken);
}
