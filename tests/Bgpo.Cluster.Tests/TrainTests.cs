using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// The real executable, from the command line to the last line: runs that are let alone, interrupted, killed, resumed.
/// </summary>
public sealed class TrainTests : IDisposable
{
    private static readonly string[] s_new = ["--config", "spec.yaml", "--run", "b"];

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-train-").FullName;
    private readonly UndisturbedRun _undisturbed;
    private readonly Executable _bgpo;

    public TrainTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _undisturbed.CopySpecTo(_folder);
        _bgpo = new Executable(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TwoRunsOfASpec_EndInTheSameWeights()
    {
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(await Train(s_new)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task AnInterruptedRun_SaysHowToGoOn_AndEndsInTheSameWeights(int afterVersion)
    {
        Ended ended = await Train(s_new, Executable.Interrupt, afterVersion);

        Assert.Equal(130, ended.Code);
        Assert.Equal("stopped", (string?)ended.Events[^1]["event"]);
        Assert.InRange((int)ended.Events[^1]["version"]!, afterVersion, UndisturbedRun.Steps - 1);
        Assert.Contains("--resume b", ended.Error, StringComparison.Ordinal);
        Assert.Equal(_undisturbed.Hash, await Resumed("b"));
    }

    [Fact]
    public async Task ARunKilledAgainAndAgain_EndsInTheSameWeights()
    {
        Assert.Equal(128 + Executable.Kill, (await Train(s_new, Executable.Kill, afterVersion: 3)).Code);
        Ended again = await Train(["--resume", "b"], Executable.Kill, afterVersion: 12);
        Assert.Equal(128 + Executable.Kill, again.Code);
        Assert.Equal(0, (int)again.Events.First(e => (string?)e["event"] == "started")["version"]!);

        Assert.Equal(_undisturbed.Hash, await Resumed("b"));
    }

    [Theory]
    [InlineData("checkpoint.moments.before:kill:2")]
    [InlineData("checkpoint.manifest.before:kill:3")]
    [InlineData("checkpoint.manifest.after:kill:2")]
    [InlineData("run.update.before:kill:3")]
    [InlineData("journal.before:kill:9")]
    public async Task ARunKilledWhileItWrites_EndsInTheSameWeights(string fault)
    {
        Assert.Equal(128 + Executable.Kill, (await Train(s_new, fault: fault)).Code);
        Assert.Equal(_undisturbed.Hash, await Resumed("b"));
    }

    [Fact]
    public async Task ARunOfSeveralUpdatesABatch_Killed_EndsInTheSameWeights()
    {
        string[] several = ["--config", "spec.yaml", "--set", "objective.minibatches=2", "--set", "objective.epochs=2"];
        string undisturbed = UndisturbedRun.HashOf(await Train([.. several, "--run", "a"]));

        // First it goes on at a batch's first step, whose journal is there, then in the middle of a batch.
        Assert.Equal(128 + Executable.Kill, (await Train([.. several, "--run", "b"], Executable.Kill, afterVersion: 5)).Code);
        Assert.Equal(128 + Executable.Kill, (await Train(["--resume", "b"], Executable.Kill, afterVersion: 17)).Code);
        Assert.Equal(undisturbed, await Resumed("b"));
    }

    [Fact]
    public async Task ThreeSilos_OfWhichOneIsKilledAgainAndAgain_EndInTheSameWeights()
    {
        string cluster = Path.GetFileName(_folder).ToLowerInvariant();
        List<Task<Process?>> joined = [];

        Ended ended = await Train(
            [.. s_new, "--silos", "3", "--cluster", cluster],
            each: (process, e) =>
            {
                // The silos are this process's children; one is killed every third step, whatever grains it holds, once its
                // predecessor is replaced.
                if ((string?)e["event"] == "step" && (int)e["version"]! >= 3 * (joined.Count + 1) && joined.Count < 3
                    && joined.All(silo => silo.IsCompleted))
                {
                    int[] silos = Executable.Children(process.Id);
                    using var victim = Process.GetProcessById(silos[joined.Count % silos.Length]);
                    Executable.Send(victim, Executable.Kill);
                    joined.Add(Replacement(cluster));
                }
            });

        foreach (Task<Process?> silo in joined)
        {
            if (await silo is { } process)
            {
                await Executable.End(process);
            }
        }

        Assert.True(ended.Code == 0, ended.Error);
        Assert.InRange(joined.Count, 1, 3); // on a busy machine the run ends before all are replaced
        Assert.Equal(_undisturbed.Hash, (string?)ended.Events[^1]["weightsSha256"]);
    }

    /// <summary>A silo once it has joined; null where the run, and with it the cluster, had ended before.</summary>
    private async Task<Process?> Replacement(string cluster)
    {
        Process silo = _bgpo.Start(["silo", "--cluster", cluster]);
        if (await silo.StandardOutput.ReadLineAsync() is not null)
        {
            return silo;
        }

        await Executable.End(silo);
        return null;
    }

    [Fact]
    public async Task ACompletedRunWhoseLastCheckpointIsDamaged_IsTrainedToItsEndAgain()
    {
        _undisturbed.CopyRunTo(_folder);
        string manifest = Path.Combine(_folder, "runs", "a", "checkpoints", $"{UndisturbedRun.Steps:00000000}.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest)[..100]);

        Ended ended = await Train(["--resume", "a"]);

        Assert.Equal(0, ended.Code);
        Assert.Equal(20, (int)ended.Events.First(e => (string?)e["event"] == "started")["version"]!);
        Assert.Equal(_undisturbed.Hash, (string?)ended.Events[^1]["weightsSha256"]);
    }

    [Fact]
    public async Task ACompletedRun_ResumedAgain_OnlySaysWhatItCameTo_AndIsAModelForEvalAndGenerate()
    {
        _undisturbed.CopyRunTo(_folder);
        Assert.Equal(_undisturbed.Hash, await Resumed("a"));

        Ended eval = await _bgpo.Run(["eval", "--model", "runs/a", "--task", "sudoku4x4", "--count", "8", "--json"]);
        Assert.Equal((0, ""), (eval.Code, eval.Error));
        Assert.Equal(8, (int)eval.Json["count"]!);
        Ended generate = await _bgpo.Run(["generate", "--model", "runs/a", "3102200002100320"]);
        Assert.Equal((0, ""), (generate.Code, generate.Error));
    }

    [Fact]
    public async Task APromptThatLeavesNoRoom_IsOneLine_AndExitCode2()
    {
        string config = Path.Combine(_folder, "base", "config.json");
        File.WriteAllText(config,
            File.ReadAllText(config)
                .Replace("\"max_sequence_length\": 256", "\"max_sequence_length\": 32", StringComparison.Ordinal));
        await IsRefused("max_sequence_length 32", s_new);
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs")));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public async Task AModelFolderThatIsNotWhole_IsOneLine_AndExitCode2(string missing)
    {
        File.Delete(Path.Combine(_folder, "base", missing));
        await IsRefused(missing, s_new);
    }

    [Fact]
    public async Task AStoreThatIsAFile_IsOneLine_AndExitCode2() =>
        await IsRefused("spec.yaml", [.. s_new, "--store", "spec.yaml"]);

    private async Task IsRefused(string why, string[] arguments)
    {
        Ended ended = await Train(arguments);
        Assert.Equal(2, ended.Code);
        Assert.Contains(why, ended.Error, StringComparison.Ordinal);
        Assert.Single(ended.Error.TrimEnd().Split('\n'));
    }

    private async Task<string> Resumed(string run) => UndisturbedRun.HashOf(await Train(["--resume", run]));

    /// <summary>Runs <c>train --json</c>; sends a signal once a version is committed.</summary>
    private Task<Ended> Train(
        string[] arguments, int? signal = null, int afterVersion = 0, string fault = "", Action<Process, JsonNode>? each = null)
    {
        bool sent = false;
        string[] threads = arguments.Contains("--silos") ? [] : ["--threads", "2"];
        return _bgpo.Run(["train", .. arguments, "--json", .. threads], fault, (process, line) =>
        {
            JsonNode e = JsonNode.Parse(line)!;
            each?.Invoke(process, e);
            if (!sent && signal is { } number && (string?)e["event"] is "started" or "step" && (int)e["version"]! >= afterVersion)
            {
                sent = true;
                Executable.Send(process, number);
            }
        });
    }
}
