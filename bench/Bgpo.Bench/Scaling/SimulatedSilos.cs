using System.Collections.Concurrent;
using System.Net;
using Bgpo.Grains;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Orleans.Runtime.Placement;

namespace Bgpo.Bench;

/// <summary>
/// Silos that are names only, each with one device that takes a fixed time for every piece of work and needs no processor for it.
/// Their grains all live in the one real silo of this process.
/// </summary>
/// <param name="count">How many.</param>
/// <param name="work">What every piece of work takes.</param>
/// <param name="grains">Where accumulators are found.</param>
/// <param name="time">The clock.</param>
internal sealed class SimulatedSilos(int count, TimeSpan work, IGrainFactory grains, TimeProvider time)
{
    private readonly Dictionary<string, SimulatedSilo> _silos = Enumerable.Range(0, count)
        .Select(i => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1 + i), 1).ToParsableString())
        .ToDictionary(address => address, _ => new SimulatedSilo(work, grains, time));

    /// <summary>What the dispatcher sees.</summary>
    internal IReadOnlyList<SiloDevices> Roster => [.. _silos.Keys.Select(address => new SiloDevices(address, 1))];

    /// <summary>All units that devices computed, as often as they did.</summary>
    internal IEnumerable<UnitName> Computed => _silos.Values.SelectMany(silo => silo.Computed);

    /// <summary>Pieces of work that devices did, rollouts among them.</summary>
    internal int Pieces => _silos.Values.Sum(silo => silo.Pieces);

    /// <summary>Silos that did something.</summary>
    internal int Busy => _silos.Values.Count(silo => silo.Pieces > 0);

    /// <summary>The silo that a pinned grain's key names.</summary>
    /// <param name="grain">The grain.</param>
    internal SimulatedSilo Of(GrainId grain) => _silos[SiloKey.Parse(grain.Key.ToString()!).Silo];

    /// <summary>Counts from nought again.</summary>
    internal void Reset()
    {
        foreach (SimulatedSilo silo in _silos.Values)
        {
            silo.Reset();
        }
    }
}

/// <summary>One simulated silo: its device and its copy of the weights.</summary>
internal sealed class SimulatedSilo(TimeSpan work, IGrainFactory grains, TimeProvider time) : IPolicyDevices
{
    private readonly ConcurrentQueue<UnitName> _computed = new();
    private Task _free = Task.CompletedTask;
    private int _pieces;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public string Fingerprint => "simulated";

    internal WeightsSource Weights { get; } = new(grains);

    internal IEnumerable<UnitName> Computed => _computed;

    internal int Pieces => _pieces;

    /// <inheritdoc/>
    public async Task<RolloutResult> Sample(
        RunContext run, Weights weights, RolloutRequest request, CancellationToken cancellationToken)
    {
        await Work(cancellationToken);
        int[][] completions = [.. request.Items.Zip(request.Prompts, (item, prompt) => Guess(run, request.Step, item, prompt))];
        return new RolloutResult(
            [.. request.Prompts.Select(run.Tokenizer.EncodePrompt)], completions,
            [.. completions.Select(tokens => run.Tokenizer.Decode(tokens))],
            work.TotalSeconds);
    }

    /// <inheritdoc/>
    public async Task<UnitResult> Compute(
        RunContext run, Weights weights, UnitRequest request, float[] gradient, CancellationToken cancellationToken)
    {
        await Work(cancellationToken);
        _computed.Enqueue(request.Unit);
        Array.Fill(gradient, 1e-3f, 0, (int)run.Parameters);
        return new UnitResult(new double[run.Spec.Units.Samples], 0, 0, work.TotalSeconds);
    }

    /// <inheritdoc/>
    public async Task<UnitResult> LogLikelihoods(
        RunContext run, Weights weights, UnitRequest request, CancellationToken cancellationToken)
    {
        await Work(cancellationToken);
        return new UnitResult(new double[run.Spec.Units.Samples], 0, 0, work.TotalSeconds);
    }

    /// <inheritdoc/>
    public Task Release(string run) => Task.CompletedTask;

    internal void Reset()
    {
        _computed.Clear();
        _pieces = 0;
    }

    /// <summary>Fills the blanks of a Sudoku by chance: so rewards differ and groups teach.</summary>
    private static int[] Guess(RunContext run, int step, uint item, string prompt)
    {
        var stream = new Philox(run.Seed, Purpose.Other, (uint)step, item);
        string text = string.Concat(prompt.Select((cell, i) => cell == '0' ? (char)('1' + stream.Below((uint)i, 4)) : cell));
        return run.Tokenizer.EncodeResponse(text, run.Spec.Rollout.ResponseLength);
    }

    /// <summary>Waits for the device, and then as long as work takes.</summary>
    private async Task Work(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before = Interlocked.Exchange(ref _free, done.Task);
        try
        {
            await before;
            await Task.Delay(work, time, cancellationToken);
            Interlocked.Increment(ref _pieces);
        }
        finally
        {
            done.SetResult();
        }
    }
}

/// <summary>Puts the grains of simulated silos where they can live: on the one silo there is.</summary>
internal sealed class SimulatedPlacement : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(context.GetCompatibleSilos(target)[0]);
}
