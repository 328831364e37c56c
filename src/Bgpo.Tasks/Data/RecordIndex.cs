using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Tasks.Data;

/// <summary>
/// Where each record of a data file begins: twelve bytes of memory a record. Records are read and parsed when they are asked
/// for.
/// </summary>
internal sealed class RecordIndex
{
    /// <summary>Longest record, bytes.</summary>
    public const int LongestRecord = 64 << 20;

    private const int Chunk = 1 << 20;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly DataFile _file;
    private readonly SafeFileHandle _text;
    private readonly List<long> _starts = [];
    private readonly List<int> _numbers = [];
    private readonly long _end;
    private readonly string[] _header = [];
    private readonly string _delimiter = ",";

    /// <summary>Reads through the file once.</summary>
    /// <param name="file">The file.</param>
    /// <param name="unpacked">Its text.</param>
    /// <exception cref="TaskDataException">A quote is never closed, or the header is bad.</exception>
    public RecordIndex(DataFile file, Unpacked unpacked)
    {
        (_file, _text, Format) = (file, unpacked.File.SafeFileHandle, unpacked.Format);
        _end = Scan();
        if (Format == DataFormat.Csv && _starts.Count > 0)
        {
            string header = Text(0);
            _delimiter = header.Contains(',') ? "," : header.Contains('\t') ? "\t" : header.Contains(';') ? ";" : ",";
            _header = ParseRow(0, header);
            if (_header.FirstOrDefault(name => name.Length == 0 || _header.Count(name.Equals) > 1) is { } bad)
            {
                throw Error(0, header, bad.Length == 0 ? "a header with a name for each field"
                    : $"a header that names '{bad}' once");
            }
            _starts.RemoveAt(0);
            _numbers.RemoveAt(0);
        }
    }

    /// <summary>What the file was before it was unpacked.</summary>
    public DataFormat Format { get; }

    /// <summary>Records.</summary>
    public int Count => _starts.Count;

    /// <summary>Records that were read and parsed, for tests and reports.</summary>
    public long Reads { get; private set; }

    /// <summary>A record.</summary>
    /// <param name="index">Its place, from 0.</param>
    /// <exception cref="TaskDataException">It is none, or the file changed.</exception>
    public DataRecord this[int index]
    {
        get
        {
            Reads++;
            string text = Text(index);
            return new DataRecord(_file, _numbers[index], DataFormats.Unit(Format), text,
                Format == DataFormat.Csv ? OfRow(index, text) : OfJson(index, text));
        }
    }

    private JsonElement OfRow(int index, string text)
    {
        string[] row = ParseRow(index, text);
        return row.Length == _header.Length
            ? JsonSerializer.SerializeToElement(_header.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second))
            : throw Error(index, text, $"{_header.Length} fields as in the header ({string.Join(", ", _header)}); "
                + $"here are {row.Length}");
    }

    private string[] ParseRow(int index, string text)
    {
        string? bad = null;
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = _delimiter,
            BadDataFound = found => bad = found.Field,
        };
        using var parser = new CsvParser(new StringReader(text), configuration);
        string[]? row = parser.Read() ? parser.Record : null;
        return bad is null && row is not null ? row : throw Error(
            index, text, "fields with commas between; one that has a comma, a quote or a line break stands in quotes, and a quote "
            + "in it is written twice");
    }

    private JsonElement OfJson(int index, string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? json.RootElement.Clone()
                : throw Error(index, text, """a JSON object such as {"question": "1 + 1?", "answer": "2"}""");
        }
        catch (JsonException e)
        {
            throw Error(index, text, $"a JSON object, in one line ({Reason(e)})", e);
        }
    }

    /// <summary>What System.Text.Json says, without the place in a text of one line.</summary>
    private static string Reason(JsonException e)
    {
        string message = e.Message;
        int place = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (place < 0 ? message : message[..place]).TrimEnd('.') + $" at byte {e.BytePositionInLine + 1}";
    }

    private string Text(int index)
    {
        _file.CheckUnchanged();
        long length = (index + 1 < _starts.Count ? _starts[index + 1] : _end) - _starts[index];
        if (length > LongestRecord)
        {
            throw Error(index, "", $"a record of at most {LongestRecord >> 20} MiB; this one has {length >> 20} MiB");
        }
        var bytes = new byte[length];
        int read = RandomAccess.Read(_text, bytes, _starts[index]);
        try
        {
            return s_strict.GetString(bytes.AsSpan(0, read).TrimEnd(" \t\r\n"u8));
        }
        catch (DecoderFallbackException e)
        {
            throw Error(index, Encoding.UTF8.GetString(bytes.AsSpan(0, read)), $"text in UTF-8 (byte {e.Index + 1} is none)", e);
        }
    }

    private TaskDataException Error(int index, string found, string expected, Exception? inner = null) =>
        new(_file.Path, DataFormats.Unit(Format), _numbers[index], $"found '{TaskDataException.Shown(found)}', expected {expected}.",
            inner);

    /// <summary>Finds where records begin.</summary>
    /// <returns>Where the last one ends.</returns>
    private long Scan()
    {
        var chunk = new byte[Chunk];
        var line = new LineScan(this);
        long place = 0;
        for (int read; (read = RandomAccess.Read(_text, chunk, place)) > 0; place += read)
        {
            bool isMarked = place == 0 && chunk.AsSpan(0, read).StartsWith(Encoding.UTF8.Preamble);
            line.Take(isMarked ? Encoding.UTF8.Preamble.Length : 0, chunk.AsSpan(0, read), place);
        }
        line.End(place);
        return place;
    }

    /// <summary>
    /// Goes through lines; one that ends inside quotes goes on in the next, where the file is CSV. A quote inside quotes is
    /// written twice, so that an odd number of them has opened one.
    /// </summary>
    private sealed class LineScan(RecordIndex index)
    {
        private readonly bool _hasQuotes = index.Format == DataFormat.Csv;
        private long _start;
        private int _line = 1;
        private int _firstLine = 1;
        private bool _isBlank = true;
        private bool _isQuoted;

        public void Take(int skip, ReadOnlySpan<byte> chunk, long place)
        {
            _start = skip > 0 ? place + skip : _start;
            for (int at = skip; at < chunk.Length;)
            {
                ReadOnlySpan<byte> rest = chunk[at..];
                int stop = _hasQuotes ? rest.IndexOfAny((byte)'\n', (byte)'"') : rest.IndexOf((byte)'\n');
                ReadOnlySpan<byte> part = stop < 0 ? rest : rest[..stop];
                _isBlank = _isBlank && part.IndexOfAnyExcept(" \t\r\v\f"u8) < 0;
                at += part.Length + 1;
                if (stop >= 0 && rest[stop] == '"')
                {
                    (_isQuoted, _isBlank) = (!_isQuoted, false);
                }
                else if (stop >= 0)
                {
                    EndLine(place + at);
                }
            }
        }

        public void End(long place)
        {
            if (_isQuoted)
            {
                throw new TaskDataException(
                    index._file.Path, "line", _firstLine, "a quote is opened in this record and never closed.");
            }
            if (!_isBlank)
            {
                EndLine(place);
            }
        }

        private void EndLine(long next)
        {
            _line++;
            if (_isQuoted)
            {
                return;
            }
            if (!_isBlank)
            {
                index._starts.Add(_start);
                index._numbers.Add(_firstLine);
            }
            (_start, _firstLine, _isBlank) = (next, _line, true);
        }
    }
}
