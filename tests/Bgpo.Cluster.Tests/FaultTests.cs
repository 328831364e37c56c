using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// The rows of docs/fault-model.md: real silo processes, one of which dies at the very moment that a row is about. The weights
/// are those of an undisturbed run, and every sample counts once.
/// </summary>
public sealed class FaultTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-fault-").FullName;
    private readonly List<Process> _silos = [];
    private readonly UndisturbedRun _undisturbed;
    private readonly Executable _bgpo;

    public FaultTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _undisturbed.CopySpecTo(_folder);
        _bgpo = new Executable(_folder);
    }

    private string Cluster => Path.GetFileName(_folder).ToLowerInvariant();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (Process silo in _silos)
        {
            await Executable.End(silo);
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
        Process victim = await Silo($"{point}:kill:3", "--role", "work");

        await run.EndsLikeUndisturbed();
        await victim.WaitForExitAsync();
        Assert.Equal(128 + Executable.Kill, victim.ExitCode);
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
        Assert.Equal(128 + Executable.Kill, victim.ExitCode);
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
        Assert.Equal(128 + Executable.Kill, victim.ExitCode);
    }

    [Fact]
    public async Task LosingTheSiloWithControllerAndShard_RollsNothingBack()
    {
        (Process victim, Process other, Run run) = await JoinedLater($"{GrainFaults.StepBegins}:kill:14");
        await victim.WaitForExitAsync();
        Assert.Equal(128 + Executable.Kill, victim.ExitCode);
        await run.Sees(e => (string?)e["event"] == "started" && (int)e["version"]! > 0);

        // A step whose record had not reached the store yet is taken again; no other is.
        Assert.InRange(run.Version, 12, UndisturbedRun.Steps);
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
        (Process leaver, Process other, Run run) = await JoinedLater($"{GrainFaults.StepBegins}:terminate:14");
        await leaver.WaitForExitAsync();
        Assert.Equal(0, leaver.ExitCode);
        await run.Sees(e => (string?)e["event"] == "started" && (int)e["version"]! > 0);
        Assert.InRange(run.Version, 13, UndisturbedRun.Steps);
        await run.EndsLikeUndisturbed();
        Assert.False(other.HasExited);
    }

    private Run Start(params string[] more) => new(
        _bgpo.Start(["run", "start", "--cluster", Cluster, "--config", "spec.yaml", "--run", "b", "--wait", "--json", .. more]),
        _folder, _undisturbed.Hash);

    /// <summary>
    /// A run that writes no checkpoint of its own accord, begun on a silo that so has its controller and its shard; it is held
    /// until a second silo, which gets copies, is there.
    /// </summary>
    private async Task<(Process First, Process Second, Run Run)> JoinedLater(string fault)
    {
        Process first = await Silo(fault);
        Run run = Start("--set", "checkpoint.every=1000");
        await run.Sees(e => (string?)e["event"] == "started");
        // By the store itself: a console would take a dozen steps' time to start.
        var store = new RunStore(new LocalBlobStore(Path.Combine(_folder, "runs")), "b");
        await store.AskAsync(RequestKind.Pause, "", []);
        Process second = await Silo();
        await run.Sees(e => (string?)e["event"] == "silos" && (int)e["silos"]! == 2);
        await store.AskAsync(RequestKind.Resume, "", []);
        Assert.InRange(run.Version, 0, 10); // before the fault
        return (first, second, run);
    }

    private async Task<Process> Silo(string fault = "", params string[] more)
    {
        Process silo = await _bgpo.Silo(Cluster, ["--store", "runs", .. more], fault);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>A run that is watched from a process of its own.</summary>
    private sealed class Run(Process watcher, string folder, string undisturbed)
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
                {
                    return;
                }
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
            Assert.Equal(("completed", UndisturbedRun.Steps), ((string?)Events[^1]["event"], (int)Events[^1]["version"]!));
            Assert.Equal(undisturbed, (string?)Events[^1]["weightsSha256"]);
            LedgerReport ledger = await Ledger.Check(new RunStore(new LocalBlobStore(Path.Combine(folder, "runs")), "b"));
            Assert.Empty(ledger.Faults);
            Assert.Equal(UndisturbedRun.Steps, ledger.Steps);
        }

        private async Task<JsonNode?> Next()
        {
            if (await watcher.StandardOutput.ReadLineAsync() is not { } line)
            {
                return null;
            }

            JsonNode e = JsonNode.Parse(line)!;
            Events.Add(e);
            if ((string?)e["event"] is "started" or "step" or "completed")
            {
                Version = (int)e["version"]!;
            }

            return e;
        }
    }
}
