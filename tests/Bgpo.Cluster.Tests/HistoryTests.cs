using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Cluster.Tests;

/// <summary>
/// What can be made of a stored run through the real executable: forks, going back, other numbers of silos, taking over.
/// </summary>
public sealed class HistoryTests : IDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-history-").FullName;
    private readonly UndisturbedRun _undisturbed;
    private readonly Executable _bgpo;

    public HistoryTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _undisturbed.CopySpecTo(_folder);
        _bgpo = new Executable(_folder);
    }

    private string Cluster => Path.GetFileName(_folder).ToLowerInvariant();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AStoredRun_IsForked_AndGoneBackWith_ToTheSameBits()
    {
        _undisturbed.CopyRunTo(_folder);

        // A fork without changes ends in its source's weights; one with another learning rate does not.
        Ended fork = await Train("--fork", "a@10", "--run", "f", "--mirror", "logs");
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(fork));
        Assert.Equal(10, (int)fork.Events.First(e => (string?)e["event"] == "started")["version"]!);
        LedgerReport ledger = await Ledger.Check(Run("f"));
        Assert.Empty(ledger.Faults);
        Assert.Equal(UndisturbedRun.Steps, ledger.Steps);
        Assert.Equal([10, 15, 20, UndisturbedRun.Steps], await Run("f").ListCheckpointsAsync());
        Assert.Equal(
            Enumerable.Range(11, UndisturbedRun.Steps - 10),
            File.ReadAllLines(Path.Combine(_folder, "logs", "f", "metrics.jsonl"))
                .Select(line => (int)JsonNode.Parse(line)!["version"]!));
        Ended other = await Train("--fork", "a@10", "--run", "g", "--set", "optimizer.learningRate=0.0002");
        Assert.NotEqual(_undisturbed.Hash, UndisturbedRun.HashOf(other));

        // Killed while it drops what came later, and resumed, a run that goes back still ends in the same weights.
        Ended killed = await _bgpo.Run(
            ["train", "--resume", "a", "--at", "10", "--json", "--threads", "2"], $"{StorageFaults.GoBackDelete}:kill:2");
        Assert.Equal(128 + Executable.Kill, killed.Code);
        Assert.Equal([0, 5, 10, 15, 20], await Run("a").ListCheckpointsAsync());
        Ended back = await Train("--resume", "a");
        Assert.Equal(10, (int)back.Events.First(e => (string?)e["event"] == "started")["version"]!);
        Assert.Contains("later checkpoints (15, 20) are dropped",
            (string)back.Events.First(e => (string?)e["event"] == "notice")["message"]!, StringComparison.Ordinal);
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(back));

        // The rest of what is refused is in the tests of the grain and of the console.
        Assert.Contains("no checkpoint of version 11", await Refused("--resume", "a", "--at", "11"), StringComparison.Ordinal);
        Assert.Contains("field run.steps: value '24'", await Refused("--fork", "a", "--run", "h"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunThatALiveProcessDrives_IsLeftAlone_UntilItIsTakenOver_AndThatOneStops()
    {
        using Process hung = _bgpo.Start(["train", "--config", "spec.yaml", "--run", "b", "--json", "--threads", "2"]);
        Task<string> error = hung.StandardError.ReadToEndAsync();
        while (await hung.StandardOutput.ReadLineAsync() is { } line && (string?)JsonNode.Parse(line)!["event"] != "step")
        {
            // Until it works.
        }

        Executable.Send(hung, Stop);
        Assert.Contains($"run 'b' is driven by process {hung.Id}, which lives on this machine", await Refused("--resume", "b"),
            StringComparison.Ordinal);
        Ended taken = await Train("--resume", "b", "--take-over");
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(taken));
        Executable.Send(hung, Continue);
        await hung.StandardOutput.ReadToEndAsync();
        await hung.WaitForExitAsync();

        Assert.Equal(1, hung.ExitCode);
        Assert.Contains("was resumed by another process (epoch 1 is over)", await error, StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, (await Run("b").ReadAsync())!.Record.State);
        Assert.Equal(UndisturbedRun.Steps, (await Run("b").LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
    }

    [Fact]
    public async Task ACheckpointOfThreeSilos_IsGoneOnWithByOneAndByFive_ToTheSameBits()
    {
        bool isSent = false;
        Ended three = await _bgpo.Run(
            ["train", "--config", "spec.yaml", "--run", "b", "--silos", "3", "--cluster", Cluster, "--json"],
            each: (process, line) =>
            {
                JsonNode e = JsonNode.Parse(line)!;
                if (!isSent && (string?)e["event"] == "step" && (int)e["version"]! >= 7)
                {
                    isSent = true;
                    Executable.Send(process, Executable.Interrupt);
                }
            });
        Assert.Equal(130, three.Code);
        int stopped = (int)three.Events[^1]["version"]!;
        Assert.InRange(stopped, 7, UndisturbedRun.Steps - 1);
        UndisturbedRun.Copy(Path.Combine(_folder, "runs"), Path.Combine(_folder, "others"));

        Ended one = await Train("--resume", "b");
        Ended five = await _bgpo.Run(
            ["train", "--resume", "b", "--store", "others", "--silos", "5", "--cluster", Cluster + "5", "--json"]);

        Assert.Equal(stopped, (int)one.Events.First(e => (string?)e["event"] == "started")["version"]!);
        Assert.Equal(stopped, (int)five.Events.First(e => (string?)e["event"] == "started")["version"]!);
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(one));
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(five));
    }

    private RunStore Run(string run) => new(new LocalBlobStore(Path.Combine(_folder, "runs")), run);

    private Task<Ended> Train(params string[] arguments) => _bgpo.Run(["train", .. arguments, "--json", "--threads", "2"]);

    private async Task<string> Refused(params string[] arguments)
    {
        Ended ended = await Train(arguments);
        Assert.Equal(2, ended.Code);
        Assert.Empty(ended.Lines);
        return Assert.Single(ended.Error.TrimEnd().Split('\n'));
    }
}
