using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>What a run's store promises: fencing, bit-exact round trips, nothing written twice.</summary>
public sealed class RunStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalBlobStore _blobs;
    private readonly RunStore _run;

    public RunStoreTests()
    {
        _blobs = new LocalBlobStore(_folder);
        _run = new RunStore(_blobs, "my-run");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Create_OfAnExistingRun_FailsAndSaysHowToGoOn()
    {
        await _run.CreateAsync(Samples.Record("my-run"));
        RunExistsException exception =
            await Assert.ThrowsAsync<RunExistsException>(() => _run.CreateAsync(Samples.Record("my-run")));
        Assert.Contains("my-run", exception.Message, StringComparison.Ordinal);
        Assert.Contains("--resume", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_RoundTrips()
    {
        StoredRun created = await _run.CreateAsync(Samples.Record("my-run") with { LatestCheckpoint = 3, Epoch = long.MaxValue });
        StoredRun read = (await _run.ReadAsync())!;
        Assert.Equal(created.ETag, read.ETag);
        Assert.True(JsonNode.DeepEquals(created.Record.Result, read.Record.Result));
        Assert.Equal(created.Record with { Result = null }, read.Record with { Result = null });
    }

    [Fact]
    public async Task File_IsKeptByItsHash_AndADamagedCopyIsNamed()
    {
        byte[] content = [1, 2, 3];
        RunFile file = await _run.KeepFileAsync("/data/ev.csv", content);
        Assert.Equal(new RunFile("039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81", 3, true, "/data/ev.csv"),
            file);
        Assert.Equal(content, (await _run.ReadFileAsync(file)).ToArray());

        string path = Path.Combine(_folder, "my-run", "files", file.Sha256);
        foreach (byte[] other in new byte[][] { [1, 2], [1, 2, 4], [1, 2, 3, 4] })
        {
            File.WriteAllBytes(path, other);
            Assert.Contains(file.Sha256, (await Assert.ThrowsAsync<CorruptBlobException>(() => _run.ReadFileAsync(file))).Message,
                StringComparison.Ordinal);
        }
        await _run.KeepFileAsync("/data/ev.csv", content); // mends it
        Assert.Equal(content, (await _run.ReadFileAsync(file)).ToArray());
        File.Delete(path);
        Assert.Contains("is missing", (await Assert.ThrowsAsync<CorruptBlobException>(() => _run.ReadFileAsync(file))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_TooLargeForACopy_IsOnlyKnownByItsHash()
    {
        RunFile file = await _run.KeepFileAsync("/data/large.csv", new byte[RunStore.LargestCopy + 1]);
        Assert.Equal((false, RunStore.LargestCopy + 1L), (file.IsKept, file.Bytes));
        Assert.False(Directory.Exists(Path.Combine(_folder, "my-run", "files")));
    }

    [Fact]
    public async Task Journal_TellsOutcomesApart_AndReadsRecordsWithoutThem()
    {
        JournalGroup old = Samples.Journal(3).Groups[0];
        JournalGroup judged = old with { Outcomes = [Outcome.Scored, Outcome.Malformed], Infos = ["", "no answer"] };
        JournalGroup left = judged with { Outcomes = [Outcome.Failed, Outcome.Scored], Advantages = [0, 0] };
        await _run.WriteJournalAsync(Samples.Journal(3) with { Groups = [old, judged, left] });

        JournalStep read = (await _run.ReadJournalAsync(3))!;
        Assert.Null(read.Groups[0].Outcomes);
        Assert.Equal(Outcome.Scored, read.Groups[0].OutcomeOf(1));
        Assert.Equal((Outcome.Malformed, "no answer"), (read.Groups[1].OutcomeOf(1), read.Groups[1].Infos![1]));
        Assert.Equal([false, false, true], read.Groups.Select(group => group.IsLeftOut));
        Assert.False(read.Groups[2].HasSignal);
        string text = File.ReadAllText(Directory.GetFiles(Path.Combine(_folder, "my-run", "journal"), "*.json").Single());
        Assert.Contains("""outcomes":["scored","malformed"]""", text.Replace(" ", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_AfterSomebodyElse_ChangesNothing()
    {
        StoredRun created = await _run.CreateAsync(Samples.Record("my-run"));
        StoredRun? newer = await _run.UpdateAsync(created.Record with { Epoch = 2 }, created.ETag);
        Assert.NotNull(newer);
        Assert.Null(await _run.UpdateAsync(created.Record with { Epoch = 1 }, created.ETag));
        Assert.Equal(2, (await _run.ReadAsync())!.Record.Epoch);
    }

    [Fact]
    public async Task Checkpoint_ComesBackBitForBit()
    {
        CheckpointManifest saved = await Samples.SaveAsync(_run, 5);
        CheckpointManifest read = (await _run.ReadManifestAsync(5))!;
        Assert.Equal(saved.Shards, read.Shards);
        Assert.Equal(saved.Optimizer, read.Optimizer);
        Assert.Equal((saved.ModelConfig, saved.Tokenizer, saved.Created), (read.ModelConfig, read.Tokenizer, read.Created));
        var weights = new List<float>();
        foreach (ShardEntry entry in read.Shards)
        {
            ShardState loaded = await _run.LoadShardAsync(entry);
            ShardState expected = Samples.Shard(5, entry.Index);
            Assert.Equal(expected.Weights, loaded.Weights);
            Assert.Equal(expected.M, loaded.M);
            Assert.Equal(expected.V, loaded.V);
            weights.AddRange(loaded.Weights);
        }
        Assert.Equal(WeightsHash.Of(weights.ToArray(), Samples.ShardSize), read.WeightsSha256);
    }

    [Fact]
    public async Task VersionZero_HasNoMoments()
    {
        CheckpointManifest saved = await Samples.SaveAsync(_run, 0);
        Assert.All(saved.Shards, shard => Assert.Null(shard.Moments));
        Assert.Empty((await _run.LoadShardAsync((await _run.ReadManifestAsync(0))!.Shards[1])).M);
        Assert.Empty((await _run.VerifyCheckpointAsync(0)).Faults);
    }

    [Fact]
    public async Task UnchangedShard_IsNeverWrittenTwice()
    {
        CheckpointManifest first = await Samples.SaveAsync(_run, 1);
        string blob = Path.Combine(_folder, "my-run", "blobs", first.Shards[0].Weights + ".safetensors");
        var longAgo = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(blob, longAgo);
        CheckpointManifest second = await Samples.SaveAsync(_run, 2);
        Assert.Equal(first.Shards[0], second.Shards[0]);
        Assert.NotEqual(first.Shards[1], second.Shards[1]);
        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(blob));
    }

    [Fact]
    public async Task PublishedTwice_IsTheFirst_AndAnotherContentIsRefused()
    {
        CheckpointManifest first = await Samples.SaveAsync(_run, 1);
        CheckpointManifest again = await Samples.SaveAsync(_run, 1);
        Assert.Equal(first.Created, again.Created);
        StorageException exception = await Assert.ThrowsAsync<StorageException>(
            () => _run.PublishCheckpointAsync(first with { ModelConfig = "{}" }));
        Assert.Contains("version 1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Manifest_IsRefused_WhileABlobIsMissingOrAHashIsWrong()
    {
        CheckpointManifest saved = await Samples.SaveAsync(_run, 1);
        string missing = new('0', 64);
        ShardEntry[] shards = [.. saved.Shards];
        shards[2] = shards[2] with { Weights = missing };
        CorruptBlobException gone = await Assert.ThrowsAsync<CorruptBlobException>(
            () => _run.PublishCheckpointAsync(saved with { Version = 2, Shards = shards }));
        Assert.Equal($"my-run/blobs/{missing}.safetensors", gone.BlobName);
        await Assert.ThrowsAsync<ArgumentException>(
            () => _run.PublishCheckpointAsync(saved with { Version = 2, WeightsSha256 = missing }));
        Assert.Equal([1], await _run.ListCheckpointsAsync());
    }

    [Fact]
    public async Task Journal_RoundTripsBitForBit_AndTheLastWriteWins()
    {
        await _run.WriteJournalAsync(Samples.Journal(17) with { Groups = [] });
        JournalStep written = Samples.Journal(17);
        await _run.WriteJournalAsync(written);
        JournalGroup expected = written.Groups[0];
        JournalGroup read = Assert.Single((await _run.ReadJournalAsync(17))!.Groups);
        Assert.Equal(expected.Advantages.Select(BitConverter.DoubleToInt64Bits),
            read.Advantages.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(expected.Rewards.Select(BitConverter.DoubleToInt64Bits),
            read.Rewards.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(
            expected.OldLogLikelihoods!.SelectMany(row => row).Select(BitConverter.DoubleToInt64Bits),
            read.OldLogLikelihoods!.SelectMany(row => row).Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(expected.PromptTokens, read.PromptTokens);
        Assert.Equal((expected.Prompt, expected.Reference, expected.PromptId), (read.Prompt, read.Reference, read.PromptId));
        Assert.Equal(expected.Completions[0].Tokens, read.Completions[0].Tokens);
        Assert.Equal(expected.Completions[1].Text, read.Completions[1].Text);
        Assert.Equal(expected.Exact, read.Exact);
        Assert.Equal([17], await _run.ListJournalAsync());
        Assert.Null(await _run.ReadJournalAsync(18));
    }

    [Fact]
    public async Task Journal_KeepsHowCompletionsWereDenoised_WhereThatIsKnown()
    {
        JournalStep step = Samples.Journal(2);
        JournalGroup group = step.Groups[0];
        JournalCompletion traced = group.Completions[0] with { Trace = new DenoisingTrace([1, 0, 1, -1], [900, 1000, 3, 0]) };
        JournalStep written = step with { Groups = [group with { Completions = [traced, group.Completions[1]] }] };
        await _run.WriteJournalAsync(written);
        IReadOnlyList<JournalCompletion> read = (await _run.ReadJournalAsync(2))!.Groups[0].Completions;
        Assert.Equal([1, 0, 1, -1], read[0].Trace!.SetIn);
        Assert.Equal([900, 1000, 3, 0], read[0].Trace!.Confidences);
        Assert.Null(read[1].Trace);

        JournalCompletion cut = traced with { Trace = new DenoisingTrace([1, 0], [900, 1000]) };
        JournalStep bad = step with { Groups = [group with { Completions = [cut, group.Completions[1]] }] };
        Assert.Contains(
            "not as long as its completion",
            (await Assert.ThrowsAsync<ArgumentException>(() => _run.WriteJournalAsync(bad))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Journal_WithAReplacedNonFiniteNumber_IsRefusedByName()
    {
        JournalStep bad = Samples.Journal(1);
        bad.Groups[0].Advantages[1] = double.NaN;
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(() => _run.WriteJournalAsync(bad));
        Assert.Contains("'p0'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("advantage NaN of completion 1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AreReadInOrderOfSteps_AndTheLastWriteWins()
    {
        foreach (int step in new[] { 10, 2, 1, 2 })
        {
            await _run.WriteMetricsAsync(step, new JsonObject { ["step"] = step, ["reward"] = step / 3.0 });
        }

        var read = new List<(int, double)>();
        await foreach (StoredMetrics metrics in _run.ReadMetricsAsync(from: 2))
        {
            read.Add((metrics.Step, metrics.Values["reward"]!.GetValue<double>()));
        }

        Assert.Equal([(2, 2 / 3.0), (10, 10 / 3.0)], read);
    }

    [Fact]
    public async Task Catalog_ListsGoodAndBadRuns()
    {
        await new RunStore(_blobs, "b-run").CreateAsync(Samples.Record("b-run"));
        await _run.CreateAsync(Samples.Record("my-run"));
        File.WriteAllText(Path.Combine(_folder, "b-run", "run.json"), "{}");
        await new RunStore(_blobs, "c-run")
            .CreateAsync(Samples.Record("c-run") with { FormatVersion = RunRecord.CurrentFormat + 1 });
        Directory.CreateDirectory(Path.Combine(_folder, "a copy"));
        File.Copy(Path.Combine(_folder, "my-run", "run.json"), Path.Combine(_folder, "a copy", "run.json"));
        var entries = new List<CatalogEntry>();
        await foreach (CatalogEntry entry in new RunCatalog(_blobs).ListAsync())
        {
            entries.Add(entry);
        }

        Assert.Equal(["b-run", "c-run", "my-run"], entries.Select(entry => entry.RunId));
        Assert.Contains("b-run/run.json", entries[0].Fault, StringComparison.Ordinal);
        Assert.Contains("Use a newer bgpo", entries[1].Fault, StringComparison.Ordinal);
        Assert.Equal(7, entries[2].Record!.Seed);
    }
}
