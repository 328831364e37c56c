using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <summary>
/// JSON documents that carry the SHA-256 of themselves, so that any altered byte is found. The document is an object whose first
/// member is <c>"sha256"</c>: the hash of the same bytes without that member.
/// </summary>
internal static class SealedJson
{
    private static ReadOnlySpan<byte> Opening => "{\n  \"sha256\": \""u8;

    private static ReadOnlySpan<byte> Closing => "\","u8;

    private static int SealLength => Opening.Length + Sha256Text.Length + Closing.Length;

    public static byte[] Write<T>(T value, JsonTypeInfo<T> type)
    {
        byte[] plain = JsonSerializer.SerializeToUtf8Bytes(value, type);
        return [.. Opening, .. Encoding.ASCII.GetBytes(Sha256Text.Of(plain)), .. Closing, .. plain.AsSpan(1)];
    }

    /// <param name="content">The blob.</param>
    /// <param name="type">What it holds.</param>
    /// <param name="blobName">Its name, for messages.</param>
    /// <param name="known">Highest format that is read; null for a document that does not name its format.</param>
    /// <exception cref="CorruptBlobException">The bytes are not those that were written, or not of this type.</exception>
    /// <exception cref="NewerFormatException">It is of a newer format.</exception>
    public static T Read<T>(ReadOnlySpan<byte> content, JsonTypeInfo<T> type, string blobName, int? known)
    {
        if (content.Length <= SealLength
            || !content.StartsWith(Opening)
            || !content[(SealLength - Closing.Length)..].StartsWith(Closing))
        {
            throw new CorruptBlobException(blobName, $"is truncated or altered: {content.Length} bytes without a seal");
        }
        var plain = new byte[content.Length - SealLength + 1];
        plain[0] = (byte)'{';
        content[SealLength..].CopyTo(plain.AsSpan(1));
        Span<byte> claimed = stackalloc byte[SHA256.HashSizeInBytes];
        string text = Encoding.ASCII.GetString(content.Slice(Opening.Length, Sha256Text.Length));
        if (!Sha256Text.IsValid(text) || Sha256Text.Of(plain) != text)
        {
            throw new CorruptBlobException(
                blobName, $"is truncated or altered: its {content.Length} bytes do not make its sha256");
        }

        try
        {
            // First of all: a newer format need not be of this type.
            if (known is { } highest && FormatOf(plain) is var format && format > highest)
            {
                throw new NewerFormatException(
                    $"Blob '{blobName}' has format {format}; this version reads up to {highest}. Use a newer bgpo.");
            }

            return JsonSerializer.Deserialize(plain, type)
                ?? throw new CorruptBlobException(blobName, "holds null");
        }
        catch (JsonException exception)
        {
            throw new CorruptBlobException(
                blobName, $"is not of this program's format: {exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}",
                exception);
        }
    }

    /// <summary>The number in the member <c>formatVersion</c>, which is written first; 0 where there is none.</summary>
    private static int FormatOf(ReadOnlySpan<byte> document)
    {
        Utf8JsonReader reader = new(document);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isFormat = reader.ValueTextEquals("formatVersion"u8);
            reader.Read();
            if (isFormat)
            {
                return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int format) ? format : 0;
            }

            reader.Skip();
        }

        return 0;
    }
}

/// <summary>The JSON forms of everything that is stored.</summary>
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(CheckpointManifest))]
[JsonSerializable(typeof(JournalStep))]
[JsonSerializable(typeof(StoredMetrics))]
[JsonSerializable(typeof(RunRequests))]
internal sealed partial class StorageJson : JsonSerializerContext
{
    /// <summary>For records that people read: indented.</summary>
    public static StorageJson Indented { get; } = new(Form(indented: true));

    /// <summary>For records that are many or long: one line.</summary>
    public static StorageJson Compact { get; } = new(Form(indented: false));

    private static JsonSerializerOptions Form(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NewLine = "\n",
        WriteIndented = indented,
    };
}
