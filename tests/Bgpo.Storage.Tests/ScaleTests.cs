using System.Collections.Concurrent;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>What a run, or a store of many, asks of its store does not grow with what it has done before.</summary>
public sealed class ScaleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Publishing_LooksForTheBlobsOfItsManifest_AndListsNone()
    {
        var calls = new ConcurrentBag<(string Method, string Name)>();
        var run = new RunStore(new WatchedStore(new LocalBlobStore(_folder), (method, name) =>
        {
            calls.Add((method, name));
            return Task.CompletedTask;
        }), "r");
        CheckpointManifest last = await Samples.SaveAsync(run, 1);
        for (int version = 2; version <= 6; version++)
        {
            last = await Samples.SaveAsync(run, version);
        }
        calls.Clear();
        await run.PublishCheckpointAsync(last);

        Assert.DoesNotContain(calls, call => call.Method == nameof(IBlobStore.ListAsync));
        Assert.Equal(6, calls.Count(call => call.Method == nameof(IBlobStore.FindAsync))); // weights and moments of three shards
    }

    [Fact]
    public async Task Catalogue_ReadsRecordsAtTheSameTime_AndListsThemInOrder()
    {
        var blobs = new LocalBlobStore(_folder);
        string[] ids = [.. Enumerable.Range(0, 50).Select(i => $"run-{i:D2}")];
        foreach (string id in ids)
        {
            await new RunStore(blobs, id).CreateAsync(Samples.Record(id));
        }
        int waiting = 0;
        var many = new TaskCompletionSource();
        // None is answered before ten are asked for: one after the other they never are.
        var catalog = new RunCatalog(new WatchedStore(blobs, (_, _) =>
        {
            if (Interlocked.Increment(ref waiting) == 10)
            {
                many.SetResult();
            }
            return many.Task;
        }));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal(ids, await catalog.ListAsync(patience.Token).Select(entry => entry.RunId).ToListAsync(patience.Token));
    }
}
