namespace Bgpo.Objectives;

/// <summary>Group-normalised advantages: A = (r - mean) / std over the G completions of a prompt.</summary>
public static class Advantage
{
    /// <summary>Spreads below this are none: such a group has nothing to teach.</summary>
    public const double SmallestSpread = 1e-8;

    /// <summary>The advantages of a group; all zero when its rewards have no spread.</summary>
    /// <param name="rewards">Rewards of the G completions.</param>
    /// <param name="divideByStd">Divide by the sample standard deviation (n - 1), as GRPO's common implementations do.</param>
    public static double[] OfGroup(ReadOnlySpan<double> rewards, bool divideByStd)
    {
        var advantages = new double[rewards.Length];
        double mean = 0;
        foreach (double r in rewards)
        {
            mean += r;
        }
        mean /= rewards.Length;
        double squares = 0;
        foreach (double r in rewards)
        {
            squares += (r - mean) * (r - mean);
        }
        double std = Math.Sqrt(squares / Math.Max(1, rewards.Length - 1));
        if (std < SmallestSpread)
        {
            return advantages;
        }
        for (int i = 0; i < rewards.Length; i++)
        {
            advantages[i] = (rewards[i] - mean) / (divideByStd ? std : 1);
        }
        return advantages;
    }
}
