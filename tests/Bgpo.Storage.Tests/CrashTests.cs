using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>A process killed at any write point leaves a run that can be read, and the next one finishes the step.</summary>
public abstract class CrashTests
{
    /// <summary>Location of an empty store.</summary>
    protected abstract string Location { get; }

    protected async Task KilledAtAnyWritePointAsync(string fault)
    {
        var run = new RunStore(BlobStores.Open(Location), "r");
        bool creates = fault.StartsWith("run.create", StringComparison.Ordinal);
        if (!creates)
        {
            await Child.TakeStepAsync(run, 1);
        }

        (int exitCode, _, string error) = await Child.RunAsync(fault, "step", Location, "r", "2");
        Assert.True(exitCode == Child.Killed, $"expected a kill at {fault}, got exit code {exitCode}: {error}");

        CheckpointManifest? whole = await run.LatestWholeCheckpointAsync(line => Assert.Fail(line));
        if (!creates)
        {
            // The manifest is the step's 7th blob; it is there once the store says so.
            bool published = fault.StartsWith("checkpoint.manifest.after", StringComparison.Ordinal)
                || fault.StartsWith("run.update", StringComparison.Ordinal)
                || fault is $"{StorageFaults.BlobVisible}:kill:7" or $"{StorageFaults.BlobAnswered}:kill:7"
                || (fault.StartsWith("blob.", StringComparison.Ordinal) && fault.EndsWith(":8", StringComparison.Ordinal));
            Assert.Equal(published ? 2 : 1, whole!.Version);
            Assert.InRange((await run.ReadAsync())!.Record.LatestCheckpoint!.Value, 1, whole.Version);
            Assert.NotNull(await run.ReadJournalAsync(0));
        }

        run = new RunStore(BlobStores.Open(Location), "r");
        await Child.TakeStepAsync(run, 2);
        whole = await run.LatestWholeCheckpointAsync(line => Assert.Fail(line));
        Assert.Equal(2, whole!.Version);
        Assert.Equal(Undisturbed(2), whole.WeightsSha256);
        Assert.Equal(2, (await run.ReadAsync())!.Record.LatestCheckpoint);
        Assert.NotNull(await run.ReadJournalAsync(1));
    }

    private static string Undisturbed(int version)
    {
        int count = WeightsHash.ShardCount(Samples.ParameterCount, Samples.ShardSize);
        return WeightsHash.Combine(Enumerable.Range(0, count).Select(i => WeightsHash.Digest(Samples.Shard(version, i).Weights)));
    }
}

/// <summary>Crashes over a local folder.</summary>
public sealed class FolderCrashTests : CrashTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Every fault point, at the first and at later hits: the store's own are hit by each blob of the step.</summary>
    public static TheoryData<string> Kills
    {
        get
        {
            var kills = new TheoryData<string>();
            foreach (string name in StorageFaults.Folder.Concat(StorageFaults.Run))
            {
                int[] hits = name switch
                {
                    // 1 journal, 2 metrics, 3 to 6 the shards that moved, 7 manifest, 8 record.
                    _ when StorageFaults.Folder.Contains(name) => [1, 2, 3, 5, 7, 8],
                    StorageFaults.WeightsBefore or StorageFaults.WeightsAfter => [1, 2, 3],
                    StorageFaults.MomentsBefore or StorageFaults.MomentsAfter => [1, 3],
                    _ => [1],
                };
                foreach (int nth in hits)
                {
                    kills.Add($"{name}:kill:{nth}");
                }
            }
            return kills;
        }
    }

    protected override string Location => _folder;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kills))]
    public Task KilledAtAnyWritePoint_LeavesAWholeRun_AndTheNextProcessFinishes(string fault) =>
        KilledAtAnyWritePointAsync(fault);
}

/// <summary>Crashes over Azurite.</summary>
public sealed class AzureCrashTests(AzuriteFixture azurite) : CrashTests
{
    /// <summary>Every write point: before, within and after each of the eight blobs of a step, and the first of a run.</summary>
    public static TheoryData<string> Kills =>
    [
        .. StorageFaults.Azure.SelectMany(point => Enumerable.Range(1, 8).Select(nth => $"{point}:kill:{nth}")),
        $"{StorageFaults.RunCreateBefore}:kill", $"{StorageFaults.RunCreateAfter}:kill",
    ];

    protected override string Location { get; } = azurite.NewStore();

    [Theory]
    [MemberData(nameof(Kills))]
    public Task KilledAtAnyWritePoint_LeavesAWholeRun_AndTheNextProcessFinishes(string fault) =>
        KilledAtAnyWritePointAsync(fault);
}

/// <summary>What <c>BGPO_FAULT</c> does and refuses.</summary>
public sealed class FaultPointTests
{
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
}
