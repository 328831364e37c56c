using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Membership;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Tests;

/// <summary>What a client knows of its cluster, from the table in the cluster's folder.</summary>
public sealed class ClientMembershipTests : IDisposable
{
    private static readonly SiloAddress First = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress Second = SiloAddress.New(IPAddress.Loopback, 2, 2);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"client-{Guid.NewGuid():N}");
    private readonly Transport _transport;
    private readonly EmbeddedClient _client;

    public ClientMembershipTests()
    {
        ClusterDirectory directory = ClusterDirectory.Open(_path);
        _transport = new Transport(directory, "tests", null, 1 << 20, NullLogger<Transport>.Instance);
        // It never looks by itself within a test.
        _client = new EmbeddedClient(directory, _transport, Options.Create(new ClusterMembershipOptions { TableRefreshTimeout = TimeSpan.FromDays(1) }));
    }

    public void Dispose()
    {
        _transport.Dispose();
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    [Fact]
    public async Task ANewTable_IsSeenAsTheFileSystemTellsOfIt()
    {
        // It watches from the start, though no silo is there to connect to.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.StartAsync(new CancellationToken(canceled: true)));
        Join(First);
        Assert.True(SpinWait.SpinUntil(() => _client.View.Active.Contains(First), TimeSpan.FromSeconds(20)));
        await _client.StopAsync(CancellationToken.None);
    }

    [Fact]
    public void AFolderThatGoes_IsAClusterWithoutSilos_AndOneThatComesInItsPlaceAnother()
    {
        Join(First);
        Join(Second);
        _client.Refresh();
        Assert.Equal([First, Second], _client.View.Active);

        Directory.Delete(_path, recursive: true);
        _client.Refresh();
        Assert.Empty(_client.View.Active);

        ClusterDirectory.Open(_path);
        Join(Second);
        _client.Refresh();
        Assert.Equal([Second], _client.View.Active);
    }

    [Fact]
    public void ATableThatIsOfAnotherCluster_IsTaken_ThoughItsVersionIsLower()
    {
        Join(First);
        Join(First);
        _client.Refresh();
        Directory.Delete(_path, recursive: true);
        ClusterDirectory.Open(_path);
        Join(Second);
        _client.Refresh();
        Assert.Equal([Second], _client.View.Active);
    }

    private void Join(SiloAddress silo) => new ClusterTableStore(ClusterDirectory.Open(_path), "test").Update(table => table with
    {
        Rows = [.. table.Rows.Where(row => row.Address != silo.ToParsableString()), new SiloRow { Address = silo.ToParsableString(), Name = "s", Status = SiloStatus.Active }],
    });
}
