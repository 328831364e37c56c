using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Storage.Blobs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Azure;
using Bgpo.Storage.Runs;

namespace Bgpo.Bench;

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
    private const int ShardsAtOnce = 3; // as RunStore
    private const int BlobsAtOnce = ShardsAtOnce * 2;

    private readonly float[] _noise = Noise();
    private readonly ConcurrentBag<ShardState> _sources = [];
    private readonly ConcurrentBag<byte[]> _buffers = [];
    private int _salt;

    /// <summary>This process's memory before the first checkpoint: libraries, compiled code, the noise that is saved.</summary>
    internal double StartMiB { get; } = Environment.WorkingSet / 1048576.0;

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
                dd.Add(await Time(() => Dd(cancellationToken)));
                var run = new RunStore(BlobStores.Open(Path.Combine(folder, "runs")), $"r{round}");
                await Checkpoint(run, save, load, cancellationToken);
            }
        });
        return [Rate("folder save", save, "dd fsync", dd), Rate("folder load", load, "dd fsync", dd)];
    }

    /// <summary>Saving to and loading from Azurite, against the SDK alone with as many transfers at a time.</summary>
    internal async Task<IReadOnlyList<StoreRate>> MeasureAzurite(CancellationToken cancellationToken)
    {
        List<double> up = [], down = [], save = [], load = [];
        await Cleanly(async () =>
        {
            await Azurite.InstallAsync(cancellationToken: cancellationToken);
            var azurite = await Azurite.StartNewAsync(Path.Combine(folder, "azurite"), cancellationToken: cancellationToken);
            await using var ends = azurite;
            for (int round = 0; round < rounds; round++)
            {
                var bare = new BlobContainerClient(azurite.ConnectionString, $"bare-{round}");
                await bare.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
                up.Add(await Time(() => Bare((name, buffer, size, token) =>
                    bare.UploadBlobAsync(name, BinaryData.FromBytes(buffer.AsMemory(0, size)), token), cancellationToken)));
                down.Add(await Time(() => Bare(async (name, buffer, size, token) =>
                {
                    using var answer = (await bare.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: token)).Value;
                    await answer.Content.ReadExactlyAsync(buffer.AsMemory(0, size), token);
                }, cancellationToken)));
                var run = new RunStore(BlobStores.Open(azurite.StoreUri($"ours-{round}")), "r");
                await Checkpoint(run, save, load, cancellationToken);
            }
        });
        return [Rate("azurite save", save, "SDK upload", up), Rate("azurite load", load, "SDK download", down)];
    }

    private async Task Checkpoint(RunStore run, List<double> save, List<double> load, CancellationToken cancellationToken)
    {
        CheckpointManifest manifest = null!;
        save.Add(await Time(async () =>
        {
            var entries = await Save(run, cancellationToken);
            manifest = await run.PublishCheckpointAsync(new CheckpointManifest
            {
                Version = 1,
                ParameterCount = (long)shards * WeightsHash.ShardSize,
                Shards = entries,
                ModelConfig = "{}",
                Tokenizer = "{}",
                WeightsSha256 = CheckpointManifest.HashOf(entries),
                JournalPosition = 1,
            }, cancellationToken);
        }));
        load.Add(await Time(() => run.LoadShardsAsync(manifest, _ => { }, cancellationToken: cancellationToken)));
    }

    /// <summary>Saves shards as a run's accumulators do, a few at a time; none equals another.</summary>
    private async Task<ShardEntry[]> Save(RunStore run, CancellationToken cancellationToken)
    {
        var entries = new ShardEntry[shards];
        await Parallel.ForEachAsync(Enumerable.Range(0, shards), Few(ShardsAtOnce, cancellationToken), async (i, token) =>
        {
            // What is saved is in memory already: making it is no part of what is measured.
            if (!_sources.TryTake(out var source))
            {
                source = new ShardState(0, Noise(), Noise(), Noise());
            }

            foreach (var part in new[] { source.Weights, source.M, source.V })
            {
                part[0] = Interlocked.Increment(ref _salt);
            }

            entries[i] = await run.SaveShardAsync(source with { Index = i }, cancellationToken: token);
            _sources.Add(source);
        });
        return entries;
    }

    /// <summary>As many blobs of the same sizes, each transfer in a buffer that is used again.</summary>
    private Task Bare(Func<string, byte[], int, CancellationToken, Task> transfer, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(Enumerable.Range(0, shards * 2), Few(BlobsAtOnce, cancellationToken), async (i, token) =>
        {
            if (!_buffers.TryTake(out var buffer))
            {
                buffer = new byte[WeightsHash.ShardSize * sizeof(float) * 2];
                Buffer.BlockCopy(_noise, 0, buffer, 0, buffer.Length / 2);
                Buffer.BlockCopy(_noise, 0, buffer, buffer.Length / 2, buffer.Length / 2);
            }

            await transfer($"b{i}", buffer, i % 2 == 0 ? buffer.Length / 2 : buffer.Length, token);
            _buffers.Add(buffer);
        });

    private static ParallelOptions Few(int atOnce, CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };

    private async Task Dd(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "dd");
        using var process = Process.Start(new ProcessStartInfo(
            "dd", ["if=/dev/zero", $"of={file}", "bs=6M", $"count={shards}", "conv=fsync", "status=none"]))!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new IOException($"dd to {file} ended with {process.ExitCode}");
        }
    }

    private async Task Cleanly(Func<Task> work)
    {
        try
        {
            await work();
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private StoreRate Rate(string what, List<double> seconds, string against, List<double> baseSeconds) =>
        new(what, MiB / Median(seconds), against, MiB / Median(baseSeconds));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<double> Time(Func<Task> work)
    {
        long started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static float[] Noise()
    {
        var noise = new float[WeightsHash.ShardSize];
        var random = new Random(1);
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] = random.NextSingle();
        }

        return noise;
    }
}
