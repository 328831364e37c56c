using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>A store that is away, one that is emptied, and a run that another has taken over are three things.</summary>
public sealed class AbsenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Root => Path.Combine(_folder, "runs");

    private string Elsewhere => Path.Combine(_folder, "moved");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFolderThatIsGone_IsAway_NotEmpty_AndIsNotMadeAgain()
    {
        var blobs = new LocalBlobStore(Root);
        Assert.Null(await blobs.GetAsync("r/a")); // never seen: a store that is not begun
        string etag = await blobs.PutAsync("r/a", new byte[] { 1 });
        Directory.Move(Root, Elsewhere);

        foreach (Func<Task> call in Calls(blobs, etag))
        {
            string said = (await Assert.ThrowsAsync<StoreUnavailableException>(call)).Message;
            Assert.Contains(Root, said, StringComparison.Ordinal);
            Assert.Contains("the folder is gone", said, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(Root));

        Directory.Move(Elsewhere, Root);
        Assert.Equal(etag, (await blobs.GetAsync("r/a"))!.ETag);
        Assert.NotNull(await blobs.PutIfUnchangedAsync("r/a", new byte[] { 2 }, etag));
    }

    [Fact]
    public async Task WithoutTheRunsRecord_NothingIsWritten_AndNothingCountsAsAbsent()
    {
        var blobs = new LocalBlobStore(Root);
        var begun = new RunStore(blobs, "r");
        StoredRun stored = await begun.CreateAsync(Samples.Record("r"));
        RunStore run = begun.Existing();
        CheckpointManifest saved = await Samples.SaveAsync(run, 1);
        Assert.Null(await run.ReadManifestAsync(2));
        Assert.NotNull(await run.UpdateAsync(stored.Record, stored.ETag));

        // As beneath a disk that is not mounted: the folder is there, and bare.
        Directory.Move(Root, Elsewhere);
        Directory.CreateDirectory(Root);
        Func<Task>[] calls =
        [
            () => run.ReadAsync(), () => run.UpdateAsync(stored.Record, stored.ETag), () =>
                run.WriteJournalAsync(Samples.Journal(3)),
            () => run.WriteMetricsAsync(3, []), () => run.SaveShardAsync(Samples.Shard(2, 0)), () =>
                run.PublishCheckpointAsync(saved),
            () => run.ReadJournalAsync(3), () => run.ReadManifestAsync(1), () => run.ListCheckpointsAsync(), () =>
                run.ListJournalAsync(),
            () => run.LoadShardAsync(saved.Shards[0]), () => run.LatestWholeCheckpointAsync(),
        ];
        foreach (Func<Task> call in calls)
        {
            string said = (await Assert.ThrowsAsync<StoreUnavailableException>(call)).Message;
            Assert.Contains("'r/run.json' is gone", said, StringComparison.Ordinal);
        }
        Assert.Empty(Directory.GetFileSystemEntries(Root));

        Directory.Delete(Root);
        Directory.Move(Elsewhere, Root);
        Assert.Equal(1, (await run.LatestWholeCheckpointAsync())!.Version);
        await run.WriteJournalAsync(Samples.Journal(3));
    }

    [Fact]
    public async Task ADiskThatIsUnmountedJustBeforeAWrite_LeavesTheBareFolderBare()
    {
        var blobs = new LocalBlobStore(Root);
        string etag = await blobs.PutAsync("r/run.json", new byte[] { 1 });
        // What writes beneath the guard, which has just found the record.
        var writes = new LocalBlobStore(blobs, "r/run.json");
        await writes.PutAsync("r/a", new byte[] { 1 });
        Directory.Move(Root, Elsewhere);
        Directory.CreateDirectory(Root);
        foreach (Func<Task> call in new Func<Task>[]
        {
            () => writes.PutAsync("r/a", new byte[] { 2 }), () => writes.PutIfAbsentAsync("r/blobs/b", new byte[] { 2 }),
        })
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(call);
        }
        Assert.Null(await writes.PutIfUnchangedAsync("r/run.json", new byte[] { 2 }, etag));
        Assert.Empty(Directory.GetFileSystemEntries(Root));
    }

    [Fact]
    public async Task AFolderThatIsEmptied_IsTheSame_AndOneInItsPlaceIsNot()
    {
        var blobs = new LocalBlobStore(Root);
        await blobs.PutAsync("r/run.json", new byte[] { 1 });
        Assert.True(await blobs.IsSameAsync());
        Directory.Delete(Path.Combine(Root, "r"), recursive: true);
        Assert.Null(await blobs.GetAsync("r/run.json"));
        Assert.True(await blobs.IsSameAsync());

        Directory.Move(Root, Elsewhere);
        Directory.CreateDirectory(Root);
        Assert.False(await blobs.IsSameAsync());
        Assert.False(await blobs.Requiring("r/run.json").IsSameAsync());
        Directory.Delete(Root);
        Directory.Move(Elsewhere, Root);
        Assert.True(await blobs.IsSameAsync());
    }

    [Fact]
    public async Task OfARunThatIsNot_NothingIsAsked_AndNothingIsWritten()
    {
        var run = new RunStore(new LocalBlobStore(Root), "r");
        string said = (await Assert.ThrowsAsync<StorageException>(() => run.AskAsync(RequestKind.Stop, "", []))).Message;
        Assert.Contains("no run 'r'", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Root));
    }

    private static IEnumerable<Func<Task>> Calls(LocalBlobStore blobs, string etag) =>
    [
        () => blobs.GetAsync("r/a"), () => blobs.ReadRangeAsync("r/a", 0, new byte[1]), () => blobs.FindAsync("r/a"),
        () => blobs.PutAsync("r/a", new byte[] { 2 }), () => blobs.PutIfAbsentAsync("r/b", new byte[] { 2 }),
        () => blobs.PutIfUnchangedAsync("r/a", new byte[] { 2 }, etag), () => blobs.DeleteAsync("r/a"),
        async () => await blobs.ListAsync("r/").AnyAsync(), async () => await blobs.ListFoldersAsync().AnyAsync(),
    ];
}
