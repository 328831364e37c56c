using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace Bgpo.Tasks.Data;

/// <summary>
/// Writes a Parquet file's rows as JSON lines, one row group at a time: rows are read in any order later, and a row alone cannot
/// be read from a row group.
/// </summary>
internal static class ParquetLines
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the rows.</summary>
    /// <param name="path">The file's name, for errors.</param>
    /// <param name="file">The file.</param>
    /// <param name="to">Where to.</param>
    /// <exception cref="TaskDataException">The file is damaged, or has what the library does not read.</exception>
    public static void Write(string path, SafeFileHandle file, Stream to)
    {
        // No context of a grain is to be waited for here.
        int groups = Read(path, "its footer", () => Task.Run(() => CountAsync(file)).GetAwaiter().GetResult());
        for (int group = 0; group < groups; group++)
        {
            int number = group;
            DeserializationResult<Dictionary<string, object>> rows = Read(path, $"row group {number + 1} of {groups}", () =>
                Task.Run(() => ParquetSerializer.DeserializeUntypedAsync(new HandleStream(file), null, number))
                    .GetAwaiter().GetResult());
            foreach (Dictionary<string, object> row in rows.Data)
            {
                JsonSerializer.Serialize(to, Fields(rows.Schema.Fields, row), s_options);
                to.Write("\n"u8);
            }
        }
    }

    private static async Task<int> CountAsync(SafeFileHandle file)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(new HandleStream(file)).ConfigureAwait(false);
        return reader.RowGroupCount;
    }

    private static T Read<T>(string path, string part, Func<T> read)
    {
        try
        {
            return read();
        }
        // A damaged file makes the library throw whatever its bytes lead to.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new TaskDataException(path, $"the Parquet file cannot be read, {part}: {e.Message}", e);
        }
    }

    private static JsonObject Fields(IReadOnlyList<Field> fields, IDictionary<string, object> row) => new(
        fields.Where(field => row.ContainsKey(field.Name))
            .Select(field => KeyValuePair.Create(field.Name, Value(field, row[field.Name]))));

    private static JsonNode? Value(Field field, object? value) => (field, value) switch
    {
        (_, null) => null,
        (ListField list, IEnumerable items) => new JsonArray([.. items.Cast<object?>().Select(item => Value(list.Item, item))]),
        (StructField inner, IDictionary<string, object> row) => Fields(inner.Fields, row),
        (DataField { IsArray: true }, IEnumerable items and not string and not byte[]) =>
            new JsonArray([.. items.Cast<object?>().Select(Scalar)]),
        (MapField map, IDictionary pairs) => new JsonObject(
            pairs.Cast<DictionaryEntry>().Select(pair => KeyValuePair.Create($"{pair.Key}", Value(map.Value, pair.Value)))),
        _ => Scalar(value),
    };

    private static JsonNode? Scalar(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        ReadOnlyMemory<char> text => JsonValue.Create(text.ToString()),
        byte[] bytes => JsonValue.Create(Encoding.UTF8.GetString(bytes)),
        ReadOnlyMemory<byte> bytes => JsonValue.Create(Encoding.UTF8.GetString(bytes.Span)),
        _ => JsonSerializer.SerializeToNode(value, value.GetType()),
    };
}
