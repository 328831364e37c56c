using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Bgpo.Safetensors;

/// <summary>A tensor to be written: what it is called, and where its bytes come from when its turn comes.</summary>
public sealed class SafetensorsTensor
{
    private readonly Action<Stream> _write;

    /// <summary>A tensor whose bytes are produced when it is written, so a model larger than memory can be saved.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="shape">Sizes of its dimensions.</param>
    /// <param name="write">Writes its little-endian bytes, row-major, exactly as many as the shape takes.</param>
    /// <exception cref="SafetensorsException">The shape has a negative size or overflows, or the name is reserved.</exception>
    public SafetensorsTensor(string name, SafetensorsDtype dtype, IReadOnlyList<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(write);
        if (name == "__metadata__")
        {
            throw new SafetensorsException("A tensor cannot be called '__metadata__'; the format reserves that name.");
        }

        ByteLength = SafetensorsEntry.BytesOf(dtype, shape);
        if (ByteLength < 0)
        {
            throw new SafetensorsException(
                $"Tensor '{name}' has shape [{string.Join(", ", shape)}]: negative or larger than 2^63 bytes.");
        }

        Name = name;
        Dtype = dtype;
        Shape = shape;
        _write = write;
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public SafetensorsDtype Dtype { get; }

    /// <summary>Sizes of its dimensions.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes that the shape takes.</summary>
    public long ByteLength { get; }

    /// <summary>A tensor from bytes in memory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="shape">Sizes of its dimensions.</param>
    /// <param name="bytes">Little-endian, row-major.</param>
    public static SafetensorsTensor FromBytes(
        string name, SafetensorsDtype dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes) =>
        new(name, dtype, shape, stream => stream.Write(bytes.Span));

    /// <summary>An F32 tensor from memory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Sizes of its dimensions.</param>
    /// <param name="values">Row-major.</param>
    public static SafetensorsTensor FromSingles(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        new(name, SafetensorsDtype.F32, shape, stream => WriteSingles(stream, values.Span));

    /// <summary>Writes the bytes to a stream.</summary>
    internal void WriteTo(Stream stream) => _write(stream);

    private static void WriteSingles(Stream stream, ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            // A span's length is an int, so at most 2^29 - 1 floats go at once.
            const int Chunk = 1 << 24;
            for (; !values.IsEmpty; values = values[Math.Min(Chunk, values.Length)..])
            {
                stream.Write(MemoryMarshal.AsBytes(values[..Math.Min(Chunk, values.Length)]));
            }

            return;
        }
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }
}
