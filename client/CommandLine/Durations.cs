using System.Globalization;

namespace Bgpo.Client.CommandLine;

/// <summary>Lengths of time as people type them: a number and ms, s, m or h.</summary>
internal static class Durations
{
    /// <summary>Reads one; null when it is none.</summary>
    internal static TimeSpan? Parse(string text)
    {
        var (unit, digits) = text.EndsWith("ms", StringComparison.Ordinal) ? (TimeSpan.FromMilliseconds(1), text[..^2])
            : text.EndsWith('s') ? (TimeSpan.FromSeconds(1), text[..^1])
            : text.EndsWith('m') ? (TimeSpan.FromMinutes(1), text[..^1])
            : text.EndsWith('h') ? (TimeSpan.FromHours(1), text[..^1])
            : (default, "");
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * unit.TotalDays < 1000
            ? number * unit
            : null;
    }

    /// <summary>Writes one as it would be typed.</summary>
    internal static string Text(TimeSpan time) =>
        time.TotalHours >= 1 && time.TotalHours % 1 == 0 ? Shown(time.TotalHours, "h")
        : time.TotalMinutes >= 1 && time.TotalMinutes % 1 == 0 ? Shown(time.TotalMinutes, "m")
        : time.TotalSeconds >= 1 ? Shown(time.TotalSeconds, "s")
        : Shown(time.TotalMilliseconds, "ms");

    private static string Shown(double number, string unit) => number.ToString("0.###", CultureInfo.InvariantCulture) + unit;
}
