using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Bgpo.Safetensors;

/// <summary>The header of a safetensors file: its tensors and free text metadata.</summary>
internal sealed record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataOffset)
{
    /// <summary>Largest header, in bytes, as in the reference implementation.</summary>
    public const int LengthLimit = 100_000_000;

    public const int PrefixLength = 8;

    private const string MetadataKey = "__metadata__";

    /// <summary>Reads and checks the header of a seekable stream from its position on.</summary>
    public static SafetensorsHeader Read(Stream stream, string label)
    {
        long available = stream.Length - stream.Position;
        if (available < PrefixLength)
        {
            throw new SafetensorsException(
                $"{label}: {available} bytes is too short for a safetensors file; it is empty or truncated.");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > LengthLimit)
        {
            throw new SafetensorsException(
                $"{label}: its header claims {length} bytes, the limit is {LengthLimit}; this is no safetensors file, or it is " +
                    "damaged.");
        }
        if ((long)length > available - PrefixLength)
        {
            throw new SafetensorsException(
                $"{label}: its header claims {length} bytes but only {available - PrefixLength} follow; the file is truncated.");
        }
        var json = new byte[(int)length];
        stream.ReadExactly(json);
        return Parse(json, available - PrefixLength - json.Length, label);
    }

    /// <summary>Checks a header against the number of data bytes behind it.</summary>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string label)
    {
        // The format demands '{' at once, so a header can be told from other files by its ninth byte.
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw new SafetensorsException(
                $"{label}: its header does not start with '{{'; this is no safetensors file, or it is damaged.");
        }

        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (!names.Add(name))
                {
                    throw new SafetensorsException($"{label}: '{name}' stands twice in the header.");
                }

                reader.Read();
                if (name == MetadataKey)
                {
                    ReadMetadata(ref reader, metadata, label);
                }
                else
                {
                    entries.Add(ReadEntry(ref reader, name, label));
                }
            }
            if (reader.Read())
            {
                throw new SafetensorsException($"{label}: its header has more than one JSON value.");
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new SafetensorsException(
                $"{label}: its header is not valid JSON of the format: {OneLine(exception.Message)}", exception);
        }
        CheckLayout(entries, dataLength, label);
        return new SafetensorsHeader(entries, metadata, PrefixLength + json.Length);
    }

    /// <summary>Prefix and header, padded with spaces so that the data starts at a multiple of 8.</summary>
    public static byte[] Write(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[PrefixLength]);
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            }
            foreach (SafetensorsEntry entry in entries)
            {
                WriteEntry(writer, entry);
            }

            writer.WriteEndObject();
        }
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        byte[] bytes = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - PrefixLength));
        return bytes;
    }

    private static void WriteEntry(Utf8JsonWriter writer, SafetensorsEntry entry)
    {
        writer.WriteStartObject(entry.Name);
        writer.WriteString("dtype", entry.Dtype.Name());
        writer.WriteStartArray("shape");
        foreach (long size in entry.Shape)
        {
            writer.WriteNumberValue(size);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(entry.Begin);
        writer.WriteNumberValue(entry.End);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata, string label)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, $"{label}: {MetadataKey} is not an object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, $"{label}: {MetadataKey} '{key}' is not a text.");
            Expect(metadata.TryAdd(key, reader.GetString()!), $"{label}: {MetadataKey} '{key}' stands twice.");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string label)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, $"{label}: tensor '{name}' is not described by an object.");
        SafetensorsDtype? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype" when dtype is null:
                    string text = reader.GetString() ?? "null";
                    Expect(
                        SafetensorsDtypes.TryParse(text, out SafetensorsDtype parsed),
                        $"{label}: tensor '{name}' has dtype '{text}'; known are {string.Join(", ", SafetensorsDtypes.Names)}.");
                    dtype = parsed;
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, $"{label}: tensor '{name}': shape");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, $"{label}: tensor '{name}': data_offsets");
                    break;
                default:
                    throw new SafetensorsException(
                        $"{label}: tensor '{name}' has field '{field}' (unknown or twice); expected dtype, shape, data_offsets " +
                            "once each.");
            }
        }
        if (dtype is null || shape is null || offsets is not [long begin, long end])
        {
            throw new SafetensorsException($"{label}: tensor '{name}' lacks dtype, shape or two data_offsets.");
        }

        return new SafetensorsEntry(name, dtype.Value, shape, begin, end);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader, string what)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"{what} is not an array.");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
            {
                throw new SafetensorsException($"{what} has an item that is no whole number from 0 to {long.MaxValue}.");
            }

            numbers.Add(number);
        }
        return numbers;
    }

    private static void CheckLayout(List<SafetensorsEntry> entries, long dataLength, string label)
    {
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.End < entry.Begin || entry.End > dataLength)
            {
                throw new SafetensorsException(
                    $"{label}: tensor '{entry.Name}' spans bytes {entry.Begin} to {entry.End} but the file has {dataLength} " +
                        "data bytes; "
                    + "it is truncated or damaged.");
            }
            long expected = SafetensorsEntry.BytesOf(entry.Dtype, entry.Shape);
            if (expected != entry.ByteLength)
            {
                throw new SafetensorsException(
                    $"{label}: tensor '{entry.Name}' ({entry.Dtype.Name()} [{string.Join(", ", entry.Shape)}]) has " +
                        $"{entry.ByteLength} bytes; "
                    + $"its shape takes {(expected < 0 ? "more than 2^63" : expected)}.");
            }
        }
        // As the reference implementation: tensors cover the data without overlap or hole, so nothing hides in a file.
        long at = 0;
        SafetensorsEntry? previous = null;
        foreach (SafetensorsEntry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin < at)
            {
                throw new SafetensorsException(
                    $"{label}: tensors '{previous!.Name}' and '{entry.Name}' overlap at byte {entry.Begin}.");
            }

            if (entry.Begin > at)
            {
                throw new SafetensorsException(
                    $"{label}: bytes {at} to {entry.Begin} before tensor '{entry.Name}' belong to no tensor.");
            }

            at = entry.End;
            previous = entry;
        }
        if (at != dataLength)
        {
            throw new SafetensorsException(
                $"{label}: its tensors end at byte {at} but {dataLength} data bytes follow the header.");
        }
    }

    private static void Expect(bool condition, string message)
    {
        if (!condition)
        {
            throw new SafetensorsException(message);
        }
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
