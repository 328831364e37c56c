namespace Bgpo.Client.Plotting;

/// <summary>A curve to draw.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="X">Ascending.</param>
/// <param name="Y">As many; what is not finite leaves a gap.</param>
internal sealed record Curve(string Title, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>
    /// The finite values' smallest and largest; 0 and 1 where there are none, a little apart where they are equal.
    /// </summary>
    internal (double Low, double High) Range
    {
        get
        {
            var finite = Y.Where(double.IsFinite).ToArray();
            if (finite.Length == 0)
            {
                return (0, 1);
            }

            var (low, high) = (finite.Min(), finite.Max());
            return high > low ? (low, high)
                : (low - Math.Max(1e-9, Math.Abs(low) * 0.5), high + Math.Max(1e-9, Math.Abs(high) * 0.5));
        }
    }
}
