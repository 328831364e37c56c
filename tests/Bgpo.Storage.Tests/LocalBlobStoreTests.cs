using System.Runtime.Versioning;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;

namespace Bgpo.Storage.Tests;

/// <summary>The contract on a local folder, and what only a folder can get wrong.</summary>
public sealed class LocalBlobStoreTests : BlobStoreContract
{
    private readonly TemporaryFolder _folder = new();

    private string Root => Path.Combine(_folder, "runs");

    protected override Task<IBlobStore> OpenEmptyAsync() => Task.FromResult<IBlobStore>(new LocalBlobStore(Root));

    protected override IBlobStore OpenAgain() => new LocalBlobStore(Root);

    protected override Task CloseAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task TwoProcesses_NeverBothCreateABlob()
    {
        const int Count = 40;
        Task<(int ExitCode, string Output, string Error)> other = Child.RunAsync(null, "race", Root, $"{Count}", "other");
        // Once the other has begun, we catch up with it, so both want the same names at the same time.
        while (await Store.FindAsync("race/0") is null && !other.IsCompleted)
        {
            await Task.Yield();
        }

        int won = await Child.RaceAsync(Store, Count, "own");
        int otherWon = (await other).ExitCode;
        Assert.Equal(Count, won + otherWon);
        int own = 0;
        for (int i = 0; i < Count; i++)
        {
            own += await TextAsync($"race/{i}") == "own" ? 1 : 0;
        }

        Assert.Equal(won, own);
    }

    [Fact]
    public async Task TwoProcesses_LoseNoIncrement()
    {
        // A large content makes the moment between check and replacement long enough to be hit.
        await Store.PutAsync("counter", Bytes("0".PadRight(1_000_000)));
        Task<(int ExitCode, string Output, string Error)> other = Child.RunAsync(null, "increment", Root, "30");
        while ((await TextAsync("counter")).TrimEnd() == "0" && !other.IsCompleted)
        {
            await Task.Yield();
        }

        await Child.IncrementAsync(Store, 30);
        Assert.Equal(0, (await other).ExitCode);
        Assert.Equal("60", (await TextAsync("counter")).TrimEnd());
    }

    [Fact]
    public async Task NoTemporaryFile_IsLeftByAnyWrite()
    {
        string etag = await Store.PutAsync("a/x", Bytes("1"));
        await Store.PutIfAbsentAsync("a/x", Bytes("2"));
        await Store.PutIfAbsentAsync("a/y", Bytes("2"));
        await Store.PutIfUnchangedAsync("a/x", Bytes("3"), "\"stale\"");
        await Store.PutIfUnchangedAsync("a/x", Bytes("3"), etag);
        Assert.Empty(Leftovers("a"));
    }

    [Theory]
    [InlineData(StorageFaults.BlobHalfWritten)]
    [InlineData(StorageFaults.BlobWritten)]
    public async Task LeftoverOfAKilledWriter_IsNeverListed_AndGoesWithTheNextProcesssFirstWrite(string fault)
    {
        await Store.PutAsync("race/other", Bytes("x"));
        Assert.Equal(Child.Killed, (await Child.RunAsync($"{fault}:kill", "race", Root, "1", "w")).ExitCode);
        Assert.Single(Leftovers("race"));
        Assert.Equal(["race/other"], await NamesAsync(""));

        await OpenAgain().PutAsync("race/other", Bytes("y"));
        Assert.Empty(Leftovers("race"));
    }

    [Theory]
    [InlineData(StorageFaults.BlobHalfWritten)]
    [InlineData(StorageFaults.BlobWritten)]
    public async Task LeftoverOfAKilledWriter_GoesWhenItsRunIsTidied(string fault)
    {
        await Store.PutAsync("race/other", Bytes("x"));
        Assert.Equal(Child.Killed, (await Child.RunAsync($"{fault}:kill", "race", Root, "1", "w")).ExitCode);
        await Store.TidyAsync("race/");
        Assert.Empty(Leftovers("race"));
        Assert.Equal(["race/other"], await NamesAsync(""));
    }

    [Fact]
    public async Task LeftoverNamedAfterAProcessThatLives_GoesAfterAnHour()
    {
        await Store.PutAsync("race/other", Bytes("x"));
        string leftover = Path.Combine(Root, "race", $".tmp-{Environment.ProcessId}-0");
        File.WriteAllText(leftover, "half");
        await OpenAgain().PutAsync("race/other", Bytes("y"));
        Assert.True(File.Exists(leftover),
            "a young leftover may belong to a live writer between creation and lock, or lock and rename");

        File.SetLastWriteTimeUtc(leftover, DateTime.UtcNow.AddHours(-2));
        await OpenAgain().PutAsync("race/other", Bytes("z"));
        Assert.Empty(Leftovers("race"));
    }

    [Fact]
    public async Task OldTemporaryFileOfALiveWriter_IsNotSwept()
    {
        await Store.PutAsync("a/x", Bytes("x"));
        string path = Path.Combine(Root, "a", TemporaryFiles.Prefix + "1-live");
        using (File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-2));
            await OpenAgain().PutAsync("a/x", Bytes("y"));
            Assert.True(File.Exists(path));
        }
        await OpenAgain().PutAsync("a/x", Bytes("z"));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void StoreThatIsAFile_IsRefusedByPath()
    {
        File.WriteAllText(Root, "x");
        StorageException exception = Assert.Throws<StoreRefusedException>(() => new LocalBlobStore(Root));
        Assert.Contains($"'{Root}' is a file", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FileInPlaceOfAFolder_IsNamedWithARemedy()
    {
        await Store.PutAsync("a", Bytes("x"));
        StorageException exception = await Assert.ThrowsAsync<StoreRefusedException>(() => Store.PutAsync("a/b", Bytes("x")));
        AssertOneLine(exception, Root, "'a/b'", "a file stands where a folder is needed");
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task FolderWithoutPermission_IsNamedWithARemedy()
    {
        Assert.SkipWhen(Environment.UserName == "root", "root may write anywhere");
        Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        StorageException exception = await Assert.ThrowsAsync<StoreRefusedException>(() => Store.PutAsync("a/b", Bytes("x")));
        AssertOneLine(exception, Root, "'a/b'", "permission is denied");
    }

    [Theory]
    [InlineData(28, true, "no space is left")]
    [InlineData(30, false, "read-only")]
    [InlineData(13, false, "permission is denied")]
    [InlineData(20, false, "a file stands where a folder is needed")]
    [InlineData(36, false, "too long")]
    [InlineData(5, true, "Input/output error; mend the folder")]
    public void SystemError_BecomesOneLineWithARemedy_AndSaysWhetherItMayHeal(int error, bool heals, string remedy)
    {
        StorageException exception = FolderErrors.Translate(Libc.Failure("write", Root, error), Root, "write 'a/b'");
        AssertOneLine(exception, Root, "'a/b'", remedy);
        Assert.Equal(heals, exception is StoreUnavailableException);
        Assert.Equal(!heals, exception is StoreRefusedException);
    }

    private static void AssertOneLine(StorageException exception, params string[] parts)
    {
        Assert.DoesNotContain('\n', exception.Message);
        Assert.All(parts, part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    private string[] Leftovers(string folder) => Directory.GetFiles(Path.Combine(Root, folder), TemporaryFiles.Prefix + "*");
}
