using Bgpo.Spec;

namespace Bgpo.Model;

/// <summary>Chooses tokens for one block of one sequence. Working space is kept between calls.</summary>
/// <param name="rows">Scores of a place: the vocabulary and the rows that pad it.</param>
/// <param name="vocabulary">Tokens that may be chosen, but for the mask.</param>
/// <param name="mask">The mask token.</param>
/// <param name="options">How to decode.</param>
internal sealed class TokenPicker(int rows, int vocabulary, int mask, SamplerOptions options)
{
    /// <summary>No Gumbel noise of 53 bits is higher: -log(2^-54).</summary>
    private const double HighestNoise = 37.5;

    private readonly (double Confidence, int Place, int Token)[] _candidates = new (double, int, int)[options.BlockLength];

    /// <summary>Fills the most confident of the block's masked places: masked / steps left of them, rounded up.</summary>
    /// <param name="block">The block's tokens, at most a block's length.</param>
    /// <param name="logits">Their scores, place by place.</param>
    /// <param name="from">The block's first place in the response.</param>
    /// <param name="stepsLeft">Steps of the block, this one counted.</param>
    /// <param name="noise">The step's stream.</param>
    /// <param name="set">Told each token that stays; null: nobody is.</param>
    public void Commit(
        Span<long> block, ReadOnlySpan<float> logits, int from, int stepsLeft, Philox noise, Action<int, int, double>? set)
    {
        int masked = 0;
        for (int p = 0; p < block.Length; p++)
        {
            if (block[p] == mask)
            {
                ReadOnlySpan<float> row = logits.Slice(p * rows, rows);
                int token = Choose(row, noise, (uint)((from + p) * rows));
                double confidence = options.Remasking switch
                {
                    Remasking.Entropy => NegativeEntropy(row),
                    Remasking.Margin => Margin(row),
                    Remasking.LeftToRight => -p,
                    _ => Probability(row, token),
                };
                _candidates[masked++] = (confidence, p, token);
            }
        }
        // Rounding up puts the remainder of masked / steps on the earliest steps.
        int commit = (masked + stepsLeft - 1) / stepsLeft;
        Span<(double Confidence, int Place, int Token)> candidates = _candidates.AsSpan(0, masked);
        candidates.Sort(static (a, b) =>
            a.Confidence != b.Confidence ? b.Confidence.CompareTo(a.Confidence) : a.Place.CompareTo(b.Place));
        foreach ((double confidence, int place, int token) in candidates[..commit])
        {
            block[place] = token;
            set?.Invoke(from + place, token, confidence);
        }
    }

    /// <summary>
    /// argmax of exp(logit) / (-log u)^T, taken in logarithms; plain argmax at T = 0. Never [MASK] itself, nor a padding row.
    /// </summary>
    private int Choose(ReadOnlySpan<float> logits, Philox noise, uint address)
    {
        int best = -1;
        double highest = double.NegativeInfinity;
        for (int v = 0; v < vocabulary; v++)
        {
            // What cannot win by any noise needs none drawn.
            if (v == mask || logits[v] + (options.Temperature * HighestNoise) < highest)
            {
                continue;
            }
            double score = logits[v];
            if (options.Temperature > 0)
            {
                // u is in the open interval (0, 1), so -log u is a positive finite number.
                score -= options.Temperature * Math.Log(-Math.Log(noise.Double(address + (uint)v)));
            }
            if (score > highest || best < 0)
            {
                (highest, best) = (score, v);
            }
        }
        return best;
    }

    /// <summary>Softmax probability of a token, from the logits without noise.</summary>
    private static double Probability(ReadOnlySpan<float> logits, int token)
    {
        double highest = Highest(logits);
        return Math.Exp(logits[token] - highest) / Sum(logits, highest);
    }

    /// <summary>Probability of the best token less that of the second.</summary>
    private static double Margin(ReadOnlySpan<float> logits)
    {
        double first = double.NegativeInfinity;
        double second = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            (first, second) = logit > first ? (logit, first) : (first, Math.Max(second, logit));
        }
        return (1 - Math.Exp(second - first)) / Sum(logits, first);
    }

    /// <summary>sum p log p over the vocabulary.</summary>
    private static double NegativeEntropy(ReadOnlySpan<float> logits)
    {
        double highest = Highest(logits);
        double sum = 0;
        double weighted = 0;
        foreach (float logit in logits)
        {
            double weight = Math.Exp(logit - highest);
            sum += weight;
            weighted += weight * (logit - highest);
        }
        return (weighted / sum) - Math.Log(sum);
    }

    private static double Highest(ReadOnlySpan<float> logits)
    {
        double highest = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            highest = Math.Max(highest, logit);
        }
        return highest;
    }

    private static double Sum(ReadOnlySpan<float> logits, double highest)
    {
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - highest);
        }
        return sum;
    }
}
