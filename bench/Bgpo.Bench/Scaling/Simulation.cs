using Bgpo.Grains;
using Bgpo.Grains.Hosting;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Work;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bgpo.Bench;

/// <summary>What a simulated run over some silos came to.</summary>
/// <param name="Silos">Silos of one device each.</param>
/// <param name="Efficiency">Time that the devices' work takes when none ever waits, over the time that the steps took.</param>
/// <param name="StepSeconds">Seconds a step.</param>
/// <param name="MessagesPerStep">Messages between grains a step, answers counted.</param>
/// <param name="CpuMillisecondsPerUnit">Processor time of this process, which is everything but the devices' work, a piece of
/// work.</param>
/// <param name="Units">Gradient units that the steps consist of.</param>
/// <param name="Computed">Gradient units that devices computed.</param>
/// <param name="DistinctComputed">The same, each counted once.</param>
/// <param name="BusySilos">Silos that had work.</param>
public sealed record SimulatedScale(
    int Silos, double Efficiency, double StepSeconds, double MessagesPerStep, double CpuMillisecondsPerUnit, int Units,
    int Computed,
    int DistinctComputed, int BusySilos);

/// <summary>
/// The real dispatcher, step loop and grains over many silos whose devices are simulated: a fixed time for each piece of work,
/// none of it on a processor. All grains live in one process and one silo of Orleans, so what is measured is the cost and the
/// idling that coordination makes, not that of a network. Work grows with the silos: two prompts of four units each for every
/// silo and step.
/// </summary>
public static class Simulation
{
    /// <summary>Prompts of a step for every silo.</summary>
    private const int PromptsPerSilo = 2;

    /// <summary>Values of a contribution: few, since a network is not what is simulated.</summary>
    private const int Parameters = 4096;

    private const string RunId = "simulated";

    /// <summary>Simulates.</summary>
    /// <param name="silos">How many silos.</param>
    /// <param name="work">What a rollout or a gradient unit takes on a device.</param>
    /// <param name="steps">Steps to measure.</param>
    /// <param name="cancellationToken">Gives up before it starts.</param>
    public static async Task<SimulatedScale> Run(int silos, TimeSpan work, int steps, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bgpo-scaling-");
        try
        {
            var blobs = new LocalBlobStore(folder.FullName);
            await StoredShards.Create(blobs, RunId, Spec(silos, steps + 1), Parameters);
            using IHost host = Build(blobs, silos, work);
            await host.StartAsync(cancellationToken);
            SimulatedSteps taken = await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ISimulationGrain>(RunId)
                .Run(steps);
            SimulatedSilos simulated = host.Services.GetRequiredService<SimulatedSilos>();
            UnitName[] computed = [.. simulated.Computed];
            double ideal = simulated.Pieces * work.TotalSeconds / silos;
            await host.StopAsync(CancellationToken.None);
            return new SimulatedScale(
                silos, ideal / taken.Seconds, taken.Seconds / steps, (double)taken.Messages / steps,
                1000 * taken.CpuSeconds / simulated.Pieces, taken.Units, computed.Length, computed.Distinct().Count(),
                simulated.Busy);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static RunSpec Spec(int silos, int steps) => new()
    {
        Run = new RunSection { Steps = steps },
        Model = new ModelSection { Path = RunId },
        Task = new RunTaskSection { Name = "sudoku4x4" },
        Rollout = new RolloutSection { Prompts = PromptsPerSilo * silos, Completions = 8, ResponseLength = 16, BlockLength = 16 },
        Objective = new ObjectiveSection { Samples = 4 },
        Units = new UnitSection { Samples = 8, Microbatch = 8 },
        Checkpoint = new CheckpointSection { Every = steps + 1 },
    };

    private static IHost Build(IBlobStore blobs, int silos, TimeSpan work)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering();
            silo.UseSiloMetadata(new Dictionary<string, string>());
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new RunCatalog(blobs, TimeProvider.System));
        builder.Services.AddBgpoGrains();
        builder.Services.AddPlacementDirector<SiloPinnedPlacement, SimulatedPlacement>();
        builder.Services.AddSingleton<MessageCount>();
        builder.Services.AddSingleton(services => new SimulatedSilos(
            silos, work, services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<TimeProvider>()));
        // Grains of a simulated silo get that silo's device and weights.
        builder.Services.AddScoped<IPolicyDevices>(OwnSilo);
        builder.Services.AddScoped(services => OwnSilo(services).Weights);
        return builder.Build();
    }

    private static SimulatedSilo OwnSilo(IServiceProvider services) =>
        services.GetRequiredService<SimulatedSilos>().Of(services.GetRequiredService<IGrainContext>().GrainId);
}
