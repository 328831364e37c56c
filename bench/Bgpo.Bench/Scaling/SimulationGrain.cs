using System.Diagnostics;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Runs;

namespace Bgpo.Bench;

/// <summary>Takes steps as a run's controller does, over the simulated silos; key = run id.</summary>
internal interface ISimulationGrain : IGrainWithStringKey
{
    /// <summary>Takes steps and measures all but the first, which compiles and places.</summary>
    /// <param name="steps">Steps to measure.</param>
    [ResponseTimeout("00:10:00")]
    Task<SimulatedSteps> Run(int steps);
}

/// <summary>What the steps took.</summary>
/// <param name="Seconds">Time from the first step's start to the last one's commit.</param>
/// <param name="CpuSeconds">Processor time of the whole process meanwhile.</param>
/// <param name="Messages">Messages between grains meanwhile.</param>
/// <param name="Units">Units that the steps consist of.</param>
/// <param name="Redispatched">Calls that failed and were made again.</param>
[GenerateSerializer]
internal sealed record SimulatedSteps(
    [property: Id(0)] double Seconds, [property: Id(1)] double CpuSeconds, [property: Id(2)] long Messages,
    [property: Id(3)] int Units,
    [property: Id(4)] int Redispatched);

/// <inheritdoc cref="ISimulationGrain"/>
internal sealed class SimulationGrain(
    RunContexts contexts, RunCatalog catalog, SimulatedSilos silos, MessageCount messages, TimeProvider time)
    : Grain, ISimulationGrain
{
    /// <inheritdoc/>
    public async Task<SimulatedSteps> Run(int steps)
    {
        const int Epoch = 1;
        string id = this.GetPrimaryKeyString();
        RunContext run = await contexts.Get(id);
        var dispatcher = new Dispatcher(() => Task.FromResult(silos.Roster), time);
        var shards = new ShardSet(GrainFactory, run, Epoch);
        RunStore store = catalog.Run(id);
        using var writes = new WriteQueue(time);
        using var loop = new StepLoop(new StepServices
        {
            Run = run,
            Settings = new RunSettings(run.Spec),
            Store = store,
            WriteQueue = writes,
            Checkpoints = new CheckpointWriter(run, store, shards, writes, time),
            Shards = shards,
            Dispatcher = dispatcher,
            Rollouts = new Rollouts(run, GrainFactory, dispatcher, new Grader(run, GrainFactory, dispatcher, time)),
            Grains = GrainFactory,
            Events = new Grains.Runs.EventLog(time),
            Time = time,
            GoesOn = step => step < run.Spec.Run.Steps,
        });
        await shards.Load(new HeldVersion(0, new string?[run.Shards]));
        await loop.Take(0, CancellationToken.None);
        silos.Reset();
        long sent = messages.Read();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        int units = 0;
        for (int step = 1; step <= steps; step++)
        {
            units += (await loop.Take(step, CancellationToken.None)).Units;
        }
        var taken = new SimulatedSteps(
            Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds,
            messages.Read() - sent,
            units, dispatcher.Redispatched);
        await writes.Flush(CancellationToken.None);
        return taken;
    }
}
