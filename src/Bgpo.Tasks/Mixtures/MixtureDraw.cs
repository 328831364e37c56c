using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Mixtures;

/// <summary>
/// Which task of a mixture a prompt is of. In a run each batch is cut by the weights from a random start, so that a task's part
/// of any batch is its share of it, rounded up or down, and its share exactly on average; then the batch is shuffled. All is a
/// function of (seed, step, index).
/// </summary>
internal sealed class MixtureDraw
{
    private readonly double[] _upTo;
    private readonly RunShape? _shape;
    private readonly Lock _gate = new();
    private readonly List<long[]> _before = [];
    private ulong _seed;

    /// <summary>Makes the draw.</summary>
    /// <param name="weights">The tasks' weights, each above 0.</param>
    /// <param name="shape">The run's shape; null where there is no run: each prompt is drawn alone then.</param>
    public MixtureDraw(IReadOnlyList<double> weights, RunShape? shape)
    {
        _shape = shape;
        double sum = weights.Sum();
        double upTo = 0;
        _upTo = [.. weights.Select(weight => upTo += weight / sum)];
        _upTo[^1] = 1;
    }

    /// <summary>The task of a prompt.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step that samples the batch.</param>
    /// <param name="index">Place in the batch, from 0.</param>
    public int PartOf(ulong seed, int step, int index) => At(seed, step, index).Part;

    /// <summary>The order of one task's prompts: its prompts of the batches before, then those of the batch.</summary>
    /// <param name="part">The task.</param>
    public TrainingPlace PlacesOf(int part) => _shape is null
        ? TrainingPlaces.Of(null)
        : (seed, step, index) => At(seed, step, index) is { Rank: var rank, Batch: var batch }
            ? Before(seed, batch)[part] + rank : 0;

    private (int Part, int Rank, int Batch) At(ulong seed, int step, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        if (_shape is null)
        {
            return (PartAt(Streams.Mixture(seed, (uint)step, (uint)index).Double(0)), 0, 0);
        }
        int batch = step / _shape.UpdatesPerBatch;
        int slot = index < _shape.Prompts
            ? new Permutation(_shape.Prompts, round => Streams.Mixture(seed, (uint)batch, round + 1))[index]
            : index;
        int part = 0;
        int first = 0;
        int[] counts = CountsOf(seed, batch);
        while (part < counts.Length - 1 && slot >= first + counts[part])
        {
            first += counts[part++];
        }
        return (part, slot - first, batch);
    }

    /// <summary>Prompts of each task in a batch: of the points (k + u) / B, those within its share.</summary>
    private int[] CountsOf(ulong seed, int batch)
    {
        double start = Streams.Mixture(seed, (uint)batch, 0).Double(0);
        var counts = new int[_upTo.Length];
        int before = 0;
        for (int part = 0; part < counts.Length; part++)
        {
            int upTo = part == counts.Length - 1 ? _shape!.Prompts
                : Math.Clamp((int)Math.Ceiling((_upTo[part] * _shape!.Prompts) - start), before, _shape.Prompts);
            (counts[part], before) = (upTo - before, upTo);
        }
        return counts;
    }

    /// <summary>Prompts of each task in all batches before one: counted on from the last batch that was asked for.</summary>
    private long[] Before(ulong seed, int batch)
    {
        lock (_gate)
        {
            if (_before.Count == 0 || _seed != seed)
            {
                (_seed, _before.Capacity) = (seed, Math.Max(_before.Capacity, 1024));
                _before.Clear();
                _before.Add(new long[_upTo.Length]);
            }
            while (_before.Count <= batch)
            {
                int[] counts = CountsOf(seed, _before.Count - 1);
                _before.Add([.. _before[^1].Select((sum, part) => sum + counts[part])]);
            }
            return _before[batch];
        }
    }

    private int PartAt(double point)
    {
        int part = Array.FindIndex(_upTo, upTo => point < upTo);
        return part < 0 ? _upTo.Length - 1 : part;
    }
}
