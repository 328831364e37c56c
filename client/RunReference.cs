using System.Globalization;

namespace Bgpo.Client;

/// <summary>A run and perhaps one of its versions: <c>RUN[@VERSION]</c>.</summary>
/// <param name="Run">The run's id, or the beginning of it.</param>
/// <param name="Version">The version; null for the newest whole checkpoint.</param>
internal sealed record RunReference(string Run, int? Version)
{
    /// <summary>Reads one.</summary>
    /// <param name="text">As given.</param>
    /// <param name="given">Where it was given, for the error.</param>
    /// <exception cref="BadInputException">It is none.</exception>
    internal static RunReference Parse(string text, string given)
    {
        int at = text.LastIndexOf('@');
        if (at < 0 && text.Length > 0)
        {
            return new RunReference(text, null);
        }

        return at > 0 && int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            ? new RunReference(text[..at], version)
            : throw new BadInputException($"{given}: value '{text}': expected RUN or RUN@VERSION, for example sudoku@40");
    }
}
