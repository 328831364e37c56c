using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Machines;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// The real executable against a live cluster of processes: what a person does with it, one command after the other.
/// </summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-cluster-").FullName;
    private readonly string _cluster = $"t{Guid.NewGuid():N}"[..12];
    private readonly List<Process> _silos = [];
    private readonly Executable _bgpo;

    public ClusterTests() => _bgpo = new Executable(_folder);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (Process silo in _silos)
        {
            await Executable.End(silo);
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AClusterIsFounded_TakesRuns_MeetsFaults_AndIsEnded()
    {
        Process first = await Silo("--name", "first");
        await Silo();

        // A silo with another store, one with a name that is taken, and a client of another cluster are refused.
        Assert.Contains($"cluster '{_cluster}' keeps its runs in",
            await Refused("silo", "--cluster", _cluster, "--store", "elsewhere"), StringComparison.Ordinal);
        Assert.Contains("has a silo of that name", await Refused("silo", "--cluster", _cluster, "--name", "first"),
            StringComparison.Ordinal);
        Assert.Contains("has no live silo", await Refused("run", "start", "--cluster", _cluster + "-no"),
            StringComparison.Ordinal);

        string[] start = ["run", "start", "--cluster", _cluster, .. SteeredCluster.Small("run.steps=400"), "--run", "one", "--json"];
        Assert.Equal("running", (string?)(await Done(start)).Json["state"]);
        Assert.Contains("run 'one' exists already", await Refused(start), StringComparison.Ordinal);
        JsonNode status = (await Done("run", "status", "o", "--json")).Json;
        Assert.Equal((_cluster, 400), ((string?)status["cluster"], (int)status["steps"]!));
        Assert.Equal(["one"], (await Done("run", "list", "--active", "--json")).Events.Select(e => (string)e["run"]!));

        // The first silo is killed by chaos or not; its place is taken, and the run goes on.
        Ended acts = await Done(
            "chaos", "--cluster", _cluster, "--kill-every", "1s", "--for", "3s", "--restart", "--seed", "1", "--json");
        Assert.Contains(acts.Events, act => (string?)act["event"] == "killed");
        Assert.Equal("stopped", (string?)(await Done("run", "stop", "one", "--reason", "enough", "--json")).Json["event"]);
        Assert.Equal("stopped", (string?)(await Done("run", "status", "one", "--json")).Json["state"]);

        // What was learned is there to look at, from the store alone.
        Assert.NotEmpty((await Done("run", "samples", "one", "--best", "1", "--json")).Lines);
        Assert.NotEmpty((await Done("run", "compare", "one", "one", "--json")).Lines);
        await Done("run", "plot", "one", "--out", "curves.svg");
        Assert.StartsWith("<svg", await File.ReadAllTextAsync(Path.Combine(_folder, "curves.svg")), StringComparison.Ordinal);
        Assert.Contains("no run 'two'", await Refused("run", "plot", "two"), StringComparison.Ordinal);
        Assert.Contains("no run 'two'", await Refused("run", "compare", "one", "two"), StringComparison.Ordinal);
        Assert.Contains((await _bgpo.Run(["doctor"])).Lines, line => line.Contains("libtorch", StringComparison.Ordinal));
        Assert.NotEmpty((await Done("completion", "bash")).Lines);
        Assert.Contains("one of bash, zsh, fish", await Refused("completion", "tcsh"), StringComparison.Ordinal);
        Assert.Equal("running", (string?)(await Done("run", "resume", "one", "--cluster", _cluster, "--json")).Json["state"]);

        Assert.Equal(0, (int)(await Done("cluster", "stop", "--cluster", _cluster, "--json")).Json["killed"]!);
        Assert.Equal("lost", (string?)(await Done("run", "status", "one", "--json")).Json["state"]);
        await first.WaitForExitAsync();
        Assert.Contains(first.ExitCode, new[] { 0, 137 });
    }

    [Fact]
    public async Task ATrainWhoseSilosAreAllKilled_SaysHowToGoOn_AndLeavesNothing()
    {
        using Process train =
            _bgpo.Start(["train", .. SteeredCluster.Small("run.steps=400"), "--run", "lost", "--silos", "2", "--cluster", _cluster, "--json"]);
        Task<string> error = train.StandardError.ReadToEndAsync();
        bool isKilled = false;
        while (await train.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!isKilled && (string?)JsonNode.Parse(line)!["event"] == "step")
            {
                isKilled = true;
                foreach (var silo in ProcessTable.Silos(process => process.Option("--cluster") == _cluster))
                {
                    Assert.True(ProcessTable.Send(silo, ProcessTable.Kill));
                }
            }
        }

        await train.WaitForExitAsync();
        Assert.Equal(1, train.ExitCode);
        Assert.Equal(
            "bgpo: no silo of the cluster is left; waiting 10 s for one to join\n"
                + $"bgpo: every silo of cluster {_cluster} is dead; what the store has is kept. Go on with: bgpo train " +
                    "--resume lost\n",
            await error);
        Assert.False(Directory.Exists(ClusterFolder.PathOf(_cluster)));
    }

    [Fact]
    public async Task SilosOfATrainThatIsKilled_EndByThemselves()
    {
        using Process train =
            _bgpo.Start(["train", .. SteeredCluster.Small("run.steps=400"), "--run", "orphans", "--silos", "2", "--cluster", _cluster,
                "--json"]);
        while (await train.StandardOutput.ReadLineAsync() is { } line && (string?)JsonNode.Parse(line)!["event"] != "step")
        {
            // Until it works.
        }

        var silos = ProcessTable.Silos(process => process.Option("--cluster") == _cluster);
        Assert.Equal(2, silos.Count);
        Process[] processes = [.. silos.Select(silo => Process.GetProcessById(silo.Id))];
        train.Kill();
        await Task.WhenAll(processes.Select(process => process.WaitForExitAsync()));

        Assert.Empty(ClusterFolder.Leftovers(_cluster));
        ClusterFolder.RemoveDead(_cluster);
    }

    [Fact]
    public async Task ASiloThatIsToldToEnd_WhileItJoins_LeavesNothing()
    {
        string folder = ClusterFolder.PathOf(_cluster);
        using var parent = new FileSystemWatcher(Path.GetDirectoryName(folder)!);
        var founded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parent.Created += (_, e) => _ = e.Name == _cluster && founded.TrySetResult();
        parent.EnableRaisingEvents = true;
        using Process silo = _bgpo.Start(["silo", "--cluster", _cluster, "--store", "runs"]);
        await founded.Task;
        Executable.Send(silo, Executable.Terminate);
        await silo.WaitForExitAsync();
        Assert.Empty(ClusterFolder.Leftovers(_cluster));
        ClusterFolder.RemoveDead(_cluster);
    }

    private async Task<Process> Silo(params string[] arguments)
    {
        Process silo = await _bgpo.Silo(_cluster, arguments);
        _silos.Add(silo);
        return silo;
    }

    private async Task<Ended> Done(params string[] arguments)
    {
        Ended ended = await _bgpo.Run(arguments);
        Assert.True(ended.Code == 0,
            $"{string.Join(' ', arguments)}: {ended.Code}: {string.Join('\n', ended.Lines)}{ended.Error}");
        return ended;
    }

    private async Task<string> Refused(params string[] arguments)
    {
        Ended ended = await _bgpo.Run(arguments);
        Assert.Equal(2, ended.Code);
        Assert.Empty(ended.Lines);
        return Assert.Single(ended.Error.TrimEnd().Split('\n'));
    }
}
