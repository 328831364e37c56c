using System.Runtime.CompilerServices;

namespace Bgpo;

/// <summary>What a random number is for. Streams of different purposes never share a number.</summary>
public enum Purpose
{
    /// <summary>Choice and order of training prompts.</summary>
    Dataset = 1,

    /// <summary>Gumbel noise of rollouts.</summary>
    Rollout = 2,

    /// <summary>Timesteps t of Monte Carlo samples.</summary>
    Timestep = 3,

    /// <summary>Masks of Monte Carlo samples.</summary>
    Mask = 4,

    /// <summary>Initial weights.</summary>
    Initialization = 5,

    /// <summary>Noise of evaluations.</summary>
    Evaluation = 6,

    /// <summary>Held-out split and its problems.</summary>
    HeldOut = 7,

    /// <summary>Data of pretraining.</summary>
    Pretraining = 8,

    /// <summary>Noise put on pretraining answers.</summary>
    AnswerNoise = 9,

    /// <summary>Adapter initialisation and anything a user adds.</summary>
    Other = 10,
}

/// <summary>
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter-based generator, so any
/// process reproduces any number from its address (seed, purpose, step, item, draw) without a state to hand on.
/// </summary>
public readonly struct Philox
{
    private readonly uint _key0;
    private readonly uint _key1;
    private readonly uint _counter1;
    private readonly uint _counter2;
    private readonly uint _counter3;

    /// <summary>Opens the stream at an address. Streams of different addresses are independent.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="step">The step (or any first index).</param>
    /// <param name="item">The item in the step, for example prompt &lt;&lt; 16 | completion.</param>
    /// <param name="draw">The draw of the item, for example the Monte Carlo sample j.</param>
    public Philox(ulong seed, Purpose purpose, uint step = 0, uint item = 0, uint draw = 0)
    {
        ulong key = Mix(seed + (0x9E3779B97F4A7C15UL * (ulong)purpose));
        _key0 = (uint)key;
        _key1 = (uint)(key >> 32);
        _counter1 = draw;
        _counter2 = item;
        _counter3 = step;
    }

    /// <summary>The item index of a completion: its prompt's place in the batch and its own place in the group.</summary>
    /// <param name="prompt">Place of the prompt in the batch, below 2^16.</param>
    /// <param name="completion">Place of the completion in the group, below 2^16.</param>
    public static uint Item(int prompt, int completion)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)prompt, 0xFFFFu, nameof(prompt));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)completion, 0xFFFFu, nameof(completion));
        return ((uint)prompt << 16) | (uint)completion;
    }

    /// <summary>Number <paramref name="index"/> of the stream, uniform on all 32-bit integers.</summary>
    /// <param name="index">Place in the stream.</param>
    public uint UInt32(uint index)
    {
        (uint a, uint b, uint c, uint d) = Block(index >> 2);
        return (index & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>Number <paramref name="index"/> of the stream as a double in the open interval (0, 1), 53 bits.</summary>
    /// <param name="index">Place in the stream of doubles; it takes the 32-bit numbers 2 * index and 2 * index + 1.</param>
    public double Double(uint index)
    {
        (uint a, uint b, uint c, uint d) = Block(index >> 1);
        ulong bits = (index & 1) == 0 ? ((ulong)a << 32) | b : ((ulong)c << 32) | d;
        return ((bits >> 11) + 0.5) * (1.0 / (1UL << 53));
    }

    /// <summary>
    /// Number <paramref name="index"/> of the stream as an integer below <paramref name="bound"/>, free of bias to 2^-53.
    /// </summary>
    /// <param name="index">Place in the stream of doubles.</param>
    /// <param name="bound">Exclusive upper bound, at least 1.</param>
    public int Below(uint index, int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)(Double(index) * bound);
    }

    /// <summary>Number <paramref name="index"/> of the stream as a standard normal deviate (Box and Muller).</summary>
    /// <param name="index">Place in the stream of normals; it takes the doubles 2 * index and 2 * index + 1.</param>
    public double Normal(uint index) =>
        Math.Sqrt(-2 * Math.Log(Double(2 * index))) * Math.Cos(2 * Math.PI * Double((2 * index) + 1));

    /// <summary>Shuffles in place by Fisher and Yates, taking doubles 0 to n - 2 of the stream.</summary>
    /// <param name="items">What to shuffle.</param>
    /// <typeparam name="T">Type of the items.</typeparam>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Below((uint)(items.Length - 1 - i), i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Block <paramref name="index"/> of the stream: four 32-bit numbers, ten rounds.</summary>
    /// <param name="index">Counter word 0.</param>
    public (uint A, uint B, uint C, uint D) Block(uint index) =>
        Rounds(index, _counter1, _counter2, _counter3, _key0, _key1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (uint A, uint B, uint C, uint D) Rounds(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53UL * c0;
            ulong p1 = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>SplitMix64's finaliser: spreads a seed's bits over the key.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
