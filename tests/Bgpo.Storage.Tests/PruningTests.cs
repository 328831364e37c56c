using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>What pruning and forking promise.</summary>
public sealed class PruningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IBlobStore _blobs;
    private readonly RunStore _run;

    public PruningTests()
    {
        _blobs = BlobStores.Open(_folder);
        _run = new RunStore(_blobs, "r");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Prune_KeepsTheLastAndEveryNth_AndDeletesOnlyWhatNoManifestNames()
    {
        for (int version = 0; version <= 6; version++)
        {
            await Samples.SaveAsync(_run, version);
        }

        Age();
        PruneOutcome would = await _run.PruneAsync(2, 3, dryRun: true);
        Assert.Equal(7, (await _run.ListCheckpointsAsync()).Count);
        PruneOutcome did = await _run.PruneAsync(2, 3);
        Assert.Equal([0, 3, 5, 6], did.Kept);
        Assert.Equal([1, 2, 4], did.Deleted);
        // Two shards that move, weights and moments, of three versions; the frozen shard is everybody's.
        Assert.Equal((12, would.Blobs), (did.Blobs, did.Blobs));
        Assert.Equal(would.Bytes, did.Bytes);
        Assert.Equal([0, 3, 5, 6], await _run.ListCheckpointsAsync());
        foreach (int version in did.Kept)
        {
            Assert.Empty((await _run.VerifyCheckpointAsync(version)).Faults);
        }

        Assert.Equal(0, (await _run.PruneAsync(2, 3)).Blobs);
    }

    [Fact]
    public async Task Prune_LeavesTheBlobsOfAnUploadInProgress()
    {
        await Samples.SaveAsync(_run, 1);
        Age();
        List<ShardEntry> entries = [];
        for (int i = 0; i < 3; i++)
        {
            entries.Add(await _run.SaveShardAsync(Samples.Shard(2, i)));
        }

        Assert.Equal(0, (await _run.PruneAsync(1, null)).Blobs);
        await _run.PublishCheckpointAsync(Samples.Manifest(2, entries));
        Assert.Empty((await _run.VerifyCheckpointAsync(2)).Faults);
    }

    [Fact]
    public async Task Prune_KeepsTheNewestWholeCheckpoint_WhateverIsNewer()
    {
        for (int version = 1; version <= 3; version++)
        {
            await Samples.SaveAsync(_run, version);
        }

        foreach (int version in new[] { 2, 3 })
        {
            ShardEntry moved = (await _run.ReadManifestAsync(version))!.Shards[1];
            await _blobs.PutAsync($"r/blobs/{moved.Weights}.safetensors", new byte[3]);
        }
        Age();
        PruneOutcome did = await _run.PruneAsync(1, null);
        Assert.Equal([1, 3], did.Kept);
        Assert.Contains(did.Notes, note => note.Contains("is passed over", StringComparison.Ordinal));
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync())!.Version);
    }

    [Fact]
    public async Task Prune_IsRefused_WhileTheRunGoesBack()
    {
        for (int version = 1; version <= 3; version++)
        {
            await Samples.SaveAsync(_run, version);
        }
        // As a controller leaves it that was killed amid going back.
        await _run.CreateAsync(Samples.Record("r") with { LatestCheckpoint = 1, GoingBackTo = 1 });
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => _run.PruneAsync(1, null));
        Assert.Contains("is going back to version 1", refused.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], await _run.ListCheckpointsAsync());
    }

    [Fact]
    public async Task Prune_DeletesNoBlob_WhileAKeptManifestCannotBeRead()
    {
        for (int version = 1; version <= 3; version++)
        {
            await Samples.SaveAsync(_run, version);
        }

        await _blobs.PutAsync("r/checkpoints/00000003.json", "{}"u8.ToArray());
        Age();
        PruneOutcome did = await _run.PruneAsync(1, null);
        Assert.Equal(0, did.Blobs);
        Assert.Contains(did.Notes, note => note.Contains("'r/checkpoints/00000003.json'", StringComparison.Ordinal));
        Assert.Equal(2, (await _run.LatestWholeCheckpointAsync())!.Version);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task KilledPrune_LeavesWholeWhatItKeeps_AndTheNextOneEndsIt(int nth)
    {
        for (int version = 1; version <= 4; version++)
        {
            await Samples.SaveAsync(_run, version);
        }

        Age();
        (int exitCode, _, string error) = await Child.RunAsync($"{StorageFaults.PruneDelete}:kill:{nth}", "prune", _folder, "r");
        Assert.True(exitCode == Child.Killed, error);
        Assert.Empty((await _run.VerifyCheckpointAsync(4)).Faults);
        await _run.PruneAsync(1, null);
        Assert.Equal([4], await _run.ListCheckpointsAsync());
        Assert.Equal(6, Directory.GetFiles(Path.Combine(_folder, "r", "blobs"), "*.safetensors").Length);
        Assert.Empty((await _run.VerifyCheckpointAsync(4)).Faults);
    }

    [Fact]
    public async Task Fork_StandsAlone_WithTheSameVersionAndBits()
    {
        CheckpointManifest from = await Samples.SaveAsync(_run, 4);
        await _run.WriteJournalAsync(Samples.Journal(4));
        var fork = new RunStore(_blobs, "fork");
        CheckpointManifest made = await fork.ForkAsync(_run, await _run.RequireCheckpointAsync(4));
        Directory.Delete(Path.Combine(_folder, "r"), recursive: true);
        Assert.Equal((4, from.WeightsSha256), (made.Version, made.WeightsSha256));
        Assert.Equal(4, (await fork.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
        Assert.Equal(Samples.Shard(4, 1).V, (await fork.LoadShardAsync(made.Shards[1])).V);
        Assert.Null(await fork.ReadJournalAsync(4)); // the batch that begins there is the fork's own to sample
    }

    [Fact]
    public async Task ForkAmidABatch_TakesItsJournalAlong_AndIsRefusedWithoutIt()
    {
        IReadOnlyList<ShardEntry> shards = (await Samples.SaveAsync(_run, 4)).Shards;
        CheckpointManifest amid = await _run.PublishCheckpointAsync(Samples.Manifest(5, shards) with { JournalPosition = 4 });
        StorageException missing =
            await Assert.ThrowsAsync<StorageException>(() => new RunStore(_blobs, "f").ForkAsync(_run, amid));
        Assert.Contains("lacks the journal of step 4", missing.Message, StringComparison.Ordinal);
        Assert.Empty(await new RunStore(_blobs, "f").ListCheckpointsAsync());
        await _run.WriteJournalAsync(Samples.Journal(4));
        await new RunStore(_blobs, "f").ForkAsync(_run, amid);
        Assert.NotNull(await new RunStore(_blobs, "f").ReadJournalAsync(4));
    }

    [Fact]
    public async Task GoingBack_DropsLaterCheckpointsAndMetrics_KeepsTheJournal_AndTheVersionsCanBeMadeAgain()
    {
        foreach (int version in new[] { 1, 2, 3 })
        {
            await Samples.SaveAsync(_run, version);
            await _run.WriteJournalAsync(Samples.Journal(version - 1));
            await _run.WriteMetricsAsync(version, []);
        }
        (IReadOnlyList<int> checkpoints, IReadOnlyList<int> metrics) = await _run.DropAfterAsync(1);
        Assert.Equal([2, 3], checkpoints);
        Assert.Equal([2, 3], metrics);
        Assert.Equal([1], await _run.ListCheckpointsAsync());
        Assert.Equal([1], await _run.ListMetricsAsync());
        Assert.Equal([0, 1, 2], await _run.ListJournalAsync());
        await Samples.SaveAsync(_run, 3);
        Assert.Equal(3, (await _run.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync(upTo: 2))!.Version);
    }

    [Fact]
    public async Task CheckpointThatIsAskedFor_IsWholeOrRefusedByName()
    {
        await Samples.SaveAsync(_run, 1);
        CheckpointManifest second = await Samples.SaveAsync(_run, 2);
        Assert.Equal(1, (await _run.RequireCheckpointAsync(1)).Version);
        StorageException absent = await Assert.ThrowsAsync<StorageException>(() => _run.RequireCheckpointAsync(7));
        Assert.Contains("there are: 1, 2", absent.Message, StringComparison.Ordinal);
        string bad = $"r/blobs/{second.Shards[2].Moments}.safetensors";
        await _blobs.DeleteAsync(bad);
        StorageException damaged = await Assert.ThrowsAsync<StorageException>(() => _run.RequireCheckpointAsync(2));
        Assert.Contains($"'{bad}'", damaged.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await _run.RequireCheckpointAsync(null)).Version);
    }

    [Fact]
    public async Task Shards_MoveAFewAtATime()
    {
        int drawn = 0, most = 0, taken = 0;
        IEnumerable<ShardState> Draw()
        {
            for (int i = 0; i < 40; i++)
            {
                most = Math.Max(most, ++drawn - taken);
                yield return new ShardState(i, [i, 1, 2], [], []);
            }
        }
        // What was drawn and is not yet written is what is in memory; each written shard leaves one more file.
        IReadOnlyList<ShardEntry> entries = await _run.SaveShardsAsync(Draw().Select(shard =>
        {
            taken = Directory.Exists(Path.Combine(_folder, "r", "blobs"))
                ? Directory.GetFiles(Path.Combine(_folder, "r", "blobs"), "*.safetensors").Length : 0;
            return shard;
        }));
        Assert.Equal(Enumerable.Range(0, 40), entries.Select(entry => entry.Index));
        Assert.InRange(most, 1, 8);
    }

    private void Age()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(_folder, "r", "blobs"), "*.safetensors"))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-2));
        }
    }
}
