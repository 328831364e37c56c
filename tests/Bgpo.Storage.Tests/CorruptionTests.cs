using System.Security.Cryptography;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>
/// Every blob of a checkpoint, altered in every way, is found and named, and the newest whole checkpoint is used.
/// </summary>
public sealed class CorruptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunStore _run;

    public CorruptionTests() => _run = new RunStore(new LocalBlobStore(_folder), "r");

    public enum Damage
    {
        FlipFirst,
        FlipMiddle,
        FlipLast,
        CutOne,
        CutHalf,
        Empty,
        Append,
        Delete,
    }

    public static TheoryData<Damage> Damages => [.. Enum.GetValues<Damage>()];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task DamagedBlob_IsNamed_AndTheOlderCheckpointIsTaken(Damage damage)
    {
        CheckpointManifest old = await Samples.SaveAsync(_run, 1);
        await Samples.SaveAsync(_run, 2);
        string[] shared = [.. BlobsOf(old)];
        foreach (string path in BlobsOf((await _run.ReadManifestAsync(2))!).Append(PathOf("r/checkpoints/00000002.json"))
            .ToArray())
        {
            byte[] content = File.ReadAllBytes(path);
            Apply(damage, path, content);
            string name = Path.GetRelativePath(_folder, path);
            bool manifestGone = damage == Damage.Delete && name.EndsWith(".json", StringComparison.Ordinal);

            CheckpointVerification found = await _run.VerifyCheckpointAsync(2);
            Assert.Contains($"'{name}'", Assert.Single(found.Faults), StringComparison.Ordinal);

            var lines = new List<string>();
            CheckpointManifest? whole = await _run.LatestWholeCheckpointAsync(lines.Add);
            bool alsoInOld = shared.Contains(path);
            Assert.Equal(alsoInOld ? null : 1, whole?.Version);
            Assert.Equal(alsoInOld ? 2 : manifestGone ? 0 : 1, lines.Count);
            Assert.All(lines, line => Assert.Contains($"'{name}'", line, StringComparison.Ordinal));
            File.WriteAllBytes(path, content);
        }
        Assert.Equal(2, (await _run.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
    }

    public static TheoryData<string, string> AbsurdManifests => new()
    {
        { "shard size 2^30", "shard size 1073741824" },
        { "shard size of 2^31 - 1 and as many parameters", "shard size 2147483647" },
        { "2^62 parameters", "4611686018427387904 parameters" },
        { "shards of 2^24 that are 64", "67108864" },
        { "journal beyond", "journal position 2147483647" },
        { "no shard in a place", "nothing in place 1" },
    };

    [Theory]
    [MemberData(nameof(AbsurdManifests))]
    public async Task ManifestWithAbsurdSizes_IsNamed_AndTheOlderCheckpointIsTaken(string what, string said)
    {
        CheckpointManifest good = await Samples.SaveAsync(_run, 1);
        ShardEntry first = good.Shards[0];
        CheckpointManifest absurd = what switch
        {
            "shard size 2^30" => good with
            {
                ShardSize = 1 << 30,
                ParameterCount = 1 << 30,
                Shards = [first with { Elements = 1 << 30 }]
            },
            "shard size of 2^31 - 1 and as many parameters" =>
                good with
                {
                    ShardSize = int.MaxValue,
                    ParameterCount = int.MaxValue,
                    Shards = [first with { Elements = int.MaxValue }]
                },
            "2^62 parameters" => good with { ShardSize = 1, ParameterCount = 1L << 62 },
            "shards of 2^24 that are 64" =>
                good with { ShardSize = 1 << 24, ParameterCount = 1 << 24, Shards = [first with { Elements = 1 << 24 }] },
            "journal beyond" => good with { JournalPosition = int.MaxValue },
            _ => good with { Shards = [first, null!, good.Shards[2]] },
        };
        absurd = absurd with
        {
            Version = 2,
            WeightsSha256 = what[0] == 'n' ? good.WeightsSha256 : CheckpointManifest.HashOf(absurd.Shards)
        };
        await _run.Blobs.PutAsync(
            "r/checkpoints/00000002.json", SealedJson.Write(absurd, StorageJson.Indented.CheckpointManifest));

        CheckpointVerification found = await _run.VerifyCheckpointAsync(2);
        Assert.NotEmpty(found.Faults);
        Assert.All(found.Faults, fault => Assert.StartsWith("Blob 'r/", fault, StringComparison.Ordinal));
        Assert.Contains(found.Faults, fault => fault.Contains(said, StringComparison.Ordinal));
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync())!.Version);
    }

    [Fact]
    public async Task AMissingManifest_IsNamed_AsLongAsTheRunKnowsOfIt()
    {
        await Samples.SaveAsync(_run, 1);
        await Samples.SaveAsync(_run, 2);
        await _run.CreateAsync(Samples.Record("r") with { LatestCheckpoint = 2 });
        File.Delete(PathOf("r/checkpoints/00000002.json"));
        var lines = new List<string>();
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync(lines.Add))!.Version);
        Assert.Equal("Checkpoint 2 of run 'r' is passed over: Blob 'r/checkpoints/00000002.json' is missing.",
            Assert.Single(lines));
        Assert.Equal([1, 2], await _run.ExpectedCheckpointsAsync());
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task DamagedCheckpoint_IsHealedBySavingItsVersionAgain(Damage damage)
    {
        CheckpointManifest saved = await Samples.SaveAsync(_run, 2);
        foreach (string path in BlobsOf(saved).Append(PathOf("r/checkpoints/00000002.json")).ToArray())
        {
            Apply(damage, path, File.ReadAllBytes(path));
        }

        Assert.Null(await _run.LatestWholeCheckpointAsync());
        await Samples.SaveAsync(_run, 2);
        Assert.Equal(saved.WeightsSha256, (await _run.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.WeightsSha256);
    }

    [Fact]
    public async Task LoadingADamagedShard_ThrowsWithItsBlobName()
    {
        ShardEntry entry = (await Samples.SaveAsync(_run, 2)).Shards[1];
        foreach (string hash in new[] { entry.Weights, entry.Moments! })
        {
            string path = PathOf($"r/blobs/{hash}.safetensors");
            byte[] content = File.ReadAllBytes(path);
            Apply(Damage.FlipMiddle, path, content);
            CorruptBlobException exception = await Assert.ThrowsAsync<CorruptBlobException>(() => _run.LoadShardAsync(entry));
            Assert.Equal($"r/blobs/{hash}.safetensors", exception.BlobName);
            File.WriteAllBytes(path, content);
        }
        Assert.Equal(Samples.Shard(2, 1).V, (await _run.LoadShardAsync(entry)).V);
    }

    [Theory]
    [InlineData("weights", float.NaN, "NaN")]
    [InlineData("m", float.PositiveInfinity, "infinity")]
    [InlineData("v", float.NegativeInfinity, "minus infinity")]
    public async Task ACheckpointWithValuesThatAreNoNumbers_IsPassedOverByName(string tensor, float value, string name)
    {
        await Samples.SaveAsync(_run, 1);
        CheckpointManifest good = await Samples.SaveAsync(_run, 2);
        ShardState shard = Samples.Shard(3, 1);
        (tensor switch { "weights" => shard.Weights, "m" => shard.M, _ => shard.V })[5] = value;
        ShardEntry bad = await _run.SaveShardAsync(shard);
        await _run.PublishCheckpointAsync(Samples.Manifest(3, [good.Shards[0], bad, good.Shards[2]]));

        string expected = $"holds {name} at element 5 of tensor '{tensor}'";
        Assert.Contains(expected, Assert.Single((await _run.VerifyCheckpointAsync(3)).Faults), StringComparison.Ordinal);
        Assert.Contains(expected, (await Assert.ThrowsAsync<CorruptBlobException>(() => _run.LoadShardAsync(bad))).Message,
            StringComparison.Ordinal);
        Assert.Equal(2, (await _run.LatestWholeCheckpointAsync())!.Version);
    }

    [Fact]
    public async Task EveryFlippedByteOfAManifest_IsFound()
    {
        await Samples.SaveAsync(_run, 1);
        string path = PathOf("r/checkpoints/00000001.json");
        byte[] content = File.ReadAllBytes(path);
        for (int i = 0; i < content.Length; i += 7)
        {
            byte[] flipped = [.. content];
            flipped[i] ^= 0x20;
            File.WriteAllBytes(path, flipped);
            await Assert.ThrowsAsync<CorruptBlobException>(() => _run.ReadManifestAsync(1));
        }
    }

    [Fact]
    public async Task DamagedRecordJournalOrMetrics_IsNamed()
    {
        await _run.CreateAsync(Samples.Record("r"));
        await _run.WriteJournalAsync(Samples.Journal(3));
        await _run.WriteMetricsAsync(3, []);
        foreach (string name in new[] { "r/run.json", "r/journal/00000003.json", "r/metrics/00000003.json" })
        {
            Apply(Damage.FlipLast, PathOf(name), File.ReadAllBytes(PathOf(name)));
        }

        Assert.Equal("r/run.json", (await Assert.ThrowsAsync<CorruptBlobException>(() => _run.ReadAsync())).BlobName);
        Assert.Equal(
            "r/journal/00000003.json", (await Assert.ThrowsAsync<CorruptBlobException>(() => _run.ReadJournalAsync(3))).BlobName);
        CorruptBlobException metrics = await Assert.ThrowsAsync<CorruptBlobException>(async () =>
        {
            await foreach (StoredMetrics step in _run.ReadMetricsAsync())
            {
                Assert.Fail($"read step {step.Step}");
            }
        });
        Assert.Equal("r/metrics/00000003.json", metrics.BlobName);
    }

    [Fact]
    public async Task SealedRecordOfANewerFormat_AsksForANewerProgram()
    {
        await _run.CreateAsync(Samples.Record("r") with { FormatVersion = RunRecord.CurrentFormat + 1 });
        StorageException exception = await Assert.ThrowsAsync<NewerFormatException>(() => _run.ReadAsync());
        Assert.Contains("'r/run.json' has format 2", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsHash_IsTheHashOfTheShardsDigests()
    {
        float[] weights = [.. Enumerable.Range(0, 10).Select(i => i / 3f)];
        byte[] Part(int from, int count) =>
            SHA256.HashData(weights.AsSpan(from, count).ToArray().SelectMany(BitConverter.GetBytes).ToArray());
        string expected = Convert.ToHexStringLower(SHA256.HashData([.. Part(0, 4), .. Part(4, 4), .. Part(8, 2)]));
        Assert.Equal(expected, WeightsHash.Of(weights, shardSize: 4));
        Assert.Equal(3, WeightsHash.ShardCount(10, 4));
        Assert.Equal(2, WeightsHash.ShardCount(8, 4));
        Assert.Equal(0, WeightsHash.ShardCount(0, 4));
    }

    private static void Apply(Damage damage, string path, byte[] content)
    {
        if (damage == Damage.Delete)
        {
            File.Delete(path);
            return;
        }
        byte[] damaged = damage switch
        {
            Damage.CutOne => content[..^1],
            Damage.CutHalf => content[..(content.Length / 2)],
            Damage.Empty => [],
            Damage.Append => [.. content, 0x20],
            _ => [.. content],
        };
        int? flipped = damage switch
        {
            Damage.FlipFirst => 0,
            Damage.FlipMiddle => content.Length / 2,
            Damage.FlipLast => content.Length - 1,
            _ => null,
        };
        if (flipped is { } at)
        {
            damaged[at] ^= 1;
        }

        File.WriteAllBytes(path, damaged);
    }

    private IEnumerable<string> BlobsOf(CheckpointManifest manifest) =>
        manifest.Shards
            .SelectMany(shard => new[] { shard.Weights, shard.Moments })
            .OfType<string>()
            .Distinct()
            .Select(hash => PathOf($"r/blobs/{hash}.safetensors"));

    private string PathOf(string name) => Path.Combine(_folder, name);
}
