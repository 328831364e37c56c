using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Spec;
using Bgpo.Storage;

namespace Bgpo.Bench;

/// <summary>A run in a store that accumulators can load their shards from, with any number of shards and no training.</summary>
internal static class WireRun
{
    internal const string Id = "wire";

    /// <summary>Writes it.</summary>
    /// <param name="blobs">The store.</param>
    /// <param name="shards">Its shards, all zero.</param>
    internal static async Task Create(IBlobStore blobs, int shards)
    {
        var tokenizer = new CharacterTokenizer(CharacterTokenizer.Arithmetic);
        var store = new RunStore(blobs, Id);
        ShardEntry first = await store.SaveShardAsync(new ShardState(0, new float[ShardKey.ShardLength], [], []));
        ShardEntry[] entries = [.. Enumerable.Range(0, shards).Select(shard => first with { Index = shard })];
        long parameters = (long)shards * ShardKey.ShardLength;
        await store.PublishCheckpointAsync(new CheckpointManifest
        {
            Version = 0,
            ParameterCount = parameters,
            Shards = entries,
            ModelConfig = Pretraining.ConfigOf(new NetworkSection(), tokenizer).ToJson(),
            Tokenizer = tokenizer.ToJson(),
            WeightsSha256 = CheckpointManifest.HashOf(entries),
            JournalPosition = 0,
        });
        await store.CreateAsync(new RunRecord
        {
            RunId = Id,
            State = RunState.Stopped,
            Spec = SpecWriter.Write(new RunSpec { Model = new ModelSection { Path = Id } }),
            Seed = 1,
            NumericsFingerprint = "none",
            ParameterCount = parameters,
            LatestCheckpoint = 0,
        });
    }
}
