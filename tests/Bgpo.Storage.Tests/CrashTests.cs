using Bgpo.Storage.Local;

namespace Bgpo.Storage.Tests;

/// <summary>A process killed at any write point leaves a run that can be read, and the next one finishes the step.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Every fault point, at the first and at later hits: the local store's are hit by each blob of the step.</summary>
    public static TheoryData<string> Kills
    {
        get
        {
            var kills = new TheoryData<string>();
            foreach (string name in StorageFaults.All)
            {
                int[] hits = name switch
                {
                    // 1 journal, 2 metrics, 3 to 6 the shards that moved, 7 manifest, 8 record.
                    StorageFaults.BlobHalfWritten or StorageFaults.BlobWritten or StorageFaults.BlobVisible => [1, 2, 3, 5, 7, 8],
                    StorageFaults.WeightsBefore or StorageFaults.WeightsAfter => [1, 2, 3],
                    StorageFaults.MomentsBefore or StorageFaults.MomentsAfter => [1, 3],
                    _ => [1],
                };
                foreach (int nth in hits)
                    kills.Add($"{name}:kill:{nth}");
            }
            return kills;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task KilledAtAnyWritePoint_LeavesAWholeRun_AndTheNextProcessFinishes(string fault)
    {
        var run = new RunStore(new LocalBlobStore(_folder), "r");
        bool creates = fault.StartsWith("run.create", StringComparison.Ordinal);
        if (!creates)
            await Child.TakeStepAsync(run, 1);

        (int exitCode, _, string error) = await Child.RunAsync(fault, "step", _folder, "r", "2");
        Assert.True(exitCode == Child.Killed, $"expected a kill at {fault}, got exit code {exitCode}: {error}");

        CheckpointManifest? whole = await run.LatestWholeCheckpointAsync(line => Assert.Fail(line));
        if (!creates)
        {
            bool published = fault.StartsWith("checkpoint.manifest.after", StringComparison.Ordinal)
                || fault.StartsWith("run.update", StringComparison.Ordinal)
                || fault is $"{StorageFaults.BlobVisible}:kill:7" or $"{StorageFaults.BlobVisible}:kill:8"
                    or $"{StorageFaults.BlobWritten}:kill:8" or $"{StorageFaults.BlobHalfWritten}:kill:8";
            Assert.Equal(published ? 2 : 1, whole!.Version);
            Assert.InRange((await run.ReadAsync())!.Record.LatestCheckpoint!.Value, 1, whole.Version);
            Assert.NotNull(await run.ReadJournalAsync(0));
        }

        (exitCode, _, error) = await Child.RunAsync(null, "step", _folder, "r", "2");
        Assert.True(exitCode == 0, error);
        whole = await run.LatestWholeCheckpointAsync(line => Assert.Fail(line));
        Assert.Equal(2, whole!.Version);
        Assert.Equal(Undisturbed(2), whole.WeightsSha256);
        Assert.Equal(2, (await run.ReadAsync())!.Record.LatestCheckpoint);
        Assert.NotNull(await run.ReadJournalAsync(1));
    }

    [Fact]
    public async Task FaultPoint_ActsAtTheNthHitOnly()
    {
        Assert.Equal(0, (await Child.RunAsync(null, "hit", "here")).ExitCode);
        Assert.Equal(0, (await Child.RunAsync("there:kill", "hit", "here")).ExitCode);
        Assert.Equal(0, (await Child.RunAsync("here:kill:3", "hit", "here")).ExitCode);
        Assert.Equal(Child.Killed, (await Child.RunAsync("there:throw,here:kill:2", "hit", "here")).ExitCode);
        Assert.Equal(70, (await Child.RunAsync("here:exit", "hit", "here")).ExitCode);
        (int exitCode, _, string error) = await Child.RunAsync("here:throw:2", "hit", "here");
        Assert.Equal(3, exitCode);
        Assert.Contains("'here'", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("here")]
    [InlineData("here:burn")]
    [InlineData("here:kill:0")]
    [InlineData("here:1")]
    [InlineData("here:kill,here:stop")]
    public async Task GarbledFaultVariable_IsRefused(string value)
    {
        (int exitCode, _, string error) = await Child.RunAsync(value, "hit", "here");
        Assert.Equal(3, exitCode);
        Assert.Contains("BGPO_FAULT", error, StringComparison.Ordinal);
    }

    private static string Undisturbed(int version)
    {
        int count = WeightsHash.ShardCount(Samples.ParameterCount, Samples.ShardSize);
        return WeightsHash.Combine(Enumerable.Range(0, count).Select(i => WeightsHash.Digest(Samples.Shard(version, i).Weights)));
    }
}
