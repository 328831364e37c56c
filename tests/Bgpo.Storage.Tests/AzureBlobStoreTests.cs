using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Azure;

[assembly: AssemblyFixture(typeof(Bgpo.Storage.Tests.AzuriteFixture))]

namespace Bgpo.Storage.Tests;

/// <summary>The Azure store against a real Azurite, and what is its own.</summary>
public sealed class AzureBlobStoreTests(AzuriteFixture azurite) : BlobStoreContract
{
    private readonly string _location = azurite.NewStore() + "/some/prefix";

    protected override Task<IBlobStore> OpenEmptyAsync() => Task.FromResult(OpenAgain());

    protected override IBlobStore OpenAgain() => BlobStores.Open(_location);

    protected override Task CloseAsync() => Task.CompletedTask;

    [Fact]
    public async Task BlobOfManyBlocks_IsWrittenWholeOrNotAtAll()
    {
        var content = new byte[19_000_001];
        new Random(7).NextBytes(content);
        Assert.NotNull(await Store.PutIfAbsentAsync("big", content));
        Assert.Null(await Store.PutIfAbsentAsync("big", content.AsMemory(1)));
        Assert.True((await Store.GetAsync("big"))!.Content.Span.SequenceEqual(content));
    }

    [Fact]
    public async Task StoresWithOtherPrefixes_DoNotSeeEachOther()
    {
        await Store.PutAsync("a/b", Bytes("x"));
        Assert.Null(await BlobStores.Open(_location + "2").GetAsync("a/b"));
        await foreach (BlobEntry entry in BlobStores.Open(_location[.._location.LastIndexOf('/')]).ListAsync(""))
        {
            Assert.Equal("prefix/a/b", entry.Name);
        }
    }

    [Fact]
    public async Task AnEmulatorThatAConnectionStringNames_HasItsContainerMadeByTheFirstWrite()
    {
        AzureLocation location = AzureLocation.Parse($"azblob://devstoreaccount1/made-{Guid.NewGuid():N}/runs");
        var store = new AzureBlobStore(location, AzureClients.Container(location, azurite.Azurite.ConnectionString));
        Assert.Null(await store.GetAsync("a"));
        Assert.NotNull(await store.PutIfAbsentAsync("a", Bytes("x")));
        Assert.Equal(Bytes("x"), (await store.GetAsync("a"))!.Content.ToArray());
    }

    [Theory]
    [InlineData("azblob://", "expected azblob://ACCOUNT/CONTAINER/prefix")]
    [InlineData("azblob://account", "expected azblob://ACCOUNT/CONTAINER/prefix")]
    [InlineData("azblob://Account_1/container", "account 'Account_1'")]
    [InlineData("azblob://account/Con", "container 'Con'")]
    [InlineData("azblob://account/a--b/x", "container 'a--b'")]
    [InlineData("azblob://account/container/a b", "prefix 'a b'")]
    [InlineData("azblob+emulator://", "expected azblob+emulator://CONTAINER")]
    [InlineData("azblob+emulator://127.0.0.1:0/container", "port '0'")]
    [InlineData("azblob+emulator://127.0.0.1:x/container", "port 'x'")]
    [InlineData("s3://bucket", "unknown kind")]
    public void LocationThatCannotBeRead_IsRefusedInOneLine(string location, string why)
    {
        StoreRefusedException exception = Assert.Throws<StoreRefusedException>(() => BlobStores.Open(location));
        Assert.Contains(why, exception.Message, StringComparison.Ordinal);
        Assert.Contains($"'{location.TrimEnd('/')}", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("azblob://account/container/a/b/", "https://account.blob.core.windows.net/", "container", "a/b/")]
    [InlineData("azblob+emulator://runs", "http://127.0.0.1:10000/devstoreaccount1", "runs", "")]
    [InlineData("azblob+emulator://localhost:123/runs/x", "http://127.0.0.1:123/devstoreaccount1", "runs", "x/")]
    public void Location_NamesEndpointContainerAndPrefix(string text, string endpoint, string container, string prefix)
    {
        AzureLocation location = AzureLocation.Parse(text);
        Assert.Equal((new Uri(endpoint), container, prefix), (location.Endpoint, location.Container, location.Prefix));
    }

    [Fact]
    public void ConnectionString_IsHeldToTheAccountThatTheLocationNames()
    {
        AzureLocation location = AzureLocation.Parse("azblob://account/container");
        const string Key = "DefaultEndpointsProtocol=https;AccountName=other;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
        StoreRefusedException exception = Assert.Throws<StoreRefusedException>(() => AzureClients.Container(location, Key));
        Assert.Contains("'other'", exception.Message, StringComparison.Ordinal);
        exception = Assert.Throws<StoreRefusedException>(() => AzureClients.Container(location, "AccountKey=c2VjcmV0"));
        Assert.DoesNotContain("c2VjcmV0", exception.Message, StringComparison.Ordinal);
        Assert.Equal("account", AzureClients.Container(location, Key.Replace("other", "account")).AccountName);
    }

    [Fact]
    public async Task ForeignContainerThatIsMissing_IsRefusedWithTheCommandThatMakesIt()
    {
        // The emulator under the name of another account, as a real location has it: nothing is made there.
        AzureLocation emulator = AzureLocation.Parse(azurite.NewStore());
        var store = new AzureBlobStore(emulator with { EmulatorPort = null, Account = "foreign" }, AzureClients.Container(emulator, null));
        StoreRefusedException exception = await Assert.ThrowsAsync<StoreRefusedException>(() => store.PutAsync("x", Bytes("x")));
        Assert.Contains("az storage container create", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"--name {emulator.Container}", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }
}
