using System.Text;
using System.Text.Json;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;

namespace Bgpo.Tasks.Data;

/// <summary>A data file as text in UTF-8: itself, or a temporary file that it is unpacked to.</summary>
/// <param name="File">The text: JSON lines, CSV, or the task's own format.</param>
/// <param name="Format">What the file was before: Parquet and JSON lists are JSON lines now.</param>
internal sealed record Unpacked(FileStream File, DataFormat Format)
{
    /// <summary>Enough to tell formats apart.</summary>
    private const int HeadBytes = 4096;

    /// <summary>Unpacks a file.</summary>
    /// <param name="path">The file's name.</param>
    /// <param name="raw">The file.</param>
    /// <returns><paramref name="raw"/> itself, or a temporary file.</returns>
    /// <exception cref="TaskDataException">It is packed or Parquet, and damaged.</exception>
    public static Unpacked Of(string path, FileStream raw)
    {
        ReadOnlySpan<byte> head = Head(raw);
        return head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? Then(path, Gunzip(path, raw))
            : head.StartsWith(Encoding.Unicode.Preamble) ? Then(path, Narrow(path, raw, Encoding.Unicode))
            : head.StartsWith(Encoding.BigEndianUnicode.Preamble) ? Then(path, Narrow(path, raw, Encoding.BigEndianUnicode))
            : DataFormats.Of(path, head) switch
            {
                DataFormat.Parquet => new(
                    TemporaryContent.Write(path, to => ParquetLines.Write(path, raw.SafeFileHandle, to)), DataFormat.Parquet),
                DataFormat.JsonList => new(
                    TemporaryContent.Write(path, to => WriteItems(path, raw, to)), DataFormat.JsonList),
                DataFormat format => new(raw, format),
            };
    }

    /// <summary>Goes on with what one step has unpacked.</summary>
    private static Unpacked Then(string path, FileStream step)
    {
        try
        {
            Unpacked last = Of(path, step);
            if (last.File != step)
            {
                step.Dispose();
            }
            return last;
        }
        catch
        {
            step.Dispose();
            throw;
        }
    }

    /// <summary>The first bytes of a file, without a mark of UTF-8.</summary>
    private static ReadOnlySpan<byte> Head(FileStream file)
    {
        var head = new byte[HeadBytes];
        using var stream = new HandleStream(file.SafeFileHandle);
        int read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        ReadOnlySpan<byte> bytes = head.AsSpan(0, read);
        return bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
    }

    private static FileStream Gunzip(string path, FileStream raw)
    {
        try
        {
            return TemporaryContent.Write(path, to =>
            {
                // .NET's own takes a file that is cut short for a whole one.
                using var gzip = new GZipInputStream(new HandleStream(raw.SafeFileHandle));
                gzip.CopyTo(to, 1 << 16);
            });
        }
        catch (Exception e) when (e is SharpZipBaseException or EndOfStreamException)
        {
            throw new TaskDataException(path, $"the file is packed by gzip and damaged: {e.Message}", e);
        }
    }

    /// <summary>UTF-16 as UTF-8.</summary>
    private static FileStream Narrow(string path, FileStream wide, Encoding encoding) => TemporaryContent.Write(path, to =>
    {
        using var reader = new StreamReader(new HandleStream(wide.SafeFileHandle), encoding);
        using var writer = new StreamWriter(to, new UTF8Encoding(false), leaveOpen: true);
        var chunk = new char[HeadBytes];
        for (int read; (read = reader.Read(chunk)) > 0;)
        {
            writer.Write(chunk, 0, read);
        }
    });

    /// <summary>Writes the items of a JSON list, one a line.</summary>
    private static void WriteItems(string path, FileStream list, Stream to)
    {
        try
        {
            var items = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(new HandleStream(list.SafeFileHandle));
            foreach (JsonElement item in items.ToBlockingEnumerable())
            {
                JsonSerializer.Serialize(to, item);
                to.Write("\n"u8);
            }
        }
        catch (JsonException e)
        {
            throw new TaskDataException(path, $"the file begins as a JSON list and is none: {e.Message}", e);
        }
    }
}
