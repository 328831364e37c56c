namespace Bgpo.Grains;

/// <summary>
/// What a run is called in keys of grains and in a silo's memory: id~identity. A run that was deleted, and another that was
/// started under its id, have nothing in common there.
/// </summary>
public static class RunKey
{
    /// <summary>Makes a key.</summary>
    /// <param name="id">Run id.</param>
    /// <param name="identity">What tells the run from others that had its id.</param>
    public static string Of(string id, string identity) => $"{id}~{identity}";

    /// <summary>The run's id.</summary>
    /// <param name="key">The key.</param>
    public static string IdOf(string key) => key.Split('~')[0];
}

/// <summary>Keys of grains that belong to a run and a silo: run@silo, the silo in its parsable form.</summary>
public static class SiloKey
{
    /// <summary>Makes a key.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>.</param>
    /// <param name="silo">The silo's address in parsable form.</param>
    public static string Of(string run, string silo) => $"{run}@{silo}";

    /// <summary>Takes a key apart.</summary>
    /// <param name="key">The key.</param>
    public static (string Run, string Silo) Parse(string key)
    {
        int at = key.IndexOf('@', StringComparison.Ordinal);
        return (key[..at], key[(at + 1)..]);
    }
}

/// <summary>Keys of a run's shards: run/shard.</summary>
public static class ShardKey
{
    /// <summary>Parameters in a full shard: 2^19, one message of 2 MiB.</summary>
    public const int ShardLength = WeightsHash.ShardSize;

    /// <summary>Makes a key.</summary>
    /// <param name="run">The run's <see cref="RunKey"/>.</param>
    /// <param name="shard">The shard's index.</param>
    public static string Of(string run, int shard) => $"{run}/{shard}";

    /// <summary>Takes a key apart.</summary>
    /// <param name="key">The key.</param>
    public static (string Run, int Shard) Parse(string key)
    {
        int slash = key.LastIndexOf('/');
        return (key[..slash], int.Parse(key[(slash + 1)..]));
    }

    /// <summary>Shards that a vector of parameters is cut into.</summary>
    /// <param name="parameters">Its length.</param>
    public static int Count(long parameters) => WeightsHash.ShardCount(parameters);

    /// <summary>Where a shard lies in the flat vector.</summary>
    /// <param name="shard">The shard's index.</param>
    /// <param name="parameters">Length of the vector.</param>
    public static (long Offset, int Length) Span(int shard, long parameters)
    {
        long offset = (long)shard * ShardLength;
        return (offset, (int)Math.Min(ShardLength, parameters - offset));
    }
}
