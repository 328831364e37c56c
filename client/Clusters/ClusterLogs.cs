using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Bgpo.Silo.Clustering;

namespace Bgpo.Client.Clusters;

/// <summary>A line of a silo's log.</summary>
/// <param name="At">When.</param>
/// <param name="Silo">The silo's short name.</param>
/// <param name="Level">info, warning or error.</param>
/// <param name="Run">The run that it is about; empty for what concerns the silo as a whole.</param>
/// <param name="Source">Who says it.</param>
/// <param name="Message">What.</param>
internal sealed record LogLine(DateTimeOffset At, string Silo, string Level, string Run, string Source, string Message);

/// <summary>
/// The logs of a cluster's silos: a file each in the cluster's folder, one JSON object a line. They outlive a silo that dies, and
/// go with the cluster. Read without asking any silo, so that those that hang or are dead can be looked into, too.
/// </summary>
internal static class ClusterLogs
{
    /// <summary>Bytes after which a silo begins its file anew; the one before is kept beside it.</summary>
    internal const long MostBytes = 4 << 20;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Where a cluster's logs are.</summary>
    internal static string FolderOf(string cluster) => Path.Combine(ClusterFolder.PathOf(cluster), "logs");

    /// <summary>A line as it is stored.</summary>
    internal static string Text(LogLine line) => JsonSerializer.Serialize(line, Options);

    /// <summary>A line as it was stored; null for one that was cut short.</summary>
    internal static LogLine? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<LogLine>(text, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Reads the lines of a cluster's logs that are new since the last reading, in the order of their times.</summary>
/// <param name="folder">The cluster's logs.</param>
/// <param name="run">Only what concerns this run.</param>
/// <param name="silo">Only that silo's; null: all.</param>
internal sealed class LogReader(string folder, string run, string? silo)
{
    /// <summary>Every line is longer, and its time in these bytes is its file's alone.</summary>
    private const int BytesToKnow = 40;

    private readonly Dictionary<string, long> _read = [];

    /// <summary>The silos that have a log, whether they live or not.</summary>
    internal IReadOnlyList<string> Silos => !Directory.Exists(folder) ? []
        : [.. Directory.EnumerateFiles(folder, "*.log*").Select(NameOf).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The lines that have come since.</summary>
    internal IReadOnlyList<LogLine> Read()
    {
        List<LogLine> lines = [];
        if (!Directory.Exists(folder))
        {
            return lines;
        }
        // The older of a silo's two files first.
        foreach (var file in Directory.EnumerateFiles(folder, "*.log*").Where(file => silo is null || NameOf(file) == silo)
            .OrderDescending(StringComparer.Ordinal))
        {
            try
            {
                lines.AddRange(New(file).Where(line => line.Run.Length == 0 || line.Run == run));
            }
            catch (IOException)
            {
                // It was moved aside just now; its lines come with the next reading.
            }
        }

        return [.. lines.OrderBy(line => line.At)];
    }

    private static string NameOf(string file) => Path.GetFileName(file).Split(".log")[0];

    private List<LogLine> New(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // A file that is moved aside keeps its beginning, by which it is known.
        var beginning = new byte[BytesToKnow];
        if (stream.ReadAtLeast(beginning, BytesToKnow, throwOnEndOfStream: false) < BytesToKnow)
        {
            return [];
        }

        var known = NameOf(file) + Encoding.UTF8.GetString(beginning);
        var from = _read.GetValueOrDefault(known);
        stream.Position = from;
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        // A line that is still being written is read when it is whole.
        var whole = text.LastIndexOf('\n') + 1;
        _read[known] = from + Encoding.UTF8.GetByteCount(text.AsSpan(0, whole));
        return [.. text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ClusterLogs.Parse).OfType<LogLine>()];
    }
}
