using System.Globalization;

namespace Bgpo.Client.Plotting;

/// <summary>Draws a curve with characters.</summary>
internal static class TextPlot
{
    private const string Axis = "version";
    private const string Levels = " ▁▂▃▄▅▆▇█";
    private const int Margin = 10;

    /// <summary>
    /// Lines of at most <paramref name="width"/> columns: a title, <paramref name="rows"/> of curve, and the axis.
    /// </summary>
    internal static IEnumerable<string> Draw(Curve curve, int width, int rows)
    {
        var columns = Math.Max(1, Math.Min(width - Margin - 1, Math.Max(curve.Y.Count, 20)));
        var points = Points(curve, columns);
        var (low, high) = curve.Range;
        yield return curve.Title;
        for (var row = rows - 1; row >= 0; row--)
        {
            var label = row == rows - 1 ? Label(high) : row == 0 ? Label(low) : "";
            yield return $"{label,Margin - 1} │" + string.Concat(points.Select(point => Cell(point, low, high, row, rows)))
                .TrimEnd();
        }

        yield return new string(' ', Margin) + "└" + new string('─', columns);
        var (first, last) = (Label(curve.X[0]), Label(curve.X[^1]));
        var between = columns - first.Length - last.Length;
        yield return new string(' ', Margin + 1) + first
            + (between > Axis.Length + 1 ? Axis.PadLeft((between + Axis.Length) / 2)
                .PadRight(between) : new string(' ', Math.Max(1, between))) + last;
        yield return "";
    }

    /// <summary>
    /// As many points as columns, which share the range of X evenly: the average of those in a column, or else the nearest.
    /// </summary>
    private static double[] Points(Curve curve, int columns)
    {
        var (first, width) = (curve.X[0], Math.Max(curve.X[^1] - curve.X[0], double.Epsilon));
        var sorted = Enumerable.Range(0, curve.Y.Count)
            .ToLookup(i => Math.Min(columns - 1, (int)((curve.X[i] - first) / width * columns)), i => curve.Y[i]);
        var points = new double[columns];
        for (var column = 0; column < columns; column++)
        {
            var middle = first + (column + 0.5) / columns * width;
            points[column] = sorted.Contains(column)
                ? sorted[column].Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average()
                : curve.Y[Enumerable.Range(0, curve.Y.Count).MinBy(i => Math.Abs(curve.X[i] - middle))];
        }

        return points;
    }

    private static char Cell(double point, double low, double high, int row, int rows)
    {
        if (!double.IsFinite(point))
        {
            return ' ';
        }
        // At least a hair, so that the smallest value is seen.
        var height = Math.Max(0.125, (point - low) / (high - low) * rows);
        return Levels[(int)Math.Round(Math.Clamp(height - row, 0, 1) * (Levels.Length - 1))];
    }

    private static string Label(double value) =>
        value.ToString(Math.Abs(value) is 0 or >= 0.001 and < 100_000 ? "0.###" : "0.#e0", CultureInfo.InvariantCulture);
}
