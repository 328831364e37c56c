using Bgpo.Storage.Blobs.Azure;

namespace Bgpo.Storage.Tests;

/// <summary>
/// One Azurite process for all classes of a test assembly that ask for it (<c>IClassFixture</c> or an assembly fixture):
/// installed where missing, on a free loopback port, with a folder of its own. Each caller takes a container of its own, so tests
/// run in any order.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private int _containers;

    /// <summary>The process; tests may stop it and start it again when no others use it.</summary>
    public Azurite Azurite { get; private set; } = null!;

    /// <summary>The location of a store that nobody else uses.</summary>
    public string NewStore() => Azurite.StoreUri($"store-{Interlocked.Increment(ref _containers)}");

    public async ValueTask InitializeAsync()
    {
        await Azurite.InstallAsync();
        Azurite = await Azurite.StartNewAsync(_folder);
    }

    public async ValueTask DisposeAsync()
    {
        await Azurite.DisposeAsync();
        _folder.Dispose();
    }
}
