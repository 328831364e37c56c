using System.Numerics;

namespace Bgpo.Tasks.Data;

/// <summary>
/// A shuffled order of n things, of which any place is computed alone: a Feistel network over the next power of four, whose
/// rounds are Philox streams. A place that leads out of the n things is led on until it is in (cycle walking), so that the n
/// places are the n things, each once. Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002.
/// </summary>
internal readonly struct Permutation
{
    private const uint Rounds = 8;

    /// <summary>With fewer bits a half, there are fewer round functions than orders that should be possible.</summary>
    private const int FewestBits = 6;

    private readonly Func<uint, Philox> _round;
    private readonly int _bits;

    /// <summary>Makes the order.</summary>
    /// <param name="count">n, at least 1.</param>
    /// <param name="round">The stream of a round.</param>
    public Permutation(int count, Func<uint, Philox> round)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (Count, _round) = (count, round);
        _bits = Math.Max(FewestBits, (BitOperations.Log2((uint)(count - 1) | 1) / 2) + 1);
    }

    /// <summary>n.</summary>
    public int Count { get; }

    /// <summary>The thing at a place.</summary>
    /// <param name="place">From 0 to n - 1.</param>
    public int this[int place]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)place, (uint)Count, nameof(place));
            uint thing = (uint)place;
            do
            {
                thing = Encrypt(thing);
            }
            while (thing >= (uint)Count);
            return (int)thing;
        }
    }

    private uint Encrypt(uint value)
    {
        uint mask = (1u << _bits) - 1;
        (uint left, uint right) = (value >> _bits, value & mask);
        for (uint round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (_round(round).UInt32(right) & mask));
        }
        return (left << _bits) | right;
    }
}
