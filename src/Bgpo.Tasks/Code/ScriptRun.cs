using System.Text.Json;

namespace Bgpo.Tasks.Code;

/// <summary>One run of a program as a whole.</summary>
internal static class ScriptRun
{
    /// <summary>Reads what the sandbox says of it.</summary>
    /// <returns>What it wrote, and what it raised.</returns>
    public static (string Written, string Error) Parse(byte[] line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("out").GetString()!, json.RootElement.GetProperty("error").GetString()!);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return ("", "wrote what is no text");
        }
    }

    /// <summary>Whether two outputs are the same but for white space at the end of lines and empty lines at the end.</summary>
    public static bool AreEqual(string written, string expected) => Lines(written).SequenceEqual(Lines(expected));

    private static string[] Lines(string text) =>
        [.. text.TrimEnd().Split('\n').Select(line => line.TrimEnd())];
}
