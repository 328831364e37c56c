using System.Buffers.Binary;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>What a frame is for.</summary>
internal enum FrameKind : byte
{
    /// <summary>The first on a connection: who calls, of which cluster.</summary>
    Hello = 1,
    Request = 2,
    Response = 3,

    /// <summary>The caller of a request no longer wants its outcome.</summary>
    Cancel = 4,

    /// <summary>The table of members has a new version.</summary>
    Membership = 5,

    /// <summary>The last from a silo that leaves: what it has not answered has not run and is to be sent elsewhere.</summary>
    Goodbye = 6,
}

/// <summary>How a request ended.</summary>
internal enum Outcome : byte
{
    Result = 1,
    Failure = 2,

    /// <summary>The grain is not here; the request has not run and is to be sent elsewhere.</summary>
    Moved = 3,
}

/// <summary>
/// A message on the wire: 16 bytes of prelude (mark, length of the head, count and bytes of blobs), the head, a table of the blobs
/// (length and kind of elements of each), and the blobs as they lie in memory.
/// </summary>
internal static class Frame
{
    public const int PreludeBytes = 16;
    public const int TableEntryBytes = 5;
    public const int MaxBlobs = 4096;

    // "OrlE" and the version of this layout.
    private const uint Mark = 0x4F726C45 + 1;

    public static WireWriter Begin(FrameKind kind)
    {
        WireWriter writer = new();
        writer.Reserve(PreludeBytes);
        writer.Byte((byte)kind);
        return writer;
    }

    /// <summary>Fills in the prelude and appends the table.</summary>
    /// <exception cref="OrleansException">The message is larger than <paramref name="maxBytes"/>.</exception>
    public static void End(WireWriter writer, int maxBytes, object message)
    {
        int headBytes = writer.Position - PreludeBytes;
        foreach (Blob blob in writer.Blobs)
        {
            Span<byte> entry = writer.Reserve(TableEntryBytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry, blob.Bytes.Length);
            entry[4] = (byte)blob.Kind;
        }

        long total = writer.TotalBytes;
        if (total > maxBytes || writer.Blobs.Count > MaxBlobs)
        {
            throw new OrleansException($"Message \"{message}\" has {total} bytes in {writer.Blobs.Count + 1} parts; at most {maxBytes} bytes"
                + $" (MaxMessageBodySize) in {MaxBlobs} parts are sent. Send it in pieces.");
        }

        Span<byte> prelude = writer.Prefix(PreludeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(prelude, Mark);
        BinaryPrimitives.WriteInt32LittleEndian(prelude[4..], headBytes);
        BinaryPrimitives.WriteInt32LittleEndian(prelude[8..], writer.Blobs.Count);
        BinaryPrimitives.WriteInt32LittleEndian(prelude[12..], writer.Blobs.Sum(blob => blob.Bytes.Length));
    }

    /// <summary>Reads a prelude.</summary>
    /// <exception cref="MalformedFrameException">It makes no sense or promises too much.</exception>
    public static (int HeadBytes, int Blobs, int BlobBytes) ReadPrelude(ReadOnlySpan<byte> prelude, int maxBytes)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(prelude) != Mark)
        {
            throw new MalformedFrameException($"a frame begins with {Convert.ToHexString(prelude[..4])}, which is not this protocol's mark");
        }

        int head = BinaryPrimitives.ReadInt32LittleEndian(prelude[4..]);
        int blobs = BinaryPrimitives.ReadInt32LittleEndian(prelude[8..]);
        int blobBytes = BinaryPrimitives.ReadInt32LittleEndian(prelude[12..]);
        return head > 0 && blobs is >= 0 and <= MaxBlobs && blobBytes >= 0 && (long)head + blobBytes <= maxBytes
            ? (head, blobs, blobBytes)
            : throw new MalformedFrameException(
                $"a frame promises a head of {head} bytes and {blobs} blocks of {blobBytes} bytes; at most {maxBytes} bytes are taken");
    }
}

/// <summary>The other side sent what is not a frame.</summary>
internal sealed class MalformedFrameException(string message) : Exception(message);
