using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Bgpo;

/// <summary>
/// The hash by which two runs are said to have ended in the same bits: SHA-256 over the concatenated 32-byte SHA-256 digests
/// of each shard's little-endian float32 weights, in shard order. Whoever holds a shard can digest it alone.
/// </summary>
public static class WeightsHash
{
    /// <summary>
    /// Parameters of a shard: 2^19 consecutive float32 values of the flat trainable vector. The last may be shorter.
    /// </summary>
    public const int ShardSize = 1 << 19;

    /// <summary>Bytes of a digest.</summary>
    public const int DigestLength = SHA256.HashSizeInBytes;

    /// <summary>Number of shards that hold <paramref name="parameterCount"/> parameters.</summary>
    /// <param name="parameterCount">Length of the flat trainable vector, at least 0.</param>
    /// <param name="shardSize">Parameters of a shard, at least 1.</param>
    public static int ShardCount(long parameterCount, int shardSize = ShardSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(parameterCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(shardSize, 1);
        return checked((int)((parameterCount / shardSize) + (parameterCount % shardSize == 0 ? 0 : 1)));
    }

    /// <summary>Digest of one shard.</summary>
    /// <param name="shard">The shard's weights.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Digest(ReadOnlySpan<float> shard)
    {
        if (BitConverter.IsLittleEndian)
        {
            return SHA256.HashData(MemoryMarshal.AsBytes(shard));
        }

        var swapped = new int[shard.Length];
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<float, int>(shard), swapped);
        return SHA256.HashData(MemoryMarshal.AsBytes<int>(swapped));
    }

    /// <summary>The weights' hash from the digests of all shards.</summary>
    /// <param name="digests">32-byte digests in shard order.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    /// <exception cref="ArgumentException">A digest is not 32 bytes long.</exception>
    public static string Combine(IEnumerable<byte[]> digests)
    {
        ArgumentNullException.ThrowIfNull(digests);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] digest in digests)
        {
            if (digest.Length != DigestLength)
            {
                throw new ArgumentException($"A digest has {digest.Length} bytes; expected {DigestLength}.", nameof(digests));
            }

            hash.AppendData(digest);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The weights' hash of a whole flat vector.</summary>
    /// <param name="weights">The flat trainable vector.</param>
    /// <param name="shardSize">Parameters of a shard.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static string Of(ReadOnlySpan<float> weights, int shardSize = ShardSize)
    {
        var digests = new byte[ShardCount(weights.Length, shardSize)][];
        for (int i = 0; i < digests.Length; i++)
        {
            digests[i] = Digest(weights.Slice(i * shardSize, Math.Min(shardSize, weights.Length - (i * shardSize))));
        }

        return Combine(digests);
    }
}
