using System.Diagnostics;
using Azure.Storage.Blobs;
using Bgpo.Storage;
using Bgpo.Storage.AzureBlobs;

namespace Bgpo.Client.Commands;

/// <summary>One measured rate beside the one it is held to.</summary>
/// <param name="What">What was measured.</param>
/// <param name="MiBPerSecond">Its median.</param>
/// <param name="Against">What it is held to.</param>
/// <param name="BaseMiBPerSecond">The median of that.</param>
internal sealed record StoreRate(string What, double MiBPerSecond, string Against, double BaseMiBPerSecond)
{
    /// <summary>The one over the other.</summary>
    public double Ratio => MiBPerSecond / BaseMiBPerSecond;
}

/// <summary>Times checkpoints of full shards, turn about with what they are held to.</summary>
/// <param name="folder">Where everything is written; deleted at the end.</param>
/// <param name="shards">Shards of the checkpoint.</param>
/// <param name="rounds">Measurements of each.</param>
internal sealed class StoreBench(string folder, int shards, int rounds)
{
    private const int BytesPerShard = WeightsHash.ShardSize * sizeof(float) * 3;
    private const int AtOnce = 4;

    private readonly float[] _noise = Noise();
    private int _salt;

    /// <summary>Size of a checkpoint.</summary>
    internal long MiB => (long)shards * BytesPerShard >> 20;

    /// <summary>Saving to and loading from a folder, against dd with fsync to the same disk.</summary>
    internal async Task<IReadOnlyList<StoreRate>> MeasureFolder(CancellationToken cancellationToken)
    {
        List<double> dd = [], save = [], load = [];
        await Cleanly(async () =>
        {
            for (int round = 0; round < rounds; round++)
            {
                dd.Add(await Time(() => Dd(cancellationToken)).ConfigureAwait(false));
                var run = new RunStore(BlobStores.Open(Path.Combine(folder, "runs")), $"r{round}");
                await Checkpoint(run, save, load, cancellationToken).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        return [Rate("folder save", save, "dd fsync", dd), Rate("folder load", load, "dd fsync", dd)];
    }

    /// <summary>Saving to and loading from Azurite, against the SDK alone with as many transfers at a time.</summary>
    internal async Task<IReadOnlyList<StoreRate>> MeasureAzurite(CancellationToken cancellationToken)
    {
        List<double> up = [], down = [], save = [], load = [];
        await Cleanly(async () =>
        {
            await Azurite.InstallAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            var azurite = await Azurite.StartNewAsync(Path.Combine(folder, "azurite"), cancellationToken: cancellationToken).ConfigureAwait(false);
            await using var ends = azurite.ConfigureAwait(false);
            for (int round = 0; round < rounds; round++)
            {
                var bare = new BlobContainerClient(azurite.ConnectionString, $"bare-{round}");
                await bare.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
                up.Add(await Time(() => Bare((name, content, token) => bare.UploadBlobAsync(name, content, token), cancellationToken)).ConfigureAwait(false));
                down.Add(await Time(() => Bare(async (name, _, token) =>
                    (await bare.GetBlobClient(name).DownloadContentAsync(token).ConfigureAwait(false)).Value.Content.ToArray(), cancellationToken)).ConfigureAwait(false));
                var run = new RunStore(BlobStores.Open(azurite.StoreUri($"ours-{round}")), "r");
                await Checkpoint(run, save, load, cancellationToken).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        return [Rate("azurite save", save, "SDK upload", up), Rate("azurite load", load, "SDK download", down)];
    }

    private async Task Checkpoint(RunStore run, List<double> save, List<double> load, CancellationToken cancellationToken)
    {
        CheckpointManifest manifest = null!;
        save.Add(await Time(async () =>
        {
            var entries = await run.SaveShardsAsync(Enumerable.Range(0, shards).Select(Shard), cancellationToken).ConfigureAwait(false);
            manifest = await run.PublishCheckpointAsync(new CheckpointManifest
            {
                Version = 1,
                ParameterCount = (long)shards * WeightsHash.ShardSize,
                Shards = entries,
                ModelConfig = "{}",
                Tokenizer = "{}",
                WeightsSha256 = CheckpointManifest.HashOf(entries),
                JournalPosition = 1,
            }, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false));
        load.Add(await Time(() => run.LoadShardsAsync(manifest, _ => { }, cancellationToken: cancellationToken)).ConfigureAwait(false));
    }

    private ShardState Shard(int index) => new(index, Part(), Part(), Part());

    /// <summary>Noise that no other part equals, at the price of a copy.</summary>
    private float[] Part()
    {
        float[] part = [.. _noise];
        part[0] = Interlocked.Increment(ref _salt);
        return part;
    }

    private Task Bare(Func<string, BinaryData, CancellationToken, Task> transfer, CancellationToken cancellationToken)
    {
        byte[] weights = new byte[WeightsHash.ShardSize * sizeof(float)], moments = new byte[weights.Length * 2];
        Buffer.BlockCopy(_noise, 0, weights, 0, weights.Length);
        Buffer.BlockCopy(_noise, 0, moments, weights.Length, weights.Length);
        return Parallel.ForEachAsync(
            Enumerable.Range(0, shards * 2), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (i, token) => await transfer($"b{i}", BinaryData.FromBytes(i % 2 == 0 ? weights : moments), token).ConfigureAwait(false));
    }

    private async Task Dd(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "dd");
        using var process = Process.Start(new ProcessStartInfo(
            "dd", ["if=/dev/zero", $"of={file}", "bs=6M", $"count={shards}", "conv=fsync", "status=none"]))!;
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw new IOException($"dd to {file} ended with {process.ExitCode}");
    }

    private async Task Cleanly(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private StoreRate Rate(string what, List<double> seconds, string against, List<double> baseSeconds) =>
        new(what, MiB / Median(seconds), against, MiB / Median(baseSeconds));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<double> Time(Func<Task> work)
    {
        long started = Stopwatch.GetTimestamp();
        await work().ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static float[] Noise()
    {
        var noise = new float[WeightsHash.ShardSize];
        var random = new Random(1);
        for (int i = 0; i < noise.Length; i++)
            noise[i] = random.NextSingle();
        return noise;
    }
}
