using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Azure;
using Bgpo.Storage.Blobs.Resilience;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>An Azurite that is stopped and started again, and corruption there.</summary>
public sealed class AzureOutageTests(AzuriteFixture shared) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StoppedStore_IsUnavailable_AndWhenItIsBackTheRunGoesOn()
    {
        await using Azurite azurite = await Azurite.StartNewAsync(_folder);
        var patience = new StorePatience
        {
            Total = TimeSpan.FromMilliseconds(300),
            FirstContact = TimeSpan.FromMilliseconds(300),
        };
        IBlobStore store = BlobStores.Open(azurite.StoreUri("runs"), patience: patience);
        var run = new RunStore(store, "r");
        await Child.TakeStepAsync(run, 1);
        int port = azurite.Port;
        await azurite.StopAsync();
        StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(() => run.ReadAsync());
        Assert.Contains($"port {port}", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.True(store.Health.Failures > 0);
        await azurite.StartAsync();
        Assert.Equal(port, azurite.Port);
        // Another client, as the circuit of the first may be open for a moment yet.
        run = new RunStore(BlobStores.Open(azurite.StoreUri("runs")), "r");
        await Child.TakeStepAsync(run, 2);
        Assert.Equal(2, (await run.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
    }

    [Fact]
    public async Task DamagedBlobOfACheckpoint_IsNamed_AndTheOlderOneIsTaken()
    {
        IBlobStore store = BlobStores.Open(shared.NewStore());
        var run = new RunStore(store, "r");
        await Samples.SaveAsync(run, 1);
        CheckpointManifest second = await Samples.SaveAsync(run, 2);
        string[] names =
        [
            "r/checkpoints/00000002.json",
            .. second.Shards.Skip(1).SelectMany(shard => new[] { shard.Weights, shard.Moments! })
                .Select(hash => $"r/blobs/{hash}.safetensors"),
        ];
        foreach (string name in names)
        {
            byte[] content = (await store.GetAsync(name))!.Content.ToArray();
            byte[] flipped = [.. content];
            flipped[content.Length / 2] ^= 1;
            foreach (byte[]? damage in new[] { flipped, content[..^1], null })
            {
                if (damage is null)
                {
                    await store.DeleteAsync(name);
                }
                else
                {
                    await store.PutAsync(name, damage);
                }

                Assert.Contains($"'{name}'", Assert.Single((await run.VerifyCheckpointAsync(2)).Faults),
                    StringComparison.Ordinal);
                Assert.Equal(1, (await run.LatestWholeCheckpointAsync())!.Version);
                await store.PutAsync(name, content);
            }
        }
        Assert.Equal(2, (await run.LatestWholeCheckpointAsync(line => Assert.Fail(line)))!.Version);
    }
}
