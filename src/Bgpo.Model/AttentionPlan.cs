using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>Where the tokens of a batch stand in their sequences, and which of them see which.</summary>
/// <param name="Positions">(B, T) places in the sequence; null: 0 to T - 1.</param>
/// <param name="Mask">(B or 1, 1, T, S), true where a row sees a column; null: all see all.</param>
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
        var positions = new long[rows * length];
        var sees = new bool[rows * length * length];
        for (int b = 0; b < rows; b++)
        {
            int pad = pads[b];
            for (int i = 0; i < length; i++)
            {
                positions[(b * length) + i] = Math.Max(0, i - pad);
                // Padding sees itself: a row without any column would be no number, and times zero it stays none.
                for (int j = 0; j < length; j++)
                {
                    sees[(((b * length) + i) * length) + j] = i < pad
                        ? i == j
                        : j >= pad && (block == 0 || (j - pad) / block <= (i - pad) / block);
                }
            }
        }
        return Make(isPadded ? positions : null, sees, rows, length, device);
    }

    /// <summary>
    /// The plan of block-causal likelihoods: a sequence with masks and, behind it, the same without. A masked block sees itself and the clean
    /// blocks before it; a clean block sees itself and those before it.
    /// </summary>
    /// <param name="length">Tokens of the sequence; 2 * length stand in the batch.</param>
    /// <param name="block">Block length.</param>
    /// <param name="device">Where the network lives.</param>
    public static AttentionPlan Doubled(int length, int block, Device device)
    {
        int all = 2 * length;
        var positions = new long[all];
        var sees = new bool[all * all];
        for (int i = 0; i < all; i++)
        {
            positions[i] = i % length;
            for (int j = 0; j < all; j++)
            {
                int own = i % length / block;
                int other = j % length / block;
                sees[(i * all) + j] = (i < length, j < length) switch
                {
                    (true, true) => own == other,
                    (true, false) => other < own,
                    (false, false) => other <= own,
                    _ => false,
                };
            }
        }
        return Make(positions, sees, 1, all, device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Positions?.Dispose();
        Mask?.Dispose();
    }

    private static AttentionPlan Make(long[]? positions, bool[] sees, int rows, int length, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor? places = positions is null ? null : tensor(positions, [rows, length]).to(device).DetachFromDisposeScope();
        return new AttentionPlan(places, tensor(sees, [rows, 1, length, length]).to(device).DetachFromDisposeScope());
    }
}
