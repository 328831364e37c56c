namespace Bgpo.Safetensors;

/// <summary>Where one tensor lies in a file.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Sizes of its dimensions; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">Byte after the last, counted from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bytes of the tensor.</summary>
    public long ByteLength => End - Begin;

    /// <summary>Elements of the tensor.</summary>
    public long Elements => ByteLength / Dtype.Size();

    /// <summary>Bytes that a shape takes, or -1 when that overflows or a dimension is negative.</summary>
    internal static long BytesOf(SafetensorsDtype dtype, IReadOnlyList<long> shape)
    {
        Int128 bytes = dtype.Size();
        bool empty = false;
        foreach (long size in shape)
        {
            if (size < 0)
            {
                return -1;
            }

            empty |= size == 0;
        }
        if (empty)
        {
            return 0;
        }

        foreach (long size in shape)
        {
            bytes *= size;
            if (bytes > long.MaxValue)
            {
                return -1;
            }
        }
        return (long)bytes;
    }
}
