using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

public sealed class DeletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IBlobStore _blobs;
    private readonly RunStore _run;

    public DeletionTests()
    {
        _blobs = BlobStores.Open(_folder.Path);
        _run = new RunStore(_blobs, "r");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task DeletedRun_LeavesNothing_AndItsIdIsFree()
    {
        await Child.TakeStepAsync(_run, 1);
        await Child.TakeStepAsync(_run, 2);
        await Child.TakeStepAsync(new RunStore(_blobs, "r-2"), 1);

        Assert.True(await _run.DeleteAsync((await _run.ReadAsync())!));

        Assert.Equal(["r-2"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Assert.Equal(1, (await new RunStore(_blobs, "r-2").LatestWholeCheckpointAsync())!.Version);
        await _run.CreateAsync(Samples.Record("r"));
        Assert.Empty(await _run.ListCheckpointsAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(12)]
    public async Task KilledDeletion_IsSeen_AndTheNextOneEndsIt(int nth)
    {
        await Child.TakeStepAsync(_run, 1);
        await Child.TakeStepAsync(_run, 2);
        StoredRun former = (await _run.ReadAsync())!;
        (int exitCode, _, string error) =
            await Child.RunAsync($"{StorageFaults.RunDelete}:kill:{nth}", "delete", _folder.Path, "r");
        Assert.True(exitCode == Child.Killed, error);

        StoredRun marked = (await _run.ReadAsync())!;
        Assert.Equal((RunState.Stopped, RunStore.BeingDeleted), (marked.Record.State, marked.Record.Reason));
        Assert.Null(await _run.UpdateAsync(former.Record, former.ETag)); // a controller that still held it
        Assert.True(await _run.DeleteAsync(marked));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task RunThatSomebodyTookMeanwhile_IsKept()
    {
        await Child.TakeStepAsync(_run, 1);
        StoredRun seen = (await _run.ReadAsync())!;
        Assert.NotNull(await _run.UpdateAsync(seen.Record with { Epoch = seen.Record.Epoch + 1 }, seen.ETag));
        Assert.False(await _run.DeleteAsync(seen));
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync())!.Version);
        Assert.Null((await _run.ReadAsync())!.Record.Reason);
    }

    [Fact]
    public async Task FolderThatHasBlobs_IsNotRemoved()
    {
        await Child.TakeStepAsync(_run, 1);
        await _blobs.RemoveFolderAsync("r/");
        Assert.Equal(1, (await _run.LatestWholeCheckpointAsync())!.Version);
        await _blobs.RemoveFolderAsync("none/");
    }
}
