using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Bgpo.Safetensors;

/// <summary>
/// Reads single tensors of a safetensors file from a seekable stream. The whole header is checked on opening. Not thread-safe.
/// </summary>
public sealed class SafetensorsReader : IDisposable
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    /// <summary>Opens a file in a stream, from the stream's position to its end.</summary>
    /// <param name="stream">Readable and seekable.</param>
    /// <param name="label">What to call the file in messages: its path or blob name.</param>
    /// <param name="leaveOpen">Whether disposing leaves the stream open.</param>
    /// <exception cref="SafetensorsException">The header or the file's length breaks the format.</exception>
    public SafetensorsReader(Stream stream, string label, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(label);
        long start = stream.Position;
        SafetensorsHeader header = SafetensorsHeader.Read(stream, label);
        _stream = stream;
        _leaveOpen = leaveOpen;
        _dataStart = start + header.DataOffset;
        _byName = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        Label = label;
        Entries = header.Entries;
        Metadata = header.Metadata;
    }

    /// <summary>What the file is called in messages.</summary>
    public string Label { get; }

    /// <summary>All tensors in the header's order.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The header's <c>__metadata__</c>; empty when absent.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Length and time of the open file: what changes when it is written anew. Empty where it is no file.</summary>
    public string Stamp =>
        _stream is FileStream file ? $"{file.Length} {File.GetLastWriteTimeUtc(file.SafeFileHandle).Ticks}" : "";

    /// <summary>Opens a file of the file system.</summary>
    /// <param name="path">Its path, also used in messages.</param>
    /// <exception cref="SafetensorsException">It is missing, or breaks the format.</exception>
    public static SafetensorsReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream stream;
        try
        {
            stream = RegularFile.Open(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException($"{path}: cannot be opened: {exception.Message}", exception);
        }
        try
        {
            return new SafetensorsReader(stream, path);
        }
        catch (Exception exception)
        {
            stream.Dispose();
            if (exception is IOException)
            {
                throw new SafetensorsException($"{path}: its header cannot be read: {exception.Message}", exception);
            }
            throw;
        }
    }

    /// <summary>Whether the file has the tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Where the tensor lies.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="SafetensorsException">There is no such tensor.</exception>
    public SafetensorsEntry Entry(string name) =>
        _byName.TryGetValue(name, out SafetensorsEntry? entry)
            ? entry
            : throw new SafetensorsException($"{Label}: has no tensor '{name}' among its {Entries.Count}.");

    /// <summary>Reads a tensor's little-endian bytes, row-major.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Exactly the tensor's bytes long.</param>
    /// <exception cref="SafetensorsException">There is no such tensor, it has another length, or the file shrank.</exception>
    public void Read(string name, Span<byte> destination)
    {
        SafetensorsEntry entry = Entry(name);
        if (destination.Length != entry.ByteLength)
        {
            throw new SafetensorsException(
                $"{Label}: tensor '{name}' has {entry.ByteLength} bytes; {destination.Length} were asked for.");
        }

        ReadAt(name, entry, 0, destination);
    }

    private void ReadAt(string name, SafetensorsEntry entry, long offset, Span<byte> destination)
    {
        try
        {
            _stream.Position = _dataStart + entry.Begin + offset;
            _stream.ReadExactly(destination);
        }
        catch (EndOfStreamException exception)
        {
            throw new SafetensorsException(
                $"{Label}: tensor '{name}' ends before its {entry.ByteLength} bytes; the file was cut.", exception);
        }
        catch (IOException exception)
        {
            throw new SafetensorsException($"{Label}: tensor '{name}' cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads some of a tensor's little-endian bytes.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="offset">The first byte, from the tensor's beginning.</param>
    /// <param name="destination">As long as what is read.</param>
    /// <exception cref="SafetensorsException">There is no such tensor, it ends before, or the file shrank.</exception>
    public void ReadRange(string name, long offset, Span<byte> destination)
    {
        SafetensorsEntry entry = Entry(name);
        if (offset < 0 || offset > entry.ByteLength - destination.Length)
        {
            throw new SafetensorsException(
                $"{Label}: tensor '{name}' has {entry.ByteLength} bytes; {destination.Length} from byte {offset} on were asked " +
                    "for.");
        }
        ReadAt(name, entry, offset, destination);
    }

    /// <summary>Reads a tensor's little-endian bytes, row-major.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="SafetensorsException">There is no such tensor, or it is larger than an array can be.</exception>
    public byte[] Read(string name)
    {
        SafetensorsEntry entry = Entry(name);
        if (entry.ByteLength > Array.MaxLength)
        {
            throw new SafetensorsException(
                $"{Label}: tensor '{name}' has {entry.ByteLength} bytes; one array holds {Array.MaxLength}. Read it into " +
                    "native memory.");
        }
        var bytes = new byte[entry.ByteLength];
        Read(name, bytes);
        return bytes;
    }

    /// <summary>Reads an F32 tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>Its elements, row-major.</returns>
    /// <exception cref="SafetensorsException">There is no such tensor, it is not F32, or it is too large for an
    /// array.</exception>
    public float[] ReadSingles(string name)
    {
        SafetensorsEntry entry = Singles(name);
        // The bytes of one read must fit a span, whose length is an int.
        if (entry.ByteLength > Array.MaxLength)
        {
            throw new SafetensorsException($"{Label}: tensor '{name}' has {entry.Elements} elements; too many for one array.");
        }

        float[] values = GC.AllocateUninitializedArray<float>(checked((int)entry.Elements));
        ReadSingles(name, values);
        return values;
    }

    /// <summary>Reads an F32 tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Exactly as long as the tensor.</param>
    /// <exception cref="SafetensorsException">There is no such tensor, it is not F32, or it has another length.</exception>
    public void ReadSingles(string name, Span<float> destination)
    {
        SafetensorsEntry entry = Singles(name);
        if (entry.Elements != destination.Length)
        {
            throw new SafetensorsException(
                $"{Label}: tensor '{name}' has {entry.Elements} elements; {destination.Length} were asked for.");
        }

        Read(name, MemoryMarshal.AsBytes(destination));
        if (!BitConverter.IsLittleEndian)
        {
            Span<int> bits = MemoryMarshal.Cast<float, int>(destination);
            BinaryPrimitives.ReverseEndianness(bits, bits);
        }
    }

    private SafetensorsEntry Singles(string name)
    {
        SafetensorsEntry entry = Entry(name);
        return entry.Dtype == SafetensorsDtype.F32
            ? entry
            : throw new SafetensorsException($"{Label}: tensor '{name}' is {entry.Dtype.Name()}; expected F32.");
    }

    /// <summary>Closes the stream unless told otherwise.</summary>
    public void Dispose()
    {
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }
}
