namespace Bgpo.Bench;

/// <summary>What measurements of the same thing have in common.</summary>
/// <param name="Median">Their median.</param>
/// <param name="Low">Lower end of the median's 95 % interval, by order statistics; null: there are too few of them for
/// one.</param>
/// <param name="High">Its upper end.</param>
public sealed record Spread(double Median, double? Low, double? High)
{
    /// <summary>Of some measurements.</summary>
    /// <param name="values">The measurements, one or more.</param>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return Outer(sorted.Length) is { } k ? new Spread(median, sorted[k], sorted[^(k + 1)]) : new Spread(median, null, null);
    }

    /// <summary>
    /// Of <paramref name="count"/> numbers in order, how many at either end can be left out so that the true median still lies
    /// between the rest with 95 %: the most of which a fair coin shows fewer heads with 2.5 % at most. Null: not even none.
    /// </summary>
    private static int? Outer(int count)
    {
        (double tail, double one) = (0, Math.Pow(0.5, count));
        for (int heads = 0; ; heads++)
        {
            tail += one;
            if (tail > 0.025)
            {
                return heads > 0 ? heads - 1 : null;
            }
            one *= (double)(count - heads) / (heads + 1);
        }
    }
}
