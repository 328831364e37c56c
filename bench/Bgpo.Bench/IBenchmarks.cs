using Bgpo.Bench.Rewards;

namespace Bgpo.Bench;

/// <summary>Measurements that need processes or a cluster of their own.</summary>
internal interface IBenchmarks
{
    /// <summary>The gradient phase's peak memory, and what the one-graph ELBO objective would take.</summary>
    /// <param name="samples">The n_t to compare, ascending; the first is the base of the ratio.</param>
    /// <param name="progress">Is told every measurement.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<MemoryOutcome> Memory(
        IReadOnlyList<int> samples, IProgress<MemoryMeasured> progress, CancellationToken cancellationToken);

    /// <summary>How fast contributions get from one process into another's accumulators.</summary>
    /// <param name="mib">Payload of each round of a stream, MiB.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken);

    /// <summary>
    /// How fast a real run is: round after round on one silo process of one thread, on two, and twice at the same time on one
    /// each.
    /// </summary>
    /// <param name="steps">Steps to time in a spell.</param>
    /// <param name="rounds">Rounds.</param>
    /// <param name="config">The run spec; null: the one that <c>train</c> takes by itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    IAsyncEnumerable<RealScale> RunReal(int steps, int rounds, string? config, CancellationToken cancellationToken);

    /// <summary>What watchers cost a run.</summary>
    /// <param name="watchers">Numbers of watchers.</param>
    /// <param name="steps">Steps to time in a spell.</param>
    /// <param name="rounds">Spells with and without them, in turn.</param>
    /// <param name="threads">Devices of the silo.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<WatchedSpeed>> Overhead(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken);

    /// <summary>How well simulated silos are kept busy.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="work">What each piece of work takes.</param>
    /// <param name="steps">Steps to measure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<SimulatedScale> Simulate(int silos, TimeSpan work, int steps, CancellationToken cancellationToken);

    /// <summary>How fast answers of mathematics are judged: of each kind, then mutated ones.</summary>
    /// <param name="count">Answers of each kind.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="seed">Seed of the mutations.</param>
    /// <param name="cancellationToken">Gives up.</param>
    IEnumerable<MathMeasured> Rewards(int count, int threads, ulong seed, CancellationToken cancellationToken);
}

/// <inheritdoc/>
internal sealed class Benchmarks : IBenchmarks
{
    /// <inheritdoc/>
    public Task<MemoryOutcome> Memory(
        IReadOnlyList<int> samples, IProgress<MemoryMeasured> progress, CancellationToken cancellationToken) =>
        MemoryBench.Measure(samples, progress, cancellationToken);

    /// <inheritdoc/>
    public Task<WireOutcome> Wire(int mib, CancellationToken cancellationToken) => WireBench.Measure(mib, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<RealScale> RunReal(int steps, int rounds, string? config, CancellationToken cancellationToken) =>
        RealScaling.Measure(steps, rounds, config, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<WatchedSpeed>> Overhead(
        IReadOnlyList<int> watchers, int steps, int rounds, int threads, CancellationToken cancellationToken) =>
        WatchingOverhead.Measure(watchers, steps, rounds, threads, cancellationToken);

    /// <inheritdoc/>
    public Task<SimulatedScale> Simulate(int silos, TimeSpan work, int steps, CancellationToken cancellationToken) =>
        Simulation.Run(silos, work, steps, cancellationToken);

    /// <inheritdoc/>
    public IEnumerable<MathMeasured> Rewards(int count, int threads, ulong seed, CancellationToken cancellationToken) =>
        MathSpeed.Measure(count, threads, seed, cancellationToken);
}
