using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Orleans.Messaging;

namespace Orleans.Serialization;

/// <summary>A run of elements that travels beside the message's head, as it lies in memory.</summary>
internal readonly record struct Blob(ReadOnlyMemory<byte> Bytes, ElementKind Kind);

/// <summary>
/// Collects a message: small things in one growing head, big runs of elements by reference, so that nobody copies them.
/// </summary>
internal sealed class WireWriter : IDisposable
{
    /// <summary>Runs shorter than this are copied into the head: a copy is cheaper than a system call.</summary>
    public const int BlobThreshold = 4096;

    private byte[] _head = ArrayPool<byte>.Shared.Rent(1024);
    private int _length;
    private Dictionary<object, int>? _offsets;

    public ReadOnlyMemory<byte> Head => _head.AsMemory(0, _length);

    public List<Blob> Blobs { get; } = [];

    /// <summary>Whether everything goes into the head.</summary>
    public bool IsInline { get; init; }

    /// <summary>Whether blobs are copied as they are written, because their owner may change them.</summary>
    public bool Snapshot { get; set; }

    public int Position => _length;

    /// <summary>The bytes of the whole message.</summary>
    public long TotalBytes => _length + Blobs.Sum(static blob => (long)blob.Bytes.Length);

    public void Dispose()
    {
        byte[] head = _head;
        _head = [];
        if (head.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    public Span<byte> Reserve(int count)
    {
        if (_head.Length - _length < count)
        {
            byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Max(_head.Length * 2, _length + count));
            _head.AsSpan(0, _length).CopyTo(grown);
            ArrayPool<byte>.Shared.Return(_head);
            _head = grown;
        }

        Span<byte> span = _head.AsSpan(_length, count);
        _length += count;
        return span;
    }

    /// <summary>The first bytes, to be filled in last.</summary>
    public Span<byte> Prefix(int count) => _head.AsSpan(0, count);

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void Raw<T>(T value)
        where T : unmanaged => MemoryMarshal.Write(Reserve(Unsafe.SizeOf<T>()), value);

    public void VarUInt(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    public void Text(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        VarUInt((uint)bytes);
        Encoding.UTF8.GetBytes(value, Reserve(bytes));
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        VarUInt((uint)value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    /// <summary>Leaves room for a length that <see cref="EndLength"/> fills in.</summary>
    public int BeginLength()
    {
        Reserve(sizeof(int));
        return _length;
    }

    public void EndLength(int start) => BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(start - sizeof(int)), _length - start);

    /// <summary>Writes elements that are plain bits; <paramref name="memory"/> must not change until the message is sent.</summary>
    public void Elements<T>(ReadOnlyMemory<T> memory)
    {
        int bytes = checked(memory.Length * Unsafe.SizeOf<T>());
        if (bytes < BlobThreshold || IsInline)
        {
            InlineElements(memory.Span);
            return;
        }

        VarUInt(((ulong)(uint)Blobs.Count << 1) | 1);
        ReadOnlyMemory<T> kept = Snapshot ? memory.ToArray() : memory;
        ReadOnlyMemory<byte> raw = kept is ReadOnlyMemory<byte> plain ? plain : new ByteView<T>(kept).Memory;
        Blobs.Add(new(raw, ElementKinds.Of<T>()));
    }

    /// <summary>Writes elements that are plain bits and may change at once.</summary>
    public void InlineElements<T>(ReadOnlySpan<T> elements)
    {
        VarUInt((ulong)(uint)elements.Length << 1);
        if (elements.Length > 0)
        {
            ref byte first = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(elements));
            int bytes = checked(elements.Length * Unsafe.SizeOf<T>());
            MemoryMarshal.CreateReadOnlySpan(ref first, bytes).CopyTo(Reserve(bytes));
        }
    }

    /// <summary>Where <paramref name="value"/> was written before, or -1; then it counts as written here.</summary>
    public int Seen(object value)
    {
        _offsets ??= new(ReferenceEqualityComparer.Instance);
        return _offsets.TryAdd(value, _length) ? -1 : _offsets[value];
    }
}

/// <summary>Reads a message whose bytes have arrived. Every length is checked against what is there.</summary>
internal sealed class WireReader(ReadOnlyMemory<byte> head, int start, Array[] blobs, GrainReferenceFactory? references)
{
    private readonly ReadOnlyMemory<byte> _head = head;
    private Dictionary<int, object>? _objects;
    private int _position = start;
    private int _depth;

    /// <summary>Makes the grain references that a message holds.</summary>
    public GrainReferenceFactory References => references
        ?? throw new SerializerException("A grain reference cannot be read here: no host to call through.");

    public int Position => _position;

    public bool AtEnd => _position == _head.Length;

    /// <summary>The place of the object being read, taken before what it holds is read.</summary>
    public int Pending { get; set; } = -1;

    public byte Byte() => Take(1)[0];

    public T Raw<T>()
        where T : unmanaged => MemoryMarshal.Read<T>(Take(Unsafe.SizeOf<T>()));

    public ulong VarUInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new SerializerException("The message is garbled: a number does not end.");
    }

    /// <summary>A count of things that take at least one byte each.</summary>
    public int Count()
    {
        ulong count = VarUInt();
        return count <= (ulong)(_head.Length - _position)
            ? (int)count
            : throw new SerializerException($"The message is garbled: it promises {count} elements in {_head.Length - _position} bytes.");
    }

    public string Text() => Encoding.UTF8.GetString(Take(Count()));

    public byte[] Bytes() => Take(Count()).ToArray();

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _head.Length - _position)
        {
            throw new SerializerException($"The message is garbled: {count} bytes wanted, {_head.Length - _position} left.");
        }

        ReadOnlySpan<byte> taken = _head.Span.Slice(_position, count);
        _position += count;
        return taken;
    }

    /// <summary>Goes to <paramref name="position"/>, which lies ahead.</summary>
    public void SkipTo(int position) => Take(position - _position);

    /// <summary>The elements that <see cref="WireWriter.Elements"/> wrote, in an array of the receiver's own.</summary>
    public T[] Elements<T>()
    {
        ulong header = VarUInt();
        if ((header & 1) != 0)
        {
            ulong index = header >> 1;
            return index < (ulong)blobs.Length && blobs[index] is T[] array
                ? array
                : throw new SerializerException($"The message is garbled: it has no block {index} of {typeof(T)}.");
        }

        ulong bytes = (header >> 1) * (ulong)Unsafe.SizeOf<T>();
        ReadOnlySpan<byte> raw = Take(bytes <= int.MaxValue ? (int)bytes : -1);
        if (raw.Length == 0)
        {
            return [];
        }

        T[] elements = GC.AllocateUninitializedArray<T>((int)(header >> 1));
        ref byte first = ref Unsafe.As<T, byte>(ref MemoryMarshal.GetArrayDataReference(elements));
        raw.CopyTo(MemoryMarshal.CreateSpan(ref first, raw.Length));
        return elements;
    }

    public void Record(object value)
    {
        if (Pending >= 0)
        {
            (_objects ??= [])[Pending] = value;
            Pending = -1;
        }
    }

    public object Recall(int offset) => _objects is not null && _objects.TryGetValue(offset, out object? value)
        ? value
        : throw new SerializerException("The message refers to an object in a part of it that this version of the type does not know.");

    public void Enter()
    {
        if (++_depth > 256)
        {
            throw new SerializerException("The message nests deeper than 256 objects.");
        }
    }

    public void Leave() => _depth--;
}

/// <summary>Memory of T seen as bytes.</summary>
internal sealed class ByteView<T>(ReadOnlyMemory<T> memory) : MemoryManager<byte>
{
    public override Span<byte> GetSpan()
    {
        Span<T> span = MemoryMarshal.AsMemory(memory).Span;
        return MemoryMarshal.CreateSpan(
            ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(span)), checked(span.Length * Unsafe.SizeOf<T>()));
    }

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        MemoryHandle handle = memory.Pin();
        return new MemoryHandle((byte*)handle.Pointer + elementIndex, default, new Pinned(handle));
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Pinned(MemoryHandle handle) : IPinnable
    {
        private MemoryHandle _handle = handle;

        MemoryHandle IPinnable.Pin(int elementIndex) => throw new NotSupportedException("Pinned already.");

        void IPinnable.Unpin() => _handle.Dispose();
    }
}

/// <summary>The types whose runs travel as they lie in memory.</summary>
internal enum ElementKind : byte
{
    None,
    Byte,
    SByte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Half,
    Single,
    Double,
    Char,
    Boolean,
}

internal static class ElementKinds
{
    private const int PooledBytes = 64 * 1024;

    private static readonly Type[] Types =
    [
        typeof(void), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(Half), typeof(float), typeof(double), typeof(char), typeof(bool),
    ];

    public static ElementKind Of<T>() => Cache<T>.Kind;

    /// <summary>An array of <paramref name="bytes"/> bytes, and its memory as bytes; null for a size or kind that makes no sense.</summary>
    public static (Array Array, Memory<byte> Memory)? Allocate(ElementKind kind, int bytes) => kind switch
    {
        ElementKind.Byte => Allocate<byte>(bytes),
        ElementKind.SByte => Allocate<sbyte>(bytes),
        ElementKind.Int16 => Allocate<short>(bytes),
        ElementKind.UInt16 => Allocate<ushort>(bytes),
        ElementKind.Int32 => Allocate<int>(bytes),
        ElementKind.UInt32 => Allocate<uint>(bytes),
        ElementKind.Int64 => Allocate<long>(bytes),
        ElementKind.UInt64 => Allocate<ulong>(bytes),
        ElementKind.Half => Allocate<Half>(bytes),
        ElementKind.Single => Allocate<float>(bytes),
        ElementKind.Double => Allocate<double>(bytes),
        ElementKind.Char => Allocate<char>(bytes),
        ElementKind.Boolean => Allocate<bool>(bytes),
        _ => null,
    };

    private static (Array Array, Memory<byte> Memory)? Allocate<T>(int bytes)
    {
        if (bytes % Unsafe.SizeOf<T>() != 0)
        {
            return null;
        }

        T[] array = Allocate<T>(bytes / Unsafe.SizeOf<T>(), bytes);
        return (array, array is byte[] plain ? plain : new ByteView<T>(array).Memory);
    }

    // The array is the receiver's own. One of a size that the pool deals in comes from there, so that a receiver that is done with it
    // may give it back; whoever keeps it does no harm. Fresh memory costs more than all else on a message's way: the kernel has to
    // find and to clear it, page by page.
    private static T[] Allocate<T>(int length, int bytes)
    {
        if (bytes >= PooledBytes && BitOperations.IsPow2(length))
        {
            T[] rented = ArrayPool<T>.Shared.Rent(length);
            if (rented.Length == length)
            {
                return rented;
            }
        }

        return GC.AllocateUninitializedArray<T>(length);
    }

    private static class Cache<T>
    {
        public static readonly ElementKind Kind = (ElementKind)Math.Max(0, Array.IndexOf(Types, typeof(T)));
    }
}
