using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>Where the tokens of a batch stand in their sequences, and which of them see which.</summary>
/// <param name="Positions">(B, T) places in the sequence; null: 0 to T - 1.</param>
/// <param name="Mask">(B or 1, 1, T or 1, S), true where a row sees a column; null: all see all.</param>
public sealed record AttentionPlan(Tensor? Positions, Tensor? Mask) : IDisposable
{
    /// <summary>Every token sees every other.</summary>
    public static AttentionPlan Full { get; } = new(null, null);

    /// <summary>The plan of sequences that begin at different places, padded on the left to one length.</summary>
    /// <param name="config">Its attention.</param>
    /// <param name="pads">Padding of each sequence.</param>
    /// <param name="length">T, padding included.</param>
    /// <param name="device">Where the network lives.</param>
    public static AttentionPlan Of(ModelConfig config, IReadOnlyList<int> pads, int length, Device device)
    {
        int block = config.AttentionBlock;
        bool isPadded = pads.Any(pad => pad != 0);
        if (!isPadded && block == 0)
        {
            return Full;
        }
        int rows = isPadded ? pads.Count : 1;
        if (block == 0)
        {
            return OfPadded(pads, length, device);
        }
        var positions = new long[checked(rows * length)];
        var sees = new bool[checked((long)rows * length * length)];
        for (int b = 0; b < rows; b++)
        {
            int pad = pads[b];
            for (int i = 0; i < length; i++)
            {
                positions[(b * length) + i] = Math.Max(0, i - pad);
                // Padding sees itself: a row without any column would be no number, and times zero it stays none.
                for (int j = 0; j < length; j++)
                {
                    sees[((((long)b * length) + i) * length) + j] = i < pad
                        ? i == j
                        : j >= pad && (j - pad) / block <= (i - pad) / block;
                }
            }
        }
        return Make(isPadded ? positions : null, sees, rows, [rows, 1, length, length], device);
    }

    /// <summary>
    /// With full attention all rows of a sequence see the same columns: those behind its padding. Nobody reads what padding sees.
    /// </summary>
    private static AttentionPlan OfPadded(IReadOnlyList<int> pads, int length, Device device)
    {
        var positions = new long[checked(pads.Count * length)];
        var sees = new bool[positions.Length];
        for (int b = 0; b < pads.Count; b++)
        {
            for (int i = 0; i < length; i++)
            {
                positions[(b * length) + i] = Math.Max(0, i - pads[b]);
                sees[(b * length) + i] = i >= pads[b];
            }
        }
        return Make(positions, sees, pads.Count, [pads.Count, 1, 1, length], device);
    }

    /// <summary>
    /// The plan of block-causal likelihoods: a sequence with masks and, behind it, the same without. A masked block sees itself
    /// and the clean blocks before it; a clean block sees itself and those before it.
    /// </summary>
    /// <param name="length">Tokens of the sequence; 2 * length stand in the batch.</param>
    /// <param name="block">Block length.</param>
    /// <param name="device">Where the network lives.</param>
    public static AttentionPlan Doubled(int length, int block, Device device)
    {
        int all = 2 * length;
        var positions = new long[all];
        var sees = new bool[checked((long)all * all)];
        for (int i = 0; i < all; i++)
        {
            positions[i] = i % length;
            for (int j = 0; j < all; j++)
            {
                int own = i % length / block;
                int other = j % length / block;
                sees[((long)i * all) + j] = (i < length, j < length) switch
                {
                    (true, true) => own == other,
                    (true, false) => other < own,
                    (false, false) => other <= own,
                    _ => false,
                };
            }
        }
        return Make(positions, sees, 1, [1, 1, all, all], device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Positions?.Dispose();
        Mask?.Dispose();
    }

    private static AttentionPlan Make(long[]? positions, bool[] sees, int rows, long[] mask, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor? places = positions is null ? null : tensor(positions, [rows, mask[^1]]).to(device).DetachFromDisposeScope();
        return new AttentionPlan(places, tensor(sees, mask).to(device).DetachFromDisposeScope());
    }
}
