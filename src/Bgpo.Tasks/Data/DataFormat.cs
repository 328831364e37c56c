namespace Bgpo.Tasks.Data;

/// <summary>What a data file's content is, once it is unpacked.</summary>
internal enum DataFormat
{
    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>One JSON list of objects.</summary>
    JsonList,

    /// <summary>A header and a record a row, fields with commas (or tabs or semicolons) between, as RFC 4180 has it.</summary>
    Csv,

    /// <summary>Apache Parquet.</summary>
    Parquet,
}

/// <summary>Tells formats apart: by what the content begins with, then by the name's ending.</summary>
internal static class DataFormats
{
    /// <summary>The format of a content.</summary>
    /// <param name="path">The file's name.</param>
    /// <param name="head">The first bytes, unpacked, without a byte order mark.</param>
    public static DataFormat Of(string path, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("PAR1"u8))
        {
            return DataFormat.Parquet;
        }
        int first = head.IndexOfAnyExcept(" \t\r\n"u8);
        return first >= 0 && head[first] == '{' ? DataFormat.JsonLines
            : Ending(path) switch
            {
                ".csv" or ".tsv" => DataFormat.Csv,
                ".json" when first >= 0 && head[first] == '[' => DataFormat.JsonList,
                ".jsonl" or ".ndjson" or ".json" => DataFormat.JsonLines,
                _ => DataFormat.Csv,
            };
    }

    /// <summary>What a record of a format is counted by, for people.</summary>
    /// <param name="format">The format.</param>
    public static string Unit(DataFormat format) => format switch
    {
        DataFormat.Parquet => "row",
        DataFormat.JsonList => "item",
        _ => "line",
    };

    private static string Ending(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(name).ToLowerInvariant();
    }
}
