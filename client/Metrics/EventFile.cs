using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Bgpo.Client.Metrics;

/// <summary>
/// TensorBoard's event files: records of a length, its checksum, an Event message and that one's checksum, where a checksum is a
/// masked CRC-32C. Only what scalars need of the format.
/// </summary>
internal static class EventFile
{
    private const uint MaskDelta = 0xa282ead8;

    /// <summary>CRC-32C of bytes, rotated and shifted as the format wants it.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + MaskDelta;
    }

    /// <summary>A message as a record.</summary>
    internal static byte[] Record(ReadOnlySpan<byte> message)
    {
        var record = new byte[12 + message.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        message.CopyTo(record.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + message.Length), MaskedCrc(message));
        return record;
    }

    /// <summary>The Event message that begins a file.</summary>
    /// <param name="at">When.</param>
    internal static byte[] Version(DateTimeOffset at) => Message(at, null, body => Text(body, 3, "brain.Event:2"));

    /// <summary>An Event message with scalars of one step.</summary>
    /// <param name="at">When.</param>
    /// <param name="step">The step.</param>
    /// <param name="scalars">Tags and values.</param>
    internal static byte[] Scalars(DateTimeOffset at, long step, IEnumerable<(string Tag, double Value)> scalars) =>
        Message(at, step, body =>
    {
        using var summary = new MemoryStream();
        Span<byte> single = stackalloc byte[4];
        foreach (var (tag, value) in scalars)
        {
            using var one = new MemoryStream();
            Text(one, 1, tag);
            Key(one, 2, 5);
            BinaryPrimitives.WriteSingleLittleEndian(single, (float)value);
            one.Write(single);
            Bytes(summary, 1, one.ToArray());
        }

        Bytes(body, 5, summary.ToArray());
    });

    /// <summary>The highest step in a file; -1 when it has none. What is cut short at its end does not count.</summary>
    /// <param name="content">The file.</param>
    internal static long NewestStep(ReadOnlySpan<byte> content)
    {
        long newest = -1;
        while (content.Length >= 16)
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(content);
            if (BinaryPrimitives.ReadUInt32LittleEndian(content[8..]) != MaskedCrc(content[..8])
                || length > (ulong)content.Length - 16)
            {
                break;
            }

            newest = Math.Max(newest, StepOf(content.Slice(12, (int)length)));
            content = content[(16 + (int)length)..];
        }

        return newest;
    }

    /// <summary>The step of an Event message; -1 where it has none.</summary>
    private static long StepOf(ReadOnlySpan<byte> message)
    {
        while (message.Length > 0)
        {
            var key = Varint(ref message);
            switch (key & 7)
            {
                case 0:
                    var value = Varint(ref message);
                    if (key >> 3 == 2)
                    {
                        return (long)value;
                    }

                    break;
                case 1 when message.Length >= 8:
                    message = message[8..];
                    break;
                case 2:
                    var length = (int)Math.Min(Varint(ref message), (ulong)message.Length);
                    message = message[length..];
                    break;
                default:
                    return -1;
            }
        }

        return -1;
    }

    private static byte[] Message(DateTimeOffset at, long? step, Action<MemoryStream> rest)
    {
        using var body = new MemoryStream();
        Key(body, 1, 1);
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(time, at.ToUnixTimeMilliseconds() / 1000.0);
        body.Write(time);
        if (step is { } number)
        {
            Key(body, 2, 0);
            Varint(body, (ulong)number);
        }

        rest(body);
        return body.ToArray();
    }

    private static void Text(MemoryStream body, int field, string text) => Bytes(body, field, Encoding.UTF8.GetBytes(text));

    private static void Bytes(MemoryStream body, int field, byte[] bytes)
    {
        Key(body, field, 2);
        Varint(body, (ulong)bytes.Length);
        body.Write(bytes);
    }

    private static void Key(MemoryStream body, int field, int wire) => Varint(body, (ulong)((field << 3) | wire));

    private static void Varint(MemoryStream body, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            body.WriteByte((byte)(value | 0x80));
        }

        body.WriteByte((byte)value);
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var shift = 0; bytes.Length > 0 && shift < 64; shift += 7)
        {
            var one = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                break;
            }
        }

        return value;
    }
}
