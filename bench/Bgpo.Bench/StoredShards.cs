using Bgpo.Grains;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Bench;

/// <summary>
/// A run in a store that accumulators can load their shards from, with any number of parameters and no model behind it.
/// </summary>
internal static class StoredShards
{
    /// <summary>Writes it.</summary>
    /// <param name="blobs">The store.</param>
    /// <param name="run">The run's id.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="parameters">Its parameters, all zero.</param>
    internal static async Task Create(IBlobStore blobs, string run, RunSpec spec, long parameters)
    {
        var tokenizer = new CharacterTokenizer(CharacterTokenizer.Arithmetic);
        var store = new RunStore(blobs, run);
        var entries = new ShardEntry[ShardKey.Count(parameters)];
        for (int shard = 0; shard < entries.Length; shard++)
        {
            (_, int length) = ShardKey.Span(shard, parameters);
            entries[shard] = await store.SaveShardAsync(new ShardState(shard, new float[length], [], []));
        }
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
            RunId = run,
            State = RunState.Stopped, // nobody drives it
            Spec = SpecWriter.Write(spec),
            Seed = spec.Run.Seed,
            NumericsFingerprint = "none",
            ParameterCount = parameters,
            LatestCheckpoint = 0,
        });
    }
}
