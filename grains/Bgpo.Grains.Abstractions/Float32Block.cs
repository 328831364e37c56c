using System.Buffers;
using System.Runtime.InteropServices;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Bgpo.Grains;

/// <summary>
/// A shard's worth of float32 in a message. It is written to the wire in one go, and read from it in one go into an array of the
/// pool, which whoever is done with it may give back.
/// </summary>
[Immutable]
public readonly struct Float32Block
{
    private readonly float[]? _rented;

    /// <summary>Values of somebody else's memory, which stays theirs.</summary>
    /// <param name="memory">The values; not written again.</param>
    public Float32Block(ReadOnlyMemory<float> memory) => Memory = memory;

    private Float32Block(float[] rented, int length) => (_rented, Memory) = (rented, rented.AsMemory(0, length));

    /// <summary>No values.</summary>
    public static Float32Block Empty => default;

    /// <summary>The values.</summary>
    public ReadOnlyMemory<float> Memory { get; }

    /// <summary>The values.</summary>
    public ReadOnlySpan<float> Span => Memory.Span;

    /// <summary>How many.</summary>
    public int Length => Memory.Length;

    /// <summary>Values of an array, which stays its owner's.</summary>
    /// <param name="values">The values.</param>
    public static implicit operator Float32Block(float[] values) => new(values);

    /// <summary>Values of a part of an array, likewise.</summary>
    /// <param name="values">The values.</param>
    public static implicit operator Float32Block(Memory<float> values) => new(values);

    /// <summary>Values of a part of an array, likewise.</summary>
    /// <param name="values">The values.</param>
    public static implicit operator Float32Block(ReadOnlyMemory<float> values) => new(values);

    /// <summary>Room for values that are to be received.</summary>
    /// <param name="length">How many.</param>
    internal static Float32Block Rent(int length) => new(ArrayPool<float>.Shared.Rent(length), length);

    /// <summary>The room to receive into.</summary>
    internal Span<float> Room => _rented.AsSpan(0, Length);

    /// <summary>
    /// Says that nobody reads the values any more, once. What came over the wire goes back to the pool; a sender's own memory
    /// stays the sender's.
    /// </summary>
    public void Release()
    {
        if (_rented is { } rented)
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }
}

/// <summary>
/// <see cref="Float32Block"/> on the wire: its length in bytes, then the values as they lie in memory (little endian).
/// </summary>
[RegisterSerializer]
public sealed class Float32BlockCodec : IFieldCodec<Float32Block>
{
    /// <summary>No message of this project is larger, so what claims to be is none.</summary>
    private const int MostBytes = 4 * 1024 * 1024;

    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(
        ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, Float32Block value)
        where TBufferWriter : IBufferWriter<byte>
    {
        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType, typeof(Float32Block), WireType.LengthPrefixed);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(value.Span);
        writer.WriteVarUInt32((uint)bytes.Length);
        writer.Write(bytes);
    }

    /// <inheritdoc/>
    public Float32Block ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        ReferenceCodec.MarkValueField(reader.Session);
        field.EnsureWireType(WireType.LengthPrefixed);
        uint length = reader.ReadVarUInt32();
        if (length > MostBytes || length % sizeof(float) != 0)
        {
            throw new SerializerException(
                $"a block of float32 of {length} bytes: at most {MostBytes}, and a multiple of {sizeof(float)}, can be");
        }
        if (reader.Length - reader.Position < length)
        {
            throw new SerializerException($"a block of float32 of {length} bytes: the message ends before");
        }
        var block = Float32Block.Rent((int)length / sizeof(float));
        reader.ReadBytes(MemoryMarshal.AsBytes(block.Room));
        return block;
    }
}

/// <summary>A <see cref="Float32Block"/> is not written again: a copy is itself.</summary>
[RegisterCopier]
public sealed class Float32BlockCopier : ShallowCopier<Float32Block>;
