namespace Bgpo.Tasks.Data;

/// <summary>The addresses of the tasks' random numbers, in one place so that no two uses share a stream.</summary>
internal static class Streams
{
    /// <summary>Seed of everything that must not change with the run's seed: the split and the held-out problems.</summary>
    private const ulong SplitSeed = 4;

    /// <summary>Sets the order of data files apart from the problems that tasks draw.</summary>
    private const uint OrderDraw = 1;

    /// <summary>Sets the order of a mixture's batches apart from the above.</summary>
    private const uint MixtureDraw = 2;

    /// <summary>Sets the data of pretraining apart from its masks, which share purpose, step and item.</summary>
    private const uint DataDraw = uint.MaxValue;

    /// <summary>Chooses a training prompt.</summary>
    public static Philox Training(ulong seed, int step, int index) => At(seed, Purpose.Dataset, step, index, 0);

    /// <summary>Shuffles the problems of data files: one stream a round of an epoch's permutation.</summary>
    public static Philox Order(ulong seed, uint epoch, uint round) => new(seed, Purpose.Dataset, epoch, round, OrderDraw);

    /// <summary>Spreads a batch over the tasks of a mixture: one stream a round of the batch's permutation.</summary>
    public static Philox Mixture(ulong seed, uint batch, uint round) => new(seed, Purpose.Dataset, batch, round, MixtureDraw);

    /// <summary>Chooses a pretraining problem.</summary>
    public static Philox Pretraining(ulong seed, int step, int index) => At(seed, Purpose.Pretraining, step, index, DataDraw);

    /// <summary>Disturbs a pretraining answer.</summary>
    public static Philox AnswerNoise(ulong seed, int step, int index) => At(seed, Purpose.AnswerNoise, step, index, 0);

    /// <summary>Decides what is held out; the key tells one decision from another and must not be (0, i, 1).</summary>
    public static Philox Split(uint a = 0, uint b = 0, uint c = 0) => new(SplitSeed, Purpose.HeldOut, a, b, c);

    /// <summary>Makes attempt <paramref name="attempt"/> at a held-out problem.</summary>
    public static Philox HeldOut(int attempt) => new(SplitSeed, Purpose.HeldOut, 0, (uint)attempt, 1);

    private static Philox At(ulong seed, Purpose purpose, int step, int index, uint draw)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new Philox(seed, purpose, (uint)step, (uint)index, draw);
    }
}
