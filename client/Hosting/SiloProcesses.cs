using System.Diagnostics;
using System.Runtime.InteropServices;
using Bgpo.Grains;
using Bgpo.Silo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Bgpo.Client.Hosting;

/// <summary>A cluster of silo processes of this machine, started and ended with the run that they were started for.</summary>
internal sealed partial class SiloProcesses : ITrainingCluster
{
    private const int Terminate = 15;

    private readonly List<Process> _silos = [];
    private readonly IHost _client;

    private SiloProcesses(IHost client) => _client = client;

    /// <inheritdoc/>
    public IRunGrain GetRun(string run) => _client.Services.GetRequiredService<IGrainFactory>().GetGrain<IRunGrain>(run);

    /// <summary>Starts the silos and joins them as a client.</summary>
    /// <param name="options">How many, with what.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    internal static async Task<SiloProcesses> Start(HostOptions options, CancellationToken cancellationToken)
    {
        var cluster = new SiloProcesses(BgpoSilo.BuildClient(options.Cluster));
        try
        {
            for (int i = 0; i < options.Silos; i++)
            {
                cluster._silos.Add(StartSilo(options));
            }
            foreach (Process silo in cluster._silos)
            {
                // Its first line says that it has joined.
                if (await silo.StandardOutput.ReadLineAsync(cancellationToken) is null)
                {
                    await silo.WaitForExitAsync(cancellationToken);
                    throw new BadInputException($"a silo of cluster '{options.Cluster}' did not start (exit code {silo.ExitCode}).");
                }
            }
            await cluster._client.StartAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _client.StopAsync();
        _client.Dispose();
        foreach (Process silo in _silos.Where(silo => !silo.HasExited))
        {
            _ = Signal(silo.Id, Terminate);
        }
        foreach (Process silo in _silos)
        {
            await silo.WaitForExitAsync();
            silo.Dispose();
        }
    }

    private static Process StartSilo(HostOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(SiloProcesses).Assembly.Location);
        }
        foreach (string argument in new[]
            { "silo", "--attached", "--cluster", options.Cluster, "--threads", $"{options.Threads}", "--store", options.Store })
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
