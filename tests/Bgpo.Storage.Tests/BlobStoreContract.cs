using System.Text;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Tests;

/// <summary>What every blob store promises. One class derives from it per implementation.</summary>
public abstract class BlobStoreContract : IAsyncLifetime
{
    /// <summary>An empty store.</summary>
    protected IBlobStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Store = await OpenEmptyAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the empty store.</summary>
    protected abstract Task<IBlobStore> OpenEmptyAsync();

    /// <summary>Opens the same store a second time, as another client of it.</summary>
    protected abstract IBlobStore OpenAgain();

    /// <summary>Removes the store.</summary>
    protected abstract Task CloseAsync();

    [Fact]
    public async Task AbsentBlob_IsNullEverywhere()
    {
        Assert.Null(await Store.GetAsync("a/b"));
        Assert.Null(await Store.FindAsync("a/b"));
        Assert.Null(await Store.ReadRangeAsync("a/b", 0, new byte[4]));
        Assert.Null(await Store.PutIfUnchangedAsync("a/b", Bytes("x"), "\"0\""));
        Assert.Null(await Store.GetAsync("a/b"));
        Assert.False(await Store.DeleteAsync("a/b"));
        Assert.Empty(await NamesAsync(""));
        Assert.Empty(await NamesAsync("a/"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_001)]
    public async Task Content_ComesBackAsWritten(int length)
    {
        byte[] content = Pattern(length);
        string etag = await Store.PutAsync("run/blobs/x.safetensors", content);
        Blob blob = (await OpenAgain().GetAsync("run/blobs/x.safetensors"))!;
        Assert.True(blob.Content.Span.SequenceEqual(content));
        Assert.Equal(etag, blob.ETag);
        Assert.Equal(length, (await Store.FindAsync("run/blobs/x.safetensors"))!.Size);
    }

    [Fact]
    public async Task Range_IsFilledAsFarAsTheBlobGoes()
    {
        byte[] content = Pattern(1000);
        await Store.PutAsync("x", content);
        var buffer = new byte[100];
        Assert.Equal(100, await Store.ReadRangeAsync("x", 500, buffer));
        Assert.Equal(content[500..600], buffer);
        Assert.Equal(10, await Store.ReadRangeAsync("x", 990, buffer));
        Assert.Equal(content[990..], buffer[..10]);
        Assert.Equal(0, await Store.ReadRangeAsync("x", 1000, buffer));
        Assert.Equal(0, await Store.ReadRangeAsync("x", 5000, buffer));
    }

    [Fact]
    public async Task PutIfAbsent_NeverReplaces()
    {
        Assert.NotNull(await Store.PutIfAbsentAsync("x", Bytes("first")));
        Assert.Null(await Store.PutIfAbsentAsync("x", Bytes("second")));
        Assert.Equal("first", await TextAsync("x"));
    }

    [Fact]
    public async Task ConcurrentPutIfAbsent_HasOneWinner_AndItsContentStays()
    {
        for (int round = 0; round < 10; round++)
        {
            string name = $"run/{round}";
            string?[] etags = await Task.WhenAll(Enumerable.Range(0, 16).Select(
                i => (i % 2 == 0 ? Store : OpenAgain()).PutIfAbsentAsync(name, Bytes($"writer {i}"))));
            int winner = Assert.Single(Enumerable.Range(0, 16), i => etags[i] is not null);
            Blob blob = (await Store.GetAsync(name))!;
            Assert.Equal($"writer {winner}", Encoding.UTF8.GetString(blob.Content.Span));
            Assert.Equal(etags[winner], blob.ETag);
        }
    }

    [Fact]
    public async Task PutIfUnchanged_LosesOnChange()
    {
        string first = await Store.PutAsync("run/run.json", Bytes("1"));
        string? second = await Store.PutIfUnchangedAsync("run/run.json", Bytes("2"), first);
        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Null(await Store.PutIfUnchangedAsync("run/run.json", Bytes("3"), first));
        Assert.Equal("2", await TextAsync("run/run.json"));
        Assert.NotNull(await Store.PutIfUnchangedAsync("run/run.json", Bytes("3"), second));
    }

    [Fact]
    public async Task PutIfUnchanged_LosesOnDeletion()
    {
        string etag = await Store.PutAsync("x", Bytes("1"));
        Assert.True(await Store.DeleteAsync("x"));
        Assert.Null(await Store.PutIfUnchangedAsync("x", Bytes("2"), etag));
        Assert.Null(await Store.GetAsync("x"));
    }

    [Fact]
    public async Task ConcurrentPutIfUnchanged_LosesNoIncrement()
    {
        await Store.PutAsync("counter", Bytes("0 "));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Child.IncrementAsync(i % 2 == 0 ? Store : OpenAgain(), 5)));
        Assert.Equal("30", (await TextAsync("counter")).TrimEnd());
    }

    [Fact]
    public async Task ReaderDuringWrites_SeesOneWholeContent()
    {
        await Store.PutAsync("x", Uniform(0));
        Task writer = Task.Run(async () =>
        {
            for (byte i = 1; i < 30; i++)
            {
                await Store.PutAsync("x", Uniform(i));
            }
        });
        while (!writer.IsCompleted)
        {
            Blob blob = (await OpenAgain().GetAsync("x"))!;
            Assert.Equal(200_000, blob.Content.Length);
            Assert.Equal(-1, blob.Content.Span.IndexOfAnyExcept(blob.Content.Span[0]));
        }
        await writer;

        static byte[] Uniform(byte value)
        {
            var content = new byte[200_000];
            content.AsSpan().Fill(value);
            return content;
        }
    }

    [Fact]
    public async Task List_GivesThePrefixInOrdinalOrder()
    {
        foreach (string name in new[] { "b/2", "b/10", "b/1/x", "B/1", "bc", "a" })
        {
            await Store.PutAsync(name, Bytes(name));
        }

        Assert.Equal(["B/1", "a", "b/1/x", "b/10", "b/2", "bc"], await NamesAsync(""));
        Assert.Equal(["b/1/x", "b/10", "b/2"], await NamesAsync("b/"));
        Assert.Equal(["b/1/x", "b/10"], await NamesAsync("b/1"));
        Assert.Equal(["b/1/x", "b/10", "b/2", "bc"], await NamesAsync("b"));
        Assert.Empty(await NamesAsync("c"));
        await foreach (BlobEntry entry in Store.ListAsync("b/"))
        {
            Assert.Equal(entry.Name.Length, entry.Size);
            Assert.InRange(entry.Modified, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        }
    }

    [Fact]
    public async Task ListFolders_GivesFirstSegmentsThatHoldBlobs()
    {
        foreach (string name in new[] { "b/2", "b/c/10", "a/x", "gone/x", "file" })
        {
            await Store.PutAsync(name, Bytes(name));
        }

        await Store.DeleteAsync("gone/x");
        var folders = new List<string>();
        await foreach (string folder in Store.ListFoldersAsync())
        {
            folders.Add(folder);
        }

        Assert.Equal(["a", "b"], folders);
    }

    [Fact]
    public async Task Delete_RemovesOnlyThatBlob()
    {
        await Store.PutAsync("a/1", Bytes("1"));
        await Store.PutAsync("a/2", Bytes("2"));
        Assert.True(await Store.DeleteAsync("a/1"));
        Assert.False(await Store.DeleteAsync("a/1"));
        Assert.Equal(["a/2"], await NamesAsync(""));
        Assert.NotNull(await Store.PutIfAbsentAsync("a/1", Bytes("again")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/.hidden")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("é")]
    public async Task NameThatIsNotAllowed_IsRefusedByName(string name)
    {
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(name, Bytes("x")));
        Assert.Contains($"'{name}'", exception.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.GetAsync(name));
    }

    [Fact]
    public async Task CancelledCall_Throws()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.PutAsync("x", Bytes("x"), source.Token));
        Assert.Null(await Store.GetAsync("x"));
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected async Task<string> TextAsync(string name) => Encoding.UTF8.GetString((await Store.GetAsync(name))!.Content.Span);

    protected async Task<List<string>> NamesAsync(string prefix)
    {
        var names = new List<string>();
        await foreach (BlobEntry entry in Store.ListAsync(prefix))
        {
            names.Add(entry.Name);
        }

        return names;
    }

    private static byte[] Pattern(int length)
    {
        var content = new byte[length];
        for (int i = 0; i < length; i++)
        {
            content[i] = (byte)((i * 31) + (i >> 8));
        }

        return content;
    }
}
