using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Bgpo.Client.Tests;

/// <summary>The real executable, from the command line to the last line: runs that are let alone, interrupted, killed, resumed.</summary>
public sealed partial class RealRunTests : IDisposable
{
    private const int Interrupt = 2;
    private const int Kill = 9;

    /// <summary>What an undisturbed run of the spec ends in: found once for all tests.</summary>
    private static readonly Lazy<Task<string>> s_undisturbed = new(async () =>
    {
        using var other = new RealRunTests();
        return await other.Undisturbed("a");
    });

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-real-").FullName;

    public RealRunTests()
    {
        // The project's own base model: an untrained one earns no rewards, and a run of it would teach nothing.
        string model = Directory.CreateDirectory(Path.Combine(_folder, "base")).FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(ProjectFolder.Find(), "models", "sudoku-base")))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }
        File.WriteAllText(Path.Combine(_folder, "spec.yaml"), """
            run: { seed: 1, steps: 40 }
            model: { path: base }
            task: { name: sudoku4x4 }
            rollout: { prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 }
            objective: { samples: 2 }
            units: { samples: 8, microbatch: 4 }
            optimizer: { learningRate: 0.0004 }
            evaluation: { count: 8, every: 0 }
            checkpoint: { every: 7 }
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TwoRunsOfASpec_EndInTheSameWeights()
    {
        Assert.Equal(await Undisturbed("a"), await Undisturbed("b"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task AnInterruptedRun_SaysHowToGoOn_AndEndsInTheSameWeights(int afterVersion)
    {
        string undisturbed = await s_undisturbed.Value;

        (int code, List<JsonNode> events, string error) = await Train(["--config", "spec.yaml", "--run", "b"], Interrupt, afterVersion);

        Assert.Equal(130, code);
        Assert.Equal("stopped", (string?)events[^1]["event"]);
        Assert.InRange((int)events[^1]["version"]!, afterVersion, 39);
        Assert.Contains("--resume b", error, StringComparison.Ordinal);
        Assert.Equal(undisturbed, await Resumed("b"));
    }

    [Fact]
    public async Task ARunKilledAgainAndAgain_EndsInTheSameWeights()
    {
        string undisturbed = await s_undisturbed.Value;

        (int code, _, _) = await Train(["--config", "spec.yaml", "--run", "b"], Kill, afterVersion: 4);
        Assert.Equal(128 + Kill, code);
        (code, List<JsonNode> again, _) = await Train(["--resume", "b"], Kill, afterVersion: 16);
        Assert.Equal(128 + Kill, code);
        Assert.Equal(0, (int)again.First(e => (string?)e["event"] == "started")["version"]!);

        Assert.Equal(undisturbed, await Resumed("b"));
    }

    [Theory]
    [InlineData("checkpoint.moments.before:kill:2")]
    [InlineData("checkpoint.manifest.before:kill:3")]
    [InlineData("checkpoint.manifest.after:kill:2")]
    [InlineData("run.update.before:kill:3")]
    [InlineData("journal.before:kill:9")]
    public async Task ARunKilledWhileItWrites_EndsInTheSameWeights(string fault)
    {
        string undisturbed = await s_undisturbed.Value;

        (int code, _, _) = await Train(["--config", "spec.yaml", "--run", "b"], fault: fault);

        Assert.Equal(128 + Kill, code);
        Assert.Equal(undisturbed, await Resumed("b"));
    }

    [Theory]
    [InlineData(5)] // goes on at a batch's first step, whose journal is there
    [InlineData(17)] // goes on in the middle of a batch
    public async Task ARunOfSeveralUpdatesABatch_Killed_EndsInTheSameWeights(int afterVersion)
    {
        string[] several = ["--config", "spec.yaml", "--set", "objective.minibatches=2", "--set", "objective.epochs=2"];
        string undisturbed = Hash(await Train([.. several, "--run", "a"]));

        (int code, _, _) = await Train([.. several, "--run", "b"], Kill, afterVersion);

        Assert.Equal(128 + Kill, code);
        Assert.Equal(undisturbed, await Resumed("b"));
    }

    [Fact]
    public async Task ThreeSilos_OfWhichOneIsKilledAgainAndAgain_EndInTheSameWeights()
    {
        string undisturbed = await s_undisturbed.Value;
        int kills = 0;
        List<Process> joined = [];

        (int code, List<JsonNode> events, string error) = await Train(
            ["--config", "spec.yaml", "--run", "b", "--silos", "3", "--cluster", Path.GetFileName(_folder).ToLowerInvariant().Replace('_', '-')],
            each: (process, e) =>
            {
                // The silos are this process's children; one is killed every fifth step, whatever grains it holds.
                if ((string?)e["event"] == "step" && (int)e["version"]! == 5 * (kills + 1) && kills < 3)
                {
                    int[] silos = Children(process.Id);
                    Assert.Equal(0, SendSignal(silos[kills % silos.Length], Kill));
                    joined.Add(Join(Path.GetFileName(_folder).ToLowerInvariant().Replace('_', '-')));
                    kills++;
                }
            });

        foreach (Process silo in joined)
        {
            silo.Kill();
            await silo.WaitForExitAsync();
            silo.Dispose();
        }
        Assert.True(code == 0, error);
        Assert.Equal(3, kills);
        Assert.Equal(undisturbed, (string?)events[^1]["weightsSha256"]);
    }

    [Fact]
    public async Task ACompletedRunWhoseLastCheckpointIsDamaged_IsTrainedToItsEndAgain()
    {
        string undisturbed = await Undisturbed("a");
        string manifest = Path.Combine(_folder, "runs", "a", "checkpoints", "00000040.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest)[..100]);

        (int code, List<JsonNode> events, _) = await Train(["--resume", "a"]);

        Assert.Equal(0, code);
        Assert.Equal(35, (int)events.First(e => (string?)e["event"] == "started")["version"]!);
        Assert.Equal(undisturbed, (string?)events[^1]["weightsSha256"]);
    }

    [Fact]
    public async Task GradientMemory_DoesNotGrowWithTheNumberOfSamples()
    {
        (int code, string output, string error) = await Run(["bench", "memory", "--samples", "1,64", "--json"]);
        Assert.Equal((0, ""), (code, error));
        JsonNode result = JsonNode.Parse(output)!;
        Assert.InRange((double)result["ratio"]!, 0.5, 1.03);
    }

    [Fact]
    public async Task ContributionsGetFromOneProcessIntoTheAccumulatorsOfAnother_AndNothingIsLeftBehind()
    {
        (int code, string output, string error) = await Run(["bench", "wire", "--mib", "8", "--json"]);
        Assert.Equal((0, ""), (code, error));
        JsonNode result = JsonNode.Parse(output)!;
        Assert.Equal(8, (int)result["miB"]!);
        foreach (string speed in new[] { "accumulatorsGBs", "sinkGBs", "socketGBs", "exactSumGBs", "pingMedianMicroseconds", "pingP99Microseconds" })
        {
            Assert.True((double)result[speed]! > 0, speed);
        }
    }

    [Fact]
    public async Task SimulatedSilos_ComputeEveryUnitOnce_AndAllHaveWork()
    {
        (int code, string output, string error) = await Run(["bench", "scaling", "--only", "simulated", "--silos", "4", "--work", "20", "--json"]);
        Assert.Equal((0, ""), (code, error));
        JsonNode row = JsonNode.Parse(output)!["simulated"]!.AsArray().Single()!;
        // Three steps of eight groups of four units, but for groups whose rewards are all the same.
        Assert.InRange((int)row["units"]!, 3 * 7 * 4, 3 * 8 * 4);
        Assert.Equal((int)row["units"]!, (int)row["computed"]!);
        Assert.Equal((int)row["units"]!, (int)row["distinctComputed"]!);
        Assert.Equal(4, (int)row["busySilos"]!);
        // Every unit is asked for, brought to its shard, and answered twice.
        Assert.True((double)row["messagesPerStep"]! >= 4.0 / 3 * (int)row["units"]!);
    }

    [Fact]
    public async Task APromptThatLeavesNoRoom_IsOneLine_AndExitCode2()
    {
        string config = Path.Combine(_folder, "base", "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"max_sequence_length\": 256", "\"max_sequence_length\": 32", StringComparison.Ordinal));
        (int code, _, string error) = await Train(["--config", "spec.yaml", "--run", "a"]);
        Assert.Equal(2, code);
        Assert.Contains("max_sequence_length 32", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs")));
    }

    [Fact]
    public async Task ACompletedRun_ResumedAgain_OnlySaysWhatItCameTo()
    {
        string undisturbed = await Undisturbed("a");
        Assert.Equal(undisturbed, await Resumed("a"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public async Task AModelFolderThatIsNotWhole_IsOneLine_AndExitCode2(string missing)
    {
        File.Delete(Path.Combine(_folder, "base", missing));
        (int code, _, string error) = await Train(["--config", "spec.yaml", "--run", "a"]);
        Assert.Equal(2, code);
        Assert.Contains(missing, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task AStoreThatIsAFile_IsOneLine_AndExitCode2()
    {
        (int code, _, string error) = await Train(["--config", "spec.yaml", "--run", "a", "--store", "spec.yaml"]);
        Assert.Equal(2, code);
        Assert.Contains("spec.yaml", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task EvalAndGenerate_TakeARunsFolder()
    {
        await Undisturbed("a");
        (int code, string output, string error) = await Run(["eval", "--model", "runs/a", "--task", "sudoku4x4", "--count", "8", "--json"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(8, (int)JsonNode.Parse(output)!["count"]!);
        (code, _, error) = await Run(["generate", "--model", "runs/a", "3102200002100320"]);
        Assert.Equal((0, ""), (code, error));
    }

    private async Task<string> Undisturbed(string run) => Hash(await Train(["--config", "spec.yaml", "--run", run]));

    private async Task<string> Resumed(string run) => Hash(await Train(["--resume", run]));

    private static string Hash((int Code, List<JsonNode> Events, string Error) ended)
    {
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        JsonNode last = ended.Events[^1];
        Assert.Equal(("completed", 40), ((string?)last["event"], (int)last["version"]!));
        return (string)last["weightsSha256"]!;
    }

    /// <summary>Runs <c>train --json</c>; sends a signal once a version is committed.</summary>
    private async Task<(int Code, List<JsonNode> Events, string Error)> Train(string[] arguments, int? signal = null, int afterVersion = 0, string fault = "",
        Action<Process, JsonNode>? each = null)
    {
        List<JsonNode> events = [];
        bool sent = false;
        (int code, string error) = await Start(["train", .. arguments, "--json", .. arguments.Contains("--silos") ? Array.Empty<string>() : ["--threads", "2"]], (process, line) =>
        {
            JsonNode e = JsonNode.Parse(line)!;
            events.Add(e);
            each?.Invoke(process, e);
            bool reached = (string?)e["event"] is "started" or "step" && (int)e["version"]! >= afterVersion;
            if (!sent && signal is { } number && reached)
            {
                sent = true;
                Assert.Equal(0, SendSignal(process.Id, number));
            }
        }, fault);
        return (code, events, error);
    }

    private async Task<(int Code, string Output, string Error)> Run(string[] arguments)
    {
        List<string> lines = [];
        (int code, string error) = await Start(arguments, (_, line) => lines.Add(line));
        return (code, string.Join('\n', lines), error);
    }

    private static int[] Children(int process) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Select(name => int.TryParse(name, out int id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == process).Order()];

    private static int ParentOf(int process)
    {
        try
        {
            // After the command's name, which may hold anything but ends with the last parenthesis: state, then the parent.
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }

    private Process Join(string cluster)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = _folder, RedirectStandardOutput = true };
        foreach (string argument in new[] { Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"), "silo", "--cluster", cluster })
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    private async Task<(int Code, string Error)> Start(string[] arguments, Action<Process, string> read, string fault = "")
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BGPO_HOME"] = _folder, ["BGPO_COMMAND"] = "bgpo", ["BGPO_FAULT"] = fault },
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            read(process, line);
        }
        await process.WaitForExitAsync();
        return (process.ExitCode, await error);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
