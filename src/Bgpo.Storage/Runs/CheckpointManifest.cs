using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <summary>
/// A checkpoint: everything needed to go on from one version. Written last, so a checkpoint whose manifest can be read was whole
/// then; whether its blobs still are is <see cref="RunStore.VerifyCheckpointAsync"/>'s to say.
/// </summary>
public sealed record CheckpointManifest
{
    /// <summary>Format written by this version.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Largest shard, parameters: many times what this version writes. A blob of one is held in memory.</summary>
    public const int LargestShard = 1 << 24;

    /// <summary>Format of the file.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>Number of optimizer steps committed.</summary>
    public required int Version { get; init; }

    /// <summary>Length of the flat trainable vector.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Parameters of a shard; the last may be shorter.</summary>
    public int ShardSize { get; init; } = WeightsHash.ShardSize;

    /// <summary>All shards, by index.</summary>
    public required IReadOnlyList<ShardEntry> Shards { get; init; }

    /// <summary>Text of the model's config.json.</summary>
    public required string ModelConfig { get; init; }

    /// <summary>Text of the model's tokenizer.json.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>What the shards hold where they are not all weights; null where they are.</summary>
    public AdapterManifest? Adapter { get; init; }

    /// <summary>The optimizer's scalars by name, such as the number of steps taken. Bit-exact, finite.</summary>
    public IReadOnlyDictionary<string, double> Optimizer { get; init; } = new Dictionary<string, double>();

    /// <summary>Hash of all weights, see <see cref="WeightsHash"/>.</summary>
    public required string WeightsSha256 { get; init; }

    /// <summary>The batch step at which to go on: the first whose journal is not wholly in these weights.</summary>
    public required int JournalPosition { get; init; }

    /// <summary>When it was published (UTC). Set by <see cref="RunStore.PublishCheckpointAsync"/>.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>The weights' hash that the shard entries make.</summary>
    /// <exception cref="FormatException">A digest is not hexadecimal.</exception>
    public static string HashOf(IEnumerable<ShardEntry> shards) =>
        WeightsHash.Combine(shards.Select(shard => Convert.FromHexString(shard.WeightsDigest)));

    /// <summary>What is wrong with the manifest in itself, or null.</summary>
    internal string? Fault()
    {
        if (Version < 0 || ParameterCount < 0 || ShardSize < 1 || JournalPosition < 0)
        {
            return $"has version {Version}, {ParameterCount} parameters, shard size {ShardSize}, journal position " +
                $"{JournalPosition}";
        }
        if (ShardSize > LargestShard)
        {
            return $"has shard size {ShardSize}; expected at most {LargestShard}";
        }
        if (JournalPosition > Version)
        {
            return $"has journal position {JournalPosition}; expected at most its version, {Version}";
        }

        long count = (ParameterCount / ShardSize) + (ParameterCount % ShardSize == 0 ? 0 : 1);
        if (Shards.Count != count)
        {
            return $"has {Shards.Count} shards; {ParameterCount} parameters in shards of {ShardSize} make {count}";
        }

        if (Enumerable.Range(0, Shards.Count).Select(FaultOfShard).FirstOrDefault(fault => fault is not null) is { } found)
        {
            return found;
        }
        string hash = HashOf(Shards);
        return hash == WeightsSha256 ? null : $"has weightsSha256 {WeightsSha256}; its shards make {hash}";
    }

    private string? FaultOfShard(int i)
    {
        if (Shards[i] is not { } shard)
        {
            return $"has nothing in place {i}; expected shard {i}";
        }
        long elements = Math.Min(ShardSize, ParameterCount - ((long)i * ShardSize));
        if (shard.Index != i || shard.Elements != elements)
        {
            return $"has shard {shard.Index} of {shard.Elements} elements in place {i}; expected shard {i} of {elements}";
        }
        bool areHashes = Sha256Text.IsValid(shard.Weights) && Sha256Text.IsValid(shard.WeightsDigest)
            && (shard.Moments is null || Sha256Text.IsValid(shard.Moments));
        return areHashes ? null : $"has shard {i} with a hash that is not 64 lower-case hexadecimal digits";
    }
}

/// <summary>One shard of a checkpoint: which blobs hold it.</summary>
/// <param name="Index">Place of the shard.</param>
/// <param name="Elements">Parameters in it.</param>
/// <param name="Weights">SHA-256 of the blob with its weights (tensor <c>weights</c>), which is the blob's name.</param>
/// <param name="WeightsDigest">SHA-256 of the little-endian float32 weights themselves.</param>
/// <param name="Moments">SHA-256 of the blob with Adam's moments (tensors <c>m</c> and <c>v</c>); null before the first
/// step.</param>
public sealed record ShardEntry(int Index, int Elements, string Weights, string WeightsDigest, string? Moments = null);

/// <summary>A shard in memory.</summary>
/// <param name="Index">Place of the shard.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="M">Adam's first moments, as long as the weights; empty before the first step.</param>
/// <param name="V">Adam's second moments, as long as the weights; empty before the first step.</param>
public sealed record ShardState(int Index, float[] Weights, float[] M, float[] V);

/// <summary>What reading a whole checkpoint found.</summary>
/// <param name="Version">The checkpoint's version.</param>
/// <param name="Manifest">Its manifest, or null when that cannot be read.</param>
/// <param name="Faults">Each bad blob, named, one line each; empty when the checkpoint is whole.</param>
public sealed record CheckpointVerification(int Version, CheckpointManifest? Manifest, IReadOnlyList<string> Faults);
