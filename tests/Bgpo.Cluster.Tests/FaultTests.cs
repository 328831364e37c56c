using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Bgpo.Grains;
using Bgpo.Storage;
using Bgpo.Storage.Local;

namespace Bgpo.Client.Tests;

/// <summary>
/// The rows of docs/fault-model.md: real silo processes, one of which dies at the very moment that a row is about. The weights are
/// those of an undisturbed run, and every sample counts once.
/// </summary>
public sealed partial class FaultTests : IAsyncLifetime
{
    private const int Kill = 9;

    private static readonly Lazy<Task<string>> s_undisturbed = new(Undisturbed);

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-fault-").FullName;
    private readonly List<Process> _silos = [];

    private string Cluster => Path.GetFileName(_folder).ToLowerInvariant().Replace('_', '-');

    public ValueTask InitializeAsync()
    {
        WriteSpec(_folder);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process silo in _silos)
        {
            if (!silo.HasExited)
                silo.Kill();
            await silo.WaitForExitAsync();
            silo.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(GrainFaults.RolloutSampled)]
    [InlineData(GrainFaults.UnitComputed)]
    [InlineData(GrainFaults.UnitPartlyContributed)]
    [InlineData(GrainFaults.UnitContributed)]
    public async Task AWorkerKilledAtItsWork_ChangesNothing(string point)
    {
        await Silo();
        Run run = Start();
        Process victim = await Silo($"{point}:kill:3");

        await run.EndsLikeUndisturbed();
        await victim.WaitForExitAsync();
        Assert.Equal(128 + Kill, victim.ExitCode);
    }

    [Theory]
    [InlineData($"{GrainFaults.ShardAdded}:kill:9")]
    [InlineData($"{GrainFaults.ShardBeforeCommit}:kill:4")]
    [InlineData($"{GrainFaults.ShardCommitted}:kill:4")]
    [InlineData($"{GrainFaults.ShardProtected}:kill:4")]
    public async Task ASiloKilledWithItsShard_ChangesNothing(string fault)
    {
        // The only shard goes to the second silo of two, wherever the controller is.
        await Silo();
        Process victim = await Silo(fault);
        Run run = Start();

        await run.EndsLikeUndisturbed();
        await victim.WaitForExitAsync();
        Assert.Equal(128 + Kill, victim.ExitCode);
    }

    [Theory]
    [InlineData($"{GrainFaults.StepBegins}:kill:9")]
    [InlineData($"{GrainFaults.StepBeforeCommit}:kill:9")]
    [InlineData($"{GrainFaults.StepCommitted}:kill:9")]
    [InlineData($"{StorageFaults.JournalBefore}:kill:9")]
    [InlineData($"{StorageFaults.ManifestBefore}:kill:3")]
    public async Task TheControllersSiloKilled_ChangesNothing(string fault)
    {
        // Alone at first, the victim has the controller and the shard.
        Process victim = await Silo(fault);
        Run run = Start();
        await Silo();

        await run.EndsLikeUndisturbed();
        await victim.WaitForExitAsync();
        Assert.Equal(128 + Kill, victim.ExitCode);
    }

    [Fact]
    public async Task LosingTheSiloWithControllerAndShard_RollsNothingBack()
    {
        Process victim = await Silo();
        // No checkpoint but the base model's: without a buddy's copy all would be taken again.
        Run run = Start("--set", "checkpoint.every=1000");
        Process other = await Silo();
        await run.Sees(e => (string?)e["event"] == "progress" && (int)e["devices"]! == 2);
        int joined = run.Version;
        await run.Sees(e => (string?)e["event"] == "step" && (int)e["version"]! >= joined + 3);
        int reached = run.Version;
        Assert.InRange(reached, 3, 35); // else the run is over before anything is shown

        victim.Kill();
        await run.Sees(e => (string?)e["event"] == "started" && (int)e["version"]! > 0);

        // A step whose record had not reached the store yet is taken again; no other is.
        Assert.InRange(run.Version, reached - 1, 40);
        await run.EndsLikeUndisturbed();
        Assert.False(other.HasExited);
    }

    [Fact]
    public async Task LosingAShardWithItsBuddy_GoesBackToTheNewestCheckpoint()
    {
        await Silo();
        Process first = await Silo();
        Process second = await Silo();
        Run run = Start();
        await run.Sees(e => (string?)e["event"] == "step" && (int)e["version"]! >= 9);
        // Wherever controller, shard and copy are: at most one of three is left with any.
        first.Kill();
        second.Kill();
        await run.EndsLikeUndisturbed();
    }

    [Fact]
    public async Task ASiloThatIsToldToLeave_LeavesInPeace_AndTakesNothingAlong()
    {
        Process leaver = await Silo();
        Run run = Start("--set", "checkpoint.every=1000");
        await Silo();
        await run.Sees(e => (string?)e["event"] == "progress" && (int)e["devices"]! == 2);
        int joined = run.Version;
        await run.Sees(e => (string?)e["event"] == "step" && (int)e["version"]! >= joined + 3);
        int reached = run.Version;

        Assert.Equal(0, SendSignal(leaver.Id, 15));
        await leaver.WaitForExitAsync();
        Assert.Equal(0, leaver.ExitCode);
        await run.Sees(e => (string?)e["event"] == "started");
        Assert.InRange(run.Version, reached, 40);
        await run.EndsLikeUndisturbed();
    }

    private Run Start(params string[] more) => new(Client(_folder, [
        "run", "start", "--cluster", Cluster, "--config", "spec.yaml", "--run", "b", "--wait", "--json", .. more]), _folder);

    private async Task<Process> Silo(string fault = "")
    {
        Process silo = Client(_folder, ["silo", "--cluster", Cluster, "--store", "runs"], fault);
        _silos.Add(silo);
        Assert.NotNull(await silo.StandardOutput.ReadLineAsync());
        _ = silo.StandardOutput.ReadToEndAsync();
        _ = silo.StandardError.ReadToEndAsync();
        return silo;
    }

    private static void WriteSpec(string folder) => File.WriteAllText(Path.Combine(folder, "spec.yaml"), $"""
        run: {"{"} seed: 1, steps: 40 {"}"}
        model: {"{"} path: {Path.Combine(ProjectFolder.Find(), "models", "sudoku-base")} {"}"}
        task: {"{"} name: sudoku4x4 {"}"}
        rollout: {"{"} prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 {"}"}
        objective: {"{"} samples: 2 {"}"}
        units: {"{"} samples: 4, microbatch: 4 {"}"}
        optimizer: {"{"} learningRate: 0.0004 {"}"}
        evaluation: {"{"} count: 8, every: 0 {"}"}
        checkpoint: {"{"} every: 7 {"}"}
        """);

    private static async Task<string> Undisturbed()
    {
        string folder = Directory.CreateTempSubdirectory("bgpo-fault-").FullName;
        try
        {
            WriteSpec(folder);
            using Process process = Client(folder, ["train", "--config", "spec.yaml", "--run", "a", "--json", "--threads", "2"]);
            string output = await process.StandardOutput.ReadToEndAsync();
            return (string)JsonNode.Parse(output.TrimEnd().Split('\n')[^1])!["weightsSha256"]!;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Process Client(string folder, string[] arguments, string fault = "")
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BGPO_HOME"] = folder, ["BGPO_COMMAND"] = "bgpo", ["BGPO_FAULT"] = fault },
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    /// <summary>A run that is watched from a process of its own.</summary>
    private sealed class Run(Process watcher, string folder)
    {
        private readonly Task<string> _error = watcher.StandardError.ReadToEndAsync();

        public List<JsonNode> Events { get; } = [];

        /// <summary>Version that the last event tells of.</summary>
        public int Version { get; private set; }

        /// <summary>Reads events up to one.</summary>
        public async Task Sees(Func<JsonNode, bool> wanted)
        {
            while (await Next() is { } e)
            {
                if (wanted(e))
                    return;
            }
            Assert.Fail($"the run ended without it: {await _error}");
        }

        public async Task EndsLikeUndisturbed()
        {
            while (await Next() is not null)
            {
            }
            await watcher.WaitForExitAsync();
            Assert.True(watcher.ExitCode == 0, await _error);
            watcher.Dispose();
            Assert.Equal(("completed", 40), ((string?)Events[^1]["event"], (int)Events[^1]["version"]!));
            Assert.Equal(await s_undisturbed.Value, (string?)Events[^1]["weightsSha256"]);
            LedgerReport ledger = await Ledger.Check(new RunStore(new LocalBlobStore(Path.Combine(folder, "runs")), "b"));
            Assert.Empty(ledger.Faults);
            Assert.Equal(40, ledger.Steps);
        }

        private async Task<JsonNode?> Next()
        {
            if (await watcher.StandardOutput.ReadLineAsync() is not { } line)
                return null;
            JsonNode e = JsonNode.Parse(line)!;
            Events.Add(e);
            if ((string?)e["event"] is "started" or "step" or "completed")
                Version = (int)e["version"]!;
            return e;
        }
    }
}
