using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Orleans.Runtime;

/// <summary>Integer and GUID keys: written in the key's text as Orleans does, hexadecimal and 32 digits.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>The key of integer <paramref name="key"/>.</summary>
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));

    /// <summary>The key of GUID <paramref name="key"/>.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N"));

    /// <summary>Reads an integer key and its extension (the text after a plus sign), if it is one.</summary>
    public static bool TryGetIntegerKey(this GrainId grainId, out long key, out string? keyExt)
    {
        ReadOnlySpan<byte> text = Split(grainId, out keyExt);
        return Utf8Parser.TryParse(text, out key, out int length, 'X') && length == text.Length;
    }

    /// <summary>Reads a GUID key and its extension (the text after a plus sign), if it is one.</summary>
    public static bool TryGetGuidKey(this GrainId grainId, out Guid key, out string? keyExt)
    {
        ReadOnlySpan<byte> text = Split(grainId, out keyExt);
        return Utf8Parser.TryParse(text, out key, out int length, 'N') && length == 32 && text.Length == 32;
    }

    /// <summary>The integer key.</summary>
    /// <exception cref="ArgumentException">The key is not an integer.</exception>
    public static long GetIntegerKey(this GrainId grainId) => grainId.TryGetIntegerKey(out long key, out _)
        ? key
        : throw new ArgumentException($"Value \"{grainId}\" is not in the correct format for an Integer key.", nameof(grainId));

    /// <summary>The GUID key.</summary>
    /// <exception cref="ArgumentException">The key is not a GUID.</exception>
    public static Guid GetGuidKey(this GrainId grainId) => grainId.TryGetGuidKey(out Guid key, out _)
        ? key
        : throw new ArgumentException($"Value \"{grainId}\" is not in the correct format for a Guid key.", nameof(grainId));

    private static ReadOnlySpan<byte> Split(GrainId grainId, out string? extension)
    {
        ReadOnlySpan<byte> text = grainId.Key.AsSpan();
        int plus = text.IndexOf((byte)'+');
        extension = plus < 0 ? null : Encoding.UTF8.GetString(text[(plus + 1)..]);
        return plus < 0 ? text : text[..plus];
    }
}
