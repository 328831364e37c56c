using System.Text.Json;

namespace Bgpo.Tasks.Code;

/// <summary>What a program's sandbox says when it has loaded the program: not to be trusted, as all from there.</summary>
/// <param name="Malformed">Why no reading of the completion compiles.</param>
/// <param name="Failure">What the program raised when it was loaded.</param>
/// <param name="Names">The names that it defines: each its kind, and for modules and exceptions which.</param>
internal sealed record LoadedProgram(string? Malformed, string? Failure, IReadOnlyDictionary<string, string[]> Names)
{
    private const int MostNames = 1000;
    private const int LongestText = 200;

    private static readonly Dictionary<string, string[]> s_none = [];

    /// <summary>Reads the line.</summary>
    public static LoadedProgram Parse(byte[] line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            return root.TryGetProperty("malformed", out JsonElement malformed) ? new(Short(malformed), null, s_none)
                : root.TryGetProperty("failed", out JsonElement failed) ? new(null, Short(failed), s_none)
                : new(null, null, ReadNames(root.GetProperty("names")));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return new(null, "sent what is no reply", s_none);
        }
    }

    private static Dictionary<string, string[]> ReadNames(JsonElement names)
    {
        Dictionary<string, string[]> read = new(StringComparer.Ordinal);
        foreach (JsonProperty name in names.EnumerateObject().Where(name => name.Name.Length < LongestText).Take(MostNames))
        {
            read[name.Name] = [Short(name.Value[0]), Short(name.Value[1])];
        }
        return read;
    }

    private static string Short(JsonElement text) => text.GetString() is not { } whole ? ""
        : whole.Length > LongestText ? whole[..LongestText] : whole;
}
