using System.Text;

namespace Bgpo.Safetensors;

/// <summary>
/// Writes safetensors files with the layout of the reference implementation: widest types first, then by name, data 8-byte
/// aligned.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>
    /// Writes a whole file. Tensors are asked for their bytes one after the other, so one at a time is in memory.
    /// </summary>
    /// <param name="stream">Where to; only written forward.</param>
    /// <param name="tensors">In any order, names distinct.</param>
    /// <param name="metadata">Free text for <c>__metadata__</c>.</param>
    /// <param name="label">What to call the file in messages.</param>
    /// <exception cref="SafetensorsException">Two tensors share a name, or one writes another number of bytes than its shape
    /// takes.</exception>
    public static void Write(
        Stream stream,
        IEnumerable<SafetensorsTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        string label = "safetensors")
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsTensor[] ordered = [.. tensors
            .OrderByDescending(tensor => tensor.Dtype)
            .ThenBy(tensor => Encoding.UTF8.GetBytes(tensor.Name), Utf8Order.Instance)];
        var entries = new List<SafetensorsEntry>(ordered.Length);
        var names = new HashSet<string>(StringComparer.Ordinal);
        long at = 0;
        foreach (SafetensorsTensor tensor in ordered)
        {
            if (!names.Add(tensor.Name))
            {
                throw new SafetensorsException($"{label}: tensor '{tensor.Name}' was given twice.");
            }

            long end = checked(at + tensor.ByteLength);
            entries.Add(new SafetensorsEntry(tensor.Name, tensor.Dtype, tensor.Shape, at, end));
            at = end;
        }
        byte[] header = SafetensorsHeader.Write(entries, metadata);
        if (header.Length - SafetensorsHeader.PrefixLength > SafetensorsHeader.LengthLimit)
        {
            throw new SafetensorsException(
                $"{label}: its header would take {header.Length} bytes, the limit is {SafetensorsHeader.LengthLimit}; "
                + "spread the tensors over several files.");
        }
        stream.Write(header);
        foreach (SafetensorsTensor tensor in ordered)
        {
            using var counted = new CountingStream(stream);
            tensor.WriteTo(counted);
            if (counted.Count != tensor.ByteLength)
            {
                throw new SafetensorsException(
                    $"{label}: tensor '{tensor.Name}' wrote {counted.Count} bytes; "
                    + $"{tensor.Dtype.Name()} [{string.Join(", ", tensor.Shape)}] takes {tensor.ByteLength}.");
            }
        }
    }

    /// <summary>Writes a whole file to memory.</summary>
    /// <param name="tensors">In any order, names distinct.</param>
    /// <param name="metadata">Free text for <c>__metadata__</c>.</param>
    /// <exception cref="SafetensorsException">As <see cref="Write"/>.</exception>
    public static byte[] ToBytes(IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsTensor[] all = [.. tensors];
        using var buffer = new MemoryStream(checked((int)all.Sum(tensor => tensor.ByteLength + 128)));
        Write(buffer, all, metadata);
        return buffer.ToArray();
    }

    /// <summary>Writes a file of the file system, replacing an older one only when the new one is whole.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="tensors">In any order, names distinct.</param>
    /// <param name="metadata">Free text for <c>__metadata__</c>.</param>
    /// <exception cref="SafetensorsException">As <see cref="Write"/>.</exception>
    /// <exception cref="IOException">The file system refuses.</exception>
    public static void WriteFile(
        string path, IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string partial = path + ".partial";
        try
        {
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                Write(stream, tensors, metadata, path);
                stream.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>The reference sorts names by their UTF-8 bytes, which differs from UTF-16 order beyond the basic plane.</summary>
    private sealed class Utf8Order : IComparer<byte[]>
    {
        public static readonly Utf8Order Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }

    /// <summary>Counts what a tensor writes. Leaves the stream beneath open.</summary>
    private sealed class CountingStream(Stream inner) : Stream
    {
        public long Count { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            Count += buffer.Length;
        }
    }
}
