using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Silo.Clustering;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Cluster.Tests;

/// <summary>The tests that share one live cluster, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class Steered : ICollectionFixture<SteeredCluster>
{
    internal const string Name = "steered";
}

/// <summary>
/// A live cluster of two silo processes, made once for all tests that steer runs. A test that kills one starts another.
/// </summary>
public sealed class SteeredCluster : IAsyncLifetime
{
    private readonly List<Process> _silos = [];

    public SteeredCluster() => Bgpo = new Executable(Folder);

    internal string Folder { get; } = Directory.CreateTempSubdirectory("bgpo-steered-").FullName;

    internal string Name { get; } = $"s{Guid.NewGuid():N}"[..12];

    internal Executable Bgpo { get; }

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(Silo("first"), Silo("second"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process silo in _silos)
        {
            await Executable.End(silo);
        }

        ClusterFolder.RemoveDead(Name);
        Directory.Delete(Folder, recursive: true);
    }

    internal async Task<Process> Silo(string name)
    {
        Process silo = await Bgpo.Silo(Name, ["--name", name]);
        lock (_silos)
        {
            _silos.Add(silo);
        }

        return silo;
    }

    /// <summary>Options of a run of small steps.</summary>
    internal static string[] Small(int steps) => Small($"run.steps={steps}");

    /// <summary>The same with a field of the caller's.</summary>
    internal static string[] Small(string more) =>
    [
        .. new[]
        {
            more,
            "rollout.prompts=4",
            "rollout.completions=4",
            "rollout.denoisingSteps=4",
            "objective.samples=2",
            "units.samples=8",
            "units.microbatch=4",
            "evaluation.count=8",
            "evaluation.every=0",
        }
            .SelectMany(set => new[] { "--set", set }),
    ];

    internal async Task Start(string run, int steps) =>
        await Done(["run", "start", "--cluster", Name, "--run", run, "--json", .. Small(steps)]);

    internal async Task<Ended> Done(params string[] arguments)
    {
        Ended ended = await Bgpo.Run(arguments);
        Assert.True(ended.Code == 0,
            $"{string.Join(' ', arguments)}: {ended.Code}: {string.Join('\n', ended.Lines)}{ended.Error}");
        return ended;
    }

    internal RunStore Store(string run) => new(new LocalBlobStore(Path.Combine(Folder, "runs")), run);

    /// <summary>Waits until a run's record is as wanted.</summary>
    internal async Task<RunRecord> Sees(string run, Func<RunRecord, bool> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            if (await Store(run).ReadAsync() is { } stored && wanted(stored.Record))
            {
                return stored.Record;
            }

            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>Kills the silo of a run's controller, and starts another of a name.</summary>
    /// <returns>The name of the one that was killed.</returns>
    internal async Task<string> KillController(string run, string replacement)
    {
        string address = (await Store(run).ReadAsync())!.Record.Controller.Split(' ')[0];
        JsonNode silo = (await Done("cluster", "silos", "--cluster", Name, "--json"))
            .Events.Single(one => (string?)one["address"] == address);
        Process victim = Process.GetProcessById((int)silo["process"]!);
        victim.Kill();
        await Silo(replacement);
        return (string)silo["silo"]!;
    }
}
