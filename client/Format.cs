using System.Globalization;

namespace Bgpo.Client;

/// <summary>Numbers as people read them.</summary>
internal static class Format
{
    /// <summary>Minutes and seconds: 1:33, 2:05:09.</summary>
    internal static string Clock(double seconds)
    {
        var whole = (long)Math.Max(0, Math.Round(double.IsFinite(seconds) ? seconds : 0));
        return whole < 3600
            ? string.Create(CultureInfo.InvariantCulture, $"{whole / 60}:{whole % 60:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{whole / 3600}:{whole / 60 % 60:00}:{whole % 60:00}");
    }

    /// <summary>How long ago something was: 12 s, 5 min, 3 h, 9 d.</summary>
    internal static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: <= -1 } => "-" + Age(-age), // by another's clock
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:0} min"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} d"),
    };

    /// <summary>A run's state: running, lost.</summary>
    internal static string State(RunState state) => state.ToString().ToLowerInvariant();

    /// <summary>A share or reward: three decimals.</summary>
    internal static string Share(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A share in percent: 83.6 %.</summary>
    internal static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    /// <summary>Two decimals: seconds, norms.</summary>
    internal static string Short(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>A small number such as a learning rate: 3.2e-04.</summary>
    internal static string Tiny(double value) => value == 0 ? "0" : value.ToString("0.0e-00", CultureInfo.InvariantCulture);

    /// <summary>A whole number with thousands apart: 216,512.</summary>
    internal static string Count(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A number and its noun: 1 shard, 3 shards.</summary>
    internal static string Many(long count, string noun) =>
        $"{Count(count)} {noun}{(count == 1 ? "" : noun.EndsWith('s') ? "es" : "s")}";

    /// <summary>
    /// What others wrote, as part of a line: line breaks become spaces, and other control characters are shown, not done.
    /// </summary>
    internal static string OneLine(string text) => Harmless(text.ReplaceLineEndings(" "));

    /// <summary>
    /// Text in which control characters but line breaks and tabs are shown as \u001b: a terminal would do them.
    /// </summary>
    internal static string Harmless(string text) => text.Any(IsHarmful)
        ? string.Concat(text.Select(
            c => IsHarmful(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()))
        : text;

    private static bool IsHarmful(char c) => char.IsControl(c) && c is not ('\n' or '\t');

    /// <summary>Work per second; 0 where no time was measured.</summary>
    internal static double Rate(double amount, double seconds) => seconds > 0 ? amount / seconds : 0;
}
