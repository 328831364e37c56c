using System.Diagnostics.Metrics;

namespace Bgpo;

/// <summary>
/// Measures without a risk: an instrument calls whoever listens within the call that measures, and what a listener throws must
/// not end what is measured.
/// </summary>
public static class Meters
{
    /// <summary>Adds to a counter.</summary>
    /// <param name="counter">The counter.</param>
    /// <param name="amount">How much.</param>
    /// <param name="tag">What is counted.</param>
    public static void Add(Counter<long> counter, long amount, KeyValuePair<string, object?> tag) =>
        Guard(() => counter.Add(amount, tag));

    /// <summary>Adds to a counter that may also fall.</summary>
    /// <param name="counter">The counter.</param>
    /// <param name="amount">How much.</param>
    /// <param name="tag">What is counted.</param>
    public static void Add(UpDownCounter<int> counter, int amount, KeyValuePair<string, object?> tag) =>
        Guard(() => counter.Add(amount, tag));

    /// <summary>Records a value.</summary>
    /// <param name="histogram">The histogram.</param>
    /// <param name="value">The value.</param>
    /// <param name="tag">What is measured.</param>
    public static void Record(Histogram<double> histogram, double value, KeyValuePair<string, object?> tag) =>
        Guard(() => histogram.Record(value, tag));

    private static void Guard(Action measure)
    {
        try
        {
            measure();
        }
        catch (Exception)
        {
            // Its own listener's to tell of.
        }
    }
}
