namespace Bgpo.Client.Watching;

/// <summary>A curve in one row of characters.</summary>
internal static class Sparkline
{
    private const string Levels = "▁▂▃▄▅▆▇█";

    /// <summary>Draws values from their smallest to their largest.</summary>
    /// <param name="values">In order; what is not finite leaves a gap.</param>
    /// <param name="width">Characters at most; more values than that are averaged in equal spans.</param>
    internal static string Of(IReadOnlyList<double> values, int width)
    {
        if (width <= 0 || values.Count == 0)
        {
            return "";
        }

        var points = new double[Math.Min(width, values.Count)];
        for (var i = 0; i < points.Length; i++)
        {
            var (from, to) = ((int)((long)i * values.Count / points.Length), (int)((i + 1L) * values.Count / points.Length));
            points[i] = values.Skip(from).Take(to - from).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
        }

        var finite = points.Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (low, high) = (finite.Min(), finite.Max());
        return string.Concat(points.Select(point => !double.IsFinite(point) ? ' '
            : high > low ? Levels[(int)Math.Round((point - low) / (high - low) * (Levels.Length - 1))]
            : Levels[Levels.Length / 2]));
    }

    /// <summary>A bar that is filled up to a share of its width.</summary>
    internal static (string Full, string Empty) Bar(double share, int width)
    {
        var full = (int)Math.Round(Math.Clamp(double.IsFinite(share) ? share : 0, 0, 1) * Math.Max(0, width));
        return (new string('━', full), new string('─', Math.Max(0, width) - full));
    }
}
