using static TorchSharp.torch;

namespace Bgpo.Model;

/// <summary>
/// Masked sequences as the network reads them, and which of its outputs score which masked token. Block-causal families get each
/// sequence twice: with masks, and behind it without, for the later blocks to see.
/// </summary>
internal sealed class MaskedBatch
{
    private readonly long[] _tokens;
    private readonly int _length;
    private readonly List<long> _maskedPlaces = [];
    private readonly List<long> _targets = [];
    private readonly List<int> _sampleOfRow = [];

    /// <summary>Lays out samples.</summary>
    /// <param name="config">The network.</param>
    /// <param name="samples">Samples of one length.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public MaskedBatch(ModelConfig config, IReadOnlyList<MaskedSample> samples)
    {
        Config = config;
        Samples = samples;
        _length = samples[0].Prompt.Length + samples[0].Response.Length;
        SequenceLength = config.AttentionBlock == 0 ? _length : 2 * _length;
        _tokens = new long[samples.Count * SequenceLength];
        for (int s = 0; s < samples.Count; s++)
        {
            MaskedSample sample = samples[s];
            if (sample.Prompt.Length + sample.Response.Length != _length)
            {
                throw new ArgumentException(
                    $"sample {s} has {sample.Prompt.Length + sample.Response.Length} tokens, the first has {_length}.");
            }
            Add(s, sample);
        }
    }

    /// <summary>The network.</summary>
    public ModelConfig Config { get; }

    /// <summary>The samples.</summary>
    public IReadOnlyList<MaskedSample> Samples { get; }

    /// <summary>Tokens of a sequence as the network reads it.</summary>
    public int SequenceLength { get; }

    /// <summary>The sample that each row belongs to; rows are masked tokens, in order.</summary>
    public IReadOnlyList<int> SampleOfRow => _sampleOfRow;

    /// <summary>(B, T) tokens; the caller's.</summary>
    /// <param name="device">Where to.</param>
    public Tensor Tokens(Device device) => tensor(_tokens, [Samples.Count, SequenceLength]).to(device);

    /// <summary>(rows) the outputs, of all B T, that score the masked tokens; the caller's.</summary>
    /// <param name="device">Where to.</param>
    public Tensor MaskedPlaces(Device device) => tensor(_maskedPlaces.ToArray()).to(device);

    /// <summary>(rows) the tokens behind the masks; the caller's.</summary>
    /// <param name="device">Where to.</param>
    public Tensor Targets(Device device) => tensor(_targets.ToArray()).to(device);

    /// <summary>What sees what; the caller's.</summary>
    /// <param name="device">Where to.</param>
    public AttentionPlan Plan(Device device) =>
        Config.AttentionBlock == 0 ? AttentionPlan.Full : AttentionPlan.Doubled(_length, Config.AttentionBlock, device);

    /// <summary>l_j of each sample from its rows' log-probabilities: added up in double, in order.</summary>
    /// <param name="logProbabilities">One for each row.</param>
    public double[] Likelihoods(ReadOnlySpan<double> logProbabilities)
    {
        var values = new double[Samples.Count];
        for (int r = 0; r < logProbabilities.Length; r++)
        {
            values[_sampleOfRow[r]] += Samples[_sampleOfRow[r]].Weight * logProbabilities[r];
        }
        return values;
    }

    /// <summary>What each row's log-probability is multiplied by for a sum of coefficient times l_j.</summary>
    /// <param name="coefficients">One for each sample.</param>
    public double[] RowWeights(ReadOnlySpan<double> coefficients)
    {
        var weights = new double[_sampleOfRow.Count];
        for (int r = 0; r < weights.Length; r++)
        {
            weights[r] = coefficients[_sampleOfRow[r]] * Samples[_sampleOfRow[r]].Weight;
        }
        return weights;
    }

    private void Add(int s, MaskedSample sample)
    {
        int promptLength = sample.Prompt.Length;
        Span<long> own = _tokens.AsSpan(s * SequenceLength, SequenceLength);
        for (int p = 0; p < promptLength; p++)
        {
            own[p] = sample.Prompt[p];
        }
        for (int p = 0; p < sample.Response.Length; p++)
        {
            own[promptLength + p] = sample.Response[p];
        }
        if (SequenceLength > _length)
        {
            own[.._length].CopyTo(own[_length..]);
        }
        for (int p = 0; p < Math.Min(sample.Mask.Length, sample.Response.Length); p++)
        {
            if (sample.Mask[p])
            {
                int place = promptLength + p;
                own[place] = Config.MaskToken;
                _maskedPlaces.Add((s * SequenceLength) + (Config.ShiftsLogits ? Math.Max(0, place - 1) : place));
                _targets.Add(sample.Response[p]);
                _sampleOfRow.Add(s);
            }
        }
    }
}
