using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bgpo.Client.Tests;

/// <summary>The real executable against a live cluster of processes: what a person does with it, one command after the other.</summary>
public sealed class RealClusterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-cluster-").FullName;
    private readonly string _cluster = $"t{Guid.NewGuid():N}"[..12];
    private readonly List<Process> _silos = [];

    public void Dispose()
    {
        foreach (Process silo in _silos)
        {
            silo.Kill();
            silo.WaitForExit();
            silo.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AClusterIsFounded_TakesRuns_IsPunished_AndIsEnded()
    {
        Process first = await Silo("--name", "first");
        await Silo();

        // A silo with another store, one with a name that is taken, and a client of another cluster are refused.
        Assert.Contains($"cluster '{_cluster}' keeps its runs in", await Refused("silo", "--cluster", _cluster, "--store", "elsewhere"), StringComparison.Ordinal);
        Assert.Contains("has a silo of that name", await Refused("silo", "--cluster", _cluster, "--name", "first"), StringComparison.Ordinal);
        Assert.Contains("has no live silo", await Refused("run", "start", "--cluster", _cluster + "-no"), StringComparison.Ordinal);

        string[] start = ["run", "start", "--cluster", _cluster, .. Small("run.steps=400"), "--run", "one", "--json"];
        Assert.Equal("running", (string?)Json(await Done(start))["state"]);
        Assert.Contains("run 'one' exists already", await Refused(start), StringComparison.Ordinal);
        Assert.Equal((_cluster, 400), ((string?)Json(await Done("run", "status", "o", "--json"))["cluster"], (int)Json(await Done("run", "status", "o", "--json"))["steps"]!));
        Assert.Equal(["one"], (await Done("run", "list", "--active", "--json")).Select(line => (string)JsonNode.Parse(line)!["run"]!));

        // The first silo is killed by chaos or not; its place is taken, and the run goes on.
        string[] acts = await Done("chaos", "--cluster", _cluster, "--kill-every", "1s", "--for", "3s", "--restart", "--seed", "1", "--json");
        Assert.Contains(acts, act => (string?)JsonNode.Parse(act)!["event"] == "killed");
        Assert.Equal("stopped", (string?)Json(await Done("run", "stop", "one", "--reason", "enough", "--json"))["event"]);
        Assert.Equal("stopped", (string?)Json(await Done("run", "status", "one", "--json"))["state"]);

        // What was learned is there to look at, from the store alone.
        Assert.NotEmpty(await Done("run", "samples", "one", "--best", "1", "--json"));
        Assert.Equal("running", (string?)Json(await Done("run", "resume", "one", "--cluster", _cluster, "--json"))["state"]);

        Assert.Equal(0, (int)Json(await Done("cluster", "stop", "--cluster", _cluster, "--json"))["killed"]!);
        Assert.Equal("lost", (string?)Json(await Done("run", "status", "one", "--json"))["state"]);
        await first.WaitForExitAsync();
        Assert.Contains(first.ExitCode, new[] { 0, 137 });
    }

    [Fact]
    public async Task ATrainWhoseSilosAreAllKilled_SaysHowToGoOn_AndLeavesNothing()
    {
        using Process train = Start(["train", .. Small("run.steps=400"), "--run", "lost", "--silos", "2", "--cluster", _cluster, "--json"]);
        Task<string> error = train.StandardError.ReadToEndAsync();
        bool isKilled = false;
        while (await train.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!isKilled && (string?)JsonNode.Parse(line)!["event"] == "step")
            {
                isKilled = true;
                foreach (var silo in Bgpo.Silo.ProcessTable.Silos(process => process.Option("--cluster") == _cluster))
                    Assert.True(Bgpo.Silo.ProcessTable.Send(silo, Bgpo.Silo.ProcessTable.Kill));
            }
        }

        await train.WaitForExitAsync();
        Assert.Equal(1, train.ExitCode);
        Assert.Equal($"bgpo: every silo of cluster {_cluster} is dead; what the store has is kept. Go on with: bgpo train --resume lost\n", await error);
        Assert.False(Directory.Exists(Bgpo.Silo.ClusterFolder.PathOf(_cluster)));
    }

    [Fact]
    public async Task SilosOfATrainThatIsKilled_EndByThemselves()
    {
        using Process train = Start(["train", .. Small("run.steps=400"), "--run", "orphans", "--silos", "2", "--cluster", _cluster, "--json"]);
        while (await train.StandardOutput.ReadLineAsync() is { } line && (string?)JsonNode.Parse(line)!["event"] != "step")
        {
            // Until it works.
        }

        var silos = Bgpo.Silo.ProcessTable.Silos(process => process.Option("--cluster") == _cluster);
        Assert.Equal(2, silos.Count);
        train.Kill();
        foreach (var silo in silos)
        {
            while (Bgpo.Silo.ProcessTable.Lives(silo.Identity))
                await Task.Yield();
        }

        Assert.Empty(Bgpo.Silo.ClusterFolder.Leftovers(_cluster));
        Bgpo.Silo.ClusterFolder.RemoveDead(_cluster);
    }

    private static string[] Small(string more) =>
    [
        .. new[] { more, "rollout.prompts=4", "rollout.completions=4", "rollout.denoisingSteps=4", "objective.samples=2", "units.samples=8", "units.microbatch=4", "evaluation.count=8", "evaluation.every=0" }
            .SelectMany(set => new[] { "--set", set }),
    ];

    private static JsonNode Json(string[] lines) => JsonNode.Parse(Assert.Single(lines))!;

    private async Task<Process> Silo(params string[] arguments)
    {
        Process silo = Start(["silo", "--cluster", _cluster, .. arguments]);
        _silos.Add(silo);
        Assert.Contains("joined", await silo.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        return silo;
    }

    private async Task<string[]> Done(params string[] arguments)
    {
        (int code, string output, string error) = await Run(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code}: {output}{error}");
        return output.TrimEnd().Split('\n');
    }

    private async Task<string> Refused(params string[] arguments)
    {
        (int code, string output, string error) = await Run(arguments);
        Assert.Equal((2, ""), (code, output));
        return Assert.Single(error.TrimEnd().Split('\n'));
    }

    private async Task<(int Code, string Output, string Error)> Run(string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }

    private Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BGPO_HOME"] = ProjectFolder.Find(), ["BGPO_COMMAND"] = "bgpo", ["BGPO_FAULT"] = "" },
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
