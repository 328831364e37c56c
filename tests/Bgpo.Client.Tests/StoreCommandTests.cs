using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary>
/// The commands about what a store holds: runs, checkpoints, export, journal; and the options of train that name a version.
/// </summary>
public sealed class StoreCommandTests : IDisposable
{
    private static readonly ModelFolder s_base = ModelFolder.Load(Path.Combine(ProjectFolder.Find(), "models", "sudoku-base"));

    private readonly FakeConsole _console = new();

    private string Store => Path.Combine(_console.Work, "runs");

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Runs_ListsStateVersionRewardAndSize_OfGoodAndBadRuns()
    {
        await Run("mine", RunState.Completed, [0, 2, 4], metrics: 4);
        await Run("forked", RunState.Stopped, [4], forkedFrom: "mine@4");
        Directory.CreateDirectory(Path.Combine(Store, "torn"));
        File.WriteAllText(Path.Combine(Store, "torn", "run.json"), "{}");

        JsonNode[] runs = await Json("runs");
        Assert.Equal(["forked", "mine", "torn"], runs.Select(run => (string)run["run"]!));
        Assert.Equal(("stopped", 4, 1, "mine@4"),
            ((string)runs[0]["state"]!, (int)runs[0]["version"]!, (int)runs[0]["checkpoints"]!, (string)runs[0]["forkedFrom"]!));
        Assert.Equal(("completed", 4, 3), ((string)runs[1]["state"]!, (int)runs[1]["version"]!, (int)runs[1]["checkpoints"]!));
        Assert.Equal(0.4, (double)runs[1]["meanReward"]!);
        Assert.True((long)runs[1]["bytes"]! > 0);
        Assert.Equal("damaged", (string?)runs[2]["state"]);
        Assert.Contains("torn/run.json", (string)runs[2]["message"]!, StringComparison.Ordinal);

        Assert.Equal(0, await _console.Run("runs"));
        Assert.Matches(@"mine +completed +4 of [0-9]+ +0\.400", _console.Out.ToString());
    }

    [Fact]
    public async Task WhatANewerVersionWrote_IsNotCalledDamaged()
    {
        await Run("mine", RunState.Completed, [0, 2]);
        foreach (string file in new[] { "checkpoints/00000002.json", "run.json" })
        {
            Reseal(Path.Combine(Store, "mine", file),
                text => text.Replace("\"formatVersion\": 1", "\"formatVersion\": 9", StringComparison.Ordinal)
                .Replace("\"runId\"", "\"name\"", StringComparison.Ordinal)
                    .Replace("\"version\"", "\"number\"", StringComparison.Ordinal));
            if (file != "run.json")
            {
                JsonNode[] verified = await Json(code: 1, "checkpoints", "verify", "mine");
                Assert.Equal([true, false], verified.Select(one => (bool)one["whole"]!));
                Assert.Equal(0, await _console.Run("checkpoints", "mine"));
                Assert.Contains("newer: Blob 'mine/checkpoints/00000002.json' has format 9; this version reads up to 1. Use a " +
                    "newer bgpo.", _console.Out.ToString(), StringComparison.Ordinal);
                _console.Out.GetStringBuilder().Clear();
            }
        }

        Assert.Equal(0, await _console.Run("runs"));
        Assert.Matches(@"mine +newer ", _console.Out.ToString());
        Assert.Contains("has format 9", _console.Out.ToString(), StringComparison.Ordinal);
        _console.Out.GetStringBuilder().Clear();
        Assert.Equal("Blob 'mine/run.json' has format 9; this version reads up to 1. Use a newer bgpo.",
            await _console.Refused(2, "run", "status", "mine"));
    }

    /// <summary>Alters a sealed document, with a seal that holds.</summary>
    private static void Reseal(string file, Func<string, string> alter)
    {
        string text = alter("{"
            + File.ReadAllText(file)[(File.ReadAllText(file).IndexOf("\",", StringComparison.Ordinal) + 2)..]);
        string seal = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
        File.WriteAllText(file, $"{{\n  \"sha256\": \"{seal}\",{text[1..]}");
    }

    [Fact]
    public async Task Checkpoints_AreListed_Verified_AndTheBadBlobIsNamed()
    {
        RunStore run = await Run("mine", RunState.Completed, [0, 2]);
        Assert.Equal([0, 2], (await Json("checkpoints", "mi")).Select(one => (int)one["version"]!));
        Assert.All(await Json("checkpoints", "verify", "mine"), one => Assert.True((bool)one["whole"]!));

        string blob = $"mine/blobs/{(await run.ReadManifestAsync(2))!.Shards[0].Moments}.safetensors";
        File.WriteAllText(Path.Combine(Store, blob), "");
        Clear();
        Assert.Equal(1, await _console.Run("checkpoints", "verify", "mine"));
        Assert.Contains("ok   version 0", _console.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains($"BAD  version 2: Blob '{blob}' is truncated or altered", _console.Out.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prune_KeepsWhatItIsTold_AndADryRunKeepsAll()
    {
        RunStore run = await Run("mine", RunState.Completed, [0, 2, 4, 5]);
        JsonNode dry = (await Json("checkpoints", "prune", "mine", "--keep-last", "1", "--keep-every", "4", "--dry-run"))
            .Single();
        Assert.Equal([2], dry["deleted"]!.AsArray().Select(version => (int)version!));
        Assert.Equal([0, 2, 4, 5], await run.ListCheckpointsAsync());
        _ = await Json("checkpoints", "prune", "mine", "--keep-last", "1", "--keep-every", "4");
        Assert.Equal([0, 4, 5], await run.ListCheckpointsAsync());
    }

    [Fact]
    public async Task Export_WritesAModelFolder_OfTheVersionThatIsNamed()
    {
        RunStore run = await Run("mine", RunState.Completed, [0, 2]);
        JsonNode exported = (await Json("export", "mine@0", "--out", "m")).Single();
        Assert.Equal((await run.ReadManifestAsync(0))!.WeightsSha256, (string?)exported["weightsSha256"]);
        var model = ModelFolder.Load(Path.Combine(_console.Work, "m"));
        Assert.Equal((string?)exported["weightsSha256"], WeightsHash.Of(model.Parameters));
        Clear();
        Assert.Equal("option --out: value 'm': is there already; name a new or empty folder",
            await _console.Refused(2, "export", "mine", "--out", "m"));
    }

    [Fact]
    public async Task ExportThatFails_LeavesNothing_AndCanBeMadeAgain()
    {
        await Run("mine", RunState.Completed, [0]);
        string file = Path.Combine(_console.Work, $"m.{Environment.ProcessId}.partial", "model.safetensors");
        Directory.CreateDirectory(file); // where a file is to be written
        Assert.Equal(2, await _console.Run("export", "mine", "--out", "m"));
        Assert.Empty(Directory.GetFileSystemEntries(_console.Work, "m*"));
        Clear();
        Directory.CreateDirectory(Path.Combine(_console.Work, "m"));
        Assert.Equal(0, await _console.Run("export", "mine", "--out", "m"));
        Assert.Equal(["m"], Directory.GetFileSystemEntries(_console.Work, "m*").Select(Path.GetFileName));
        _ = ModelFolder.Load(Path.Combine(_console.Work, "m"));
    }

    [Fact]
    public async Task Delete_SaysWhatThereIs_Asks_AndDeletesOnlyAfterYes()
    {
        await Run("mine", RunState.Stopped, [0, 2]);
        await Run("other", RunState.Completed, [0]);
        Assert.Equal("run delete asks before it deletes, and nobody can be asked here: add --yes",
            await _console.Refused(2, "run", "delete", "mi"));
        Assert.Equal("option --yes: only with the run's whole id, which is 'mine'",
            Last(await _console.Run("run", "delete", "mi", "--yes"), 2));

        _console.Typed = "";
        Assert.Contains("nothing is deleted", Last(await _console.Run("run", "delete", "mine"), 1), StringComparison.Ordinal);
        Assert.Matches(@"run mine: stopped at version 2, 2 checkpoints, \d.* in runs\. Delete it for good\? \[y/N\] ", _console.Error.ToString());
        Assert.True(Directory.Exists(Path.Combine(Store, "mine")));

        _console.Typed = "y";
        Assert.Equal(0, await _console.Run("run", "delete", "mine"));
        Assert.Matches(@"run mine: deleted, \d", _console.Out.ToString());
        Clear();
        JsonNode deleted = (await Json("run", "delete", "other", "--yes")).Single();
        Assert.Equal(("other", true), ((string?)deleted["run"], (bool)deleted["deleted"]!));
        Assert.Empty(Directory.GetFileSystemEntries(Store));
    }

    [Theory]
    [InlineData(RunState.Running)]
    [InlineData(RunState.Paused)]
    public async Task Delete_RefusesARunThatSomebodyDrives(RunState state)
    {
        await _console.Stored("mine", state, "demo");
        _console.Host.Clusters["demo"] = [];
        string word = state.ToString().ToLowerInvariant();
        Assert.Equal($"run 'mine' is {word} in demo; end it first: bgpo run stop mine",
            await _console.Refused(2, "run", "delete", "mine", "--yes"));
        Assert.True(File.Exists(Path.Combine(Store, "mine", "run.json")));

        _console.Host.Clusters.Clear(); // nobody drives it any more
        Assert.Equal(0, await _console.Run("run", "delete", "mine", "--yes"));
    }

    private string Last(int code, int expected)
    {
        Assert.Equal(expected, code);
        return _console.Error.ToString().TrimEnd('\n').Split('\n')[^1]["bgpo: ".Length..];
    }

    [Fact]
    public async Task Journal_ShowsAStepsBatch_OrSaysWhatThereIs()
    {
        await Run("mine", RunState.Completed, [0], journal: 2);
        JsonNode group = (await Json("journal", "mine", "--step", "2")).Single();
        Assert.Equal((2, "p", "c1", 0.5),
            ((int)group["step"]!, (string)group["promptId"]!, (string)group["completions"]![1]!["text"]!,
                (double)group["completions"]![1]!["reward"]!));
        await Run("forked", RunState.Completed, [4], journal: 4, forkedFrom: "mine@4");
        Clear();
        Assert.Equal(
            "run 'forked' has no journal of step 1; it has 4 to 4; it was forked from mine@4, which has what came before",
            await _console.Refused(2, "journal", "forked", "--step", "1"));
    }

    [Fact]
    public async Task Journal_OfAStepThatHasNone_IsNotAnothersBatch()
    {
        await Run("mine", RunState.Completed, [0], journal: 2);
        Assert.Equal("run 'mine' has no journal of step 3; it has 2 to 2",
            await _console.Refused(2, "journal", "mine", "--step", "3"));
    }

    [Fact]
    public async Task Metrics_AreMirrored_ALineAStep()
    {
        await Run("mine", RunState.Completed, [0], metrics: 3);
        Assert.Equal(0, await _console.Run("journal", "mine", "--mirror", "logs", "--follow"));
        string[] lines = File.ReadAllLines(Path.Combine(_console.Work, "logs", "mine", "metrics.jsonl"));
        Assert.Equal([1, 2, 3], lines.Select(line => (int)JsonNode.Parse(line)!["version"]!));
        Assert.Equal(0.3, (double)JsonNode.Parse(lines[2])!["meanReward"]!);
    }

    [Fact]
    public async Task AMirrorOfARunThatWentBack_IsWrittenAnew()
    {
        var run = await Run("mine", RunState.Running, [0, 2], metrics: 3);
        using var mirror = await Watching.MetricsMirror.Open(Path.Combine(_console.Work, "logs"), run, default);
        Assert.Equal(3, mirror.Newest);
        await run.DropAfterAsync(2);
        await mirror.Rewrite(run, default);
        Assert.Equal((2, 2), (mirror.Newest, File.ReadAllLines(mirror.Path).Length));
    }

    [Fact]
    public async Task TrainMirrorsWhatIsCommitted_AndDropsWhatIsTakenAgain()
    {
        await Run("mine", RunState.Stopped, [0, 2], metrics: 3);
        _console.Host.Grain.Emits(Events.Started with { Version = 2 }, Events.Step(3), Events.Step(4), Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--resume", "mine", "--mirror", "logs"));
        string[] lines = File.ReadAllLines(Path.Combine(_console.Work, "logs", "mine", "metrics.jsonl"));
        Assert.Equal([1, 2, 3, 4], lines.Select(line => (int)JsonNode.Parse(line)!["version"]!));
        Assert.Equal(Events.Step(3).Metrics.MeanReward, (double)JsonNode.Parse(lines[2])!["meanReward"]!);
    }

    [Fact]
    public async Task Fork_GoesOnByTheSourcesSpec_WithWhatIsSet()
    {
        await Run("mine", RunState.Completed, [0, 2]);
        _console.Host.Grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run(
            "train", "--fork", "mi@2", "--set", "optimizer.learningRate=0.5", "--steps", "7", "--run", "f"));
        Assert.Equal(("mine", 2), _console.Host.Grain.ForkedFrom);
        var spec = Spec.SpecLoader.Load<Spec.RunSpec>(_console.Host.Grain.Yaml!, "sent", []);
        Assert.Equal((0.5, 7, "gone/base", "f"),
            (spec.Optimizer.LearningRate, spec.Run.Steps, spec.Model.Path, _console.Host.Run));
    }

    [Fact]
    public async Task ResumeAtAVersion_AndTakingOver_AreAskedOfTheController()
    {
        await _console.Stored("mine", RunState.Stopped, "");
        _console.Host.Grain.Emits(Events.Completed);
        Assert.Equal(0, await _console.Run("train", "--resume", "mine", "--at", "40", "--take-over"));
        Assert.Equal(new Grains.Resumption(40, true), _console.Host.Grain.Resumption! with { Key = "" });
        Assert.NotEmpty(_console.Host.Grain.Resumption.Key);
    }

    [Theory]
    [InlineData("train --at 3", "option --at: only beside --resume")]
    [InlineData("train --take-over", "option --take-over: only beside --resume")]
    [InlineData("train --fork mine --config f.yaml",
        "option --config: not beside --fork, which goes on by the spec of the other run; --set changes fields of it")]
    [InlineData("train --fork mine --resume mine",
        "option --fork: not beside --resume, which goes on by the spec that the run was started with")]
    [InlineData("train --fork mine@x", "option --fork: value 'mine@x': expected RUN or RUN@VERSION, for example sudoku@40")]
    [InlineData("train --fork no", "no run 'no' in runs; bgpo run list --store runs lists them")]
    [InlineData("train --fork mine --set optimizer.rate=1", "--set optimizer.rate: field optimizer.rate: value ")]
    [InlineData("train --resume mine --at x", "option --at: value 'x': a whole number from 0 to 1000000")]
    [InlineData("journal mine", "journal needs either --step N or --mirror DIR (see bgpo journal --help)")]
    [InlineData("journal mine --step 1 --follow", "option --follow: only beside --mirror")]
    [InlineData("journal mine --mirror file", "option --mirror: value '")]
    [InlineData("checkpoints", "checkpoints needs RUN (see bgpo checkpoints --help)")]
    [InlineData("checkpoints no", "no run 'no' in runs; bgpo run list --store runs lists them")]
    [InlineData("export mine@7 --out m", "Run 'mine' has no checkpoint of version 7 in '")]
    public async Task WhatCannotBe_IsOneLine_AndExitCode2(string words, string said)
    {
        await Run("mine", RunState.Completed, [0]);
        _console.WorkFile("file", "");
        _console.WorkFile("f.yaml", "");
        Assert.StartsWith(said, await _console.Refused(2, words.Split(' ')), StringComparison.Ordinal);
    }

    private Task<JsonNode[]> Json(params string[] command) => Json(0, command);

    private async Task<JsonNode[]> Json(int code, params string[] command)
    {
        Clear();
        Assert.Equal(code, await _console.Run([.. command, "--json"]));
        JsonNode[] lines = [.. _console.Out.ToString().TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)];
        Clear();
        return lines;
    }

    private void Clear() => _console.Out.GetStringBuilder().Clear();

    /// <summary>A run as its controller leaves it.</summary>
    private async Task<RunStore> Run(
        string run, RunState state, int[] checkpoints, int metrics = 0, int? journal = null, string? forkedFrom = null)
    {
        RunStore store = new RunCatalog(new LocalBlobStore(Store)).Run(run);
        foreach (int version in checkpoints)
        {
            float[] weights = [.. s_base.Parameters];
            weights[0] = version;
            var entries = await store.SaveShardsAsync([new ShardState(0, weights, weights, weights)]);
            await store.PublishCheckpointAsync(new CheckpointManifest
            {
                Version = version,
                ParameterCount = weights.Length,
                Shards = entries,
                ModelConfig = s_base.Config.ToJson(),
                Tokenizer = s_base.Tokenizer.ToJson(),
                WeightsSha256 = CheckpointManifest.HashOf(entries),
                JournalPosition = version,
            });
        }

        for (int step = 1; step <= metrics; step++)
        {
            JsonNode values = JsonSerializer.SerializeToNode(new StepMetrics { Version = step, MeanReward = step / 10.0 })!;
            await store.WriteMetricsAsync(step, values.AsObject());
        }

        if (journal is { } batch)
        {
            await store.WriteJournalAsync(new JournalStep
            {
                Step = batch,
                Groups =
                [
                    new JournalGroup
                    {
                        PromptId = "p",
                        Prompt = "12",
                        PromptTokens = [1],
                        Completions = [new JournalCompletion([1], "c0"), new JournalCompletion([2], "c1")],
                        Rewards = [0, 0.5],
                        Exact = [false, false],
                        Advantages = [-1, 1],
                    },
                ],
            });
        }

        await store.CreateAsync(new RunRecord
        {
            RunId = run,
            State = state,
            Spec = "run: { steps: 4 }\nmodel: { path: gone/base }\n",
            Seed = 1,
            NumericsFingerprint = "",
            ParameterCount = s_base.Parameters.Length,
            LatestCheckpoint = checkpoints[^1],
            ForkedFrom = forkedFrom,
        });
        return store;
    }
}
