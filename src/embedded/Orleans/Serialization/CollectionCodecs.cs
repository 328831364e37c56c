using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Orleans.Serialization;

/// <summary>Copies and sends runs of elements: at once where they are plain bits, else one by one.</summary>
internal static class Elements<T>
{
    public static void Copy(ReadOnlySpan<T> source, Span<T> target, CopyContext context)
    {
        if (Slot<T>.IsShared || !RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            source.CopyTo(target);
            return;
        }

        for (int i = 0; i < source.Length; i++)
        {
            target[i] = Slot<T>.Copy(source[i], context);
        }
    }

    public static T[] Copy(ReadOnlySpan<T> source, CopyContext context)
    {
        T[] copy = source.Length == 0 ? [] : GC.AllocateUninitializedArray<T>(source.Length);
        Copy(source, copy, context);
        return copy;
    }

    /// <summary>Whether runs travel as they lie in memory.</summary>
    public static bool IsBits => ElementKinds.Of<T>() != ElementKind.None;

    public static void Write(WireWriter writer, ReadOnlyMemory<T> source)
    {
        if (IsBits)
        {
            writer.Elements(source);
        }
        else
        {
            WriteEach(writer, source.Span);
        }
    }

    public static void WriteEach(WireWriter writer, ReadOnlySpan<T> source)
    {
        writer.VarUInt((uint)source.Length);
        foreach (T item in source)
        {
            Slot<T>.Write(writer, item);
        }
    }

    public static T[] Read(WireReader reader)
    {
        if (IsBits)
        {
            return reader.Elements<T>();
        }

        T[] items = new T[reader.Count()];
        ReadEach(reader, items);
        return items;
    }

    public static void ReadEach(WireReader reader, Span<T> items)
    {
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Slot<T>.Read(reader);
        }
    }
}

internal sealed class ArrayCodec<T> : Codec<T[]>
{
    public override T[] Copy(T[] value, CopyContext context)
    {
        if (value.GetType() != typeof(T[]))
        {
            throw new CodecNotFoundException($"Could not find a codec or copier for type {value.GetType()}.");
        }

        T[] copy = value.Length == 0 ? [] : GC.AllocateUninitializedArray<T>(value.Length);
        context.Record(value, copy);
        Elements<T>.Copy(value, copy, context);
        return copy;
    }

    public override void Write(WireWriter writer, T[] value) => Elements<T>.Write(writer, value);

    public override T[] Read(WireReader reader)
    {
        if (Elements<T>.IsBits)
        {
            T[] bits = reader.Elements<T>();
            reader.Record(bits);
            return bits;
        }

        T[] items = new T[reader.Count()];
        reader.Record(items);
        Elements<T>.ReadEach(reader, items);
        return items;
    }
}

internal sealed class ListCodec<T> : Codec<List<T>>
{
    public override List<T> Copy(List<T> value, CopyContext context)
    {
        List<T> copy = new(value.Count);
        context.Record(value, copy);
        CollectionsMarshal.SetCount(copy, value.Count);
        Elements<T>.Copy(CollectionsMarshal.AsSpan(value), CollectionsMarshal.AsSpan(copy), context);
        return copy;
    }

    public override void Write(WireWriter writer, List<T> value)
    {
        if (!Elements<T>.IsBits)
        {
            Elements<T>.WriteEach(writer, CollectionsMarshal.AsSpan(value));
        }
        else if (value.Count < WireWriter.BlobThreshold)
        {
            writer.InlineElements<T>(CollectionsMarshal.AsSpan(value));
        }
        else
        {
            writer.Elements<T>(value.ToArray());
        }
    }

    public override List<T> Read(WireReader reader)
    {
        List<T> list = [];
        reader.Record(list);
        if (Elements<T>.IsBits)
        {
            list.AddRange(reader.Elements<T>());
        }
        else
        {
            CollectionsMarshal.SetCount(list, reader.Count());
            Elements<T>.ReadEach(reader, CollectionsMarshal.AsSpan(list));
        }

        return list;
    }
}

internal sealed class QueueCodec<T> : Codec<Queue<T>>
{
    public override Queue<T> Copy(Queue<T> value, CopyContext context)
    {
        Queue<T> copy = new(value.Count);
        context.Record(value, copy);
        foreach (T item in value)
        {
            copy.Enqueue(Slot<T>.Copy(item, context));
        }

        return copy;
    }

    public override void Write(WireWriter writer, Queue<T> value) => Elements<T>.WriteEach(writer, value.ToArray());

    public override Queue<T> Read(WireReader reader)
    {
        Queue<T> items = new();
        reader.Record(items);
        for (int count = reader.Count(); count > 0; count--)
        {
            items.Enqueue(Slot<T>.Read(reader));
        }

        return items;
    }
}

internal sealed class HashSetCodec<T> : Codec<HashSet<T>>
{
    public override HashSet<T> Copy(HashSet<T> value, CopyContext context)
    {
        HashSet<T> copy = new(value.Count, value.Comparer);
        context.Record(value, copy);
        foreach (T item in value)
        {
            copy.Add(Slot<T>.Copy(item, context));
        }

        return copy;
    }

    public override void Write(WireWriter writer, HashSet<T> value)
    {
        Comparers.Write(writer, value.Comparer);
        Elements<T>.WriteEach(writer, value.ToArray());
    }

    public override HashSet<T> Read(WireReader reader)
    {
        HashSet<T> items = new(Comparers.Read<T>(reader));
        reader.Record(items);
        for (int count = reader.Count(); count > 0; count--)
        {
            items.Add(Slot<T>.Read(reader));
        }

        return items;
    }
}

internal sealed class DictionaryCodec<TKey, TValue> : Codec<Dictionary<TKey, TValue>>
    where TKey : notnull
{
    public override Dictionary<TKey, TValue> Copy(Dictionary<TKey, TValue> value, CopyContext context)
    {
        Dictionary<TKey, TValue> copy = new(value.Count, value.Comparer);
        context.Record(value, copy);
        foreach ((TKey key, TValue item) in value)
        {
            copy.Add(Slot<TKey>.Copy(key, context), Slot<TValue>.Copy(item, context));
        }

        return copy;
    }

    public override void Write(WireWriter writer, Dictionary<TKey, TValue> value)
    {
        Comparers.Write(writer, value.Comparer);
        writer.VarUInt((uint)value.Count);
        foreach ((TKey key, TValue item) in value)
        {
            Slot<TKey>.Write(writer, key);
            Slot<TValue>.Write(writer, item);
        }
    }

    public override Dictionary<TKey, TValue> Read(WireReader reader)
    {
        Dictionary<TKey, TValue> items = new(Comparers.Read<TKey>(reader));
        reader.Record(items);
        for (int count = reader.Count(); count > 0; count--)
        {
            items.Add(Slot<TKey>.Read(reader), Slot<TValue>.Read(reader));
        }

        return items;
    }
}

internal sealed class SortedDictionaryCodec<TKey, TValue> : Codec<SortedDictionary<TKey, TValue>>
    where TKey : notnull
{
    public override SortedDictionary<TKey, TValue> Copy(SortedDictionary<TKey, TValue> value, CopyContext context)
    {
        SortedDictionary<TKey, TValue> copy = new(value.Comparer);
        context.Record(value, copy);
        foreach ((TKey key, TValue item) in value)
        {
            copy.Add(Slot<TKey>.Copy(key, context), Slot<TValue>.Copy(item, context));
        }

        return copy;
    }

    public override void Write(WireWriter writer, SortedDictionary<TKey, TValue> value)
    {
        writer.VarUInt((uint)value.Count);
        foreach ((TKey key, TValue item) in value)
        {
            Slot<TKey>.Write(writer, key);
            Slot<TValue>.Write(writer, item);
        }
    }

    public override SortedDictionary<TKey, TValue> Read(WireReader reader)
    {
        SortedDictionary<TKey, TValue> items = [];
        reader.Record(items);
        for (int count = reader.Count(); count > 0; count--)
        {
            items.Add(Slot<TKey>.Read(reader), Slot<TValue>.Read(reader));
        }

        return items;
    }
}

internal sealed class KeyValuePairCodec<TKey, TValue> : Codec<KeyValuePair<TKey, TValue>>
{
    public override bool IsShared => Slot<TKey>.IsShared && Slot<TValue>.IsShared;

    public override KeyValuePair<TKey, TValue> Copy(KeyValuePair<TKey, TValue> value, CopyContext context) =>
        new(Slot<TKey>.Copy(value.Key, context), Slot<TValue>.Copy(value.Value, context));

    public override void Write(WireWriter writer, KeyValuePair<TKey, TValue> value)
    {
        Slot<TKey>.Write(writer, value.Key);
        Slot<TValue>.Write(writer, value.Value);
    }

    public override KeyValuePair<TKey, TValue> Read(WireReader reader) => new(Slot<TKey>.Read(reader), Slot<TValue>.Read(reader));
}

internal sealed class NullableCodec<T> : Codec<T?>
    where T : struct
{
    public override bool IsShared => Slot<T>.IsShared;

    public override T? Copy(T? value, CopyContext context) => value is { } inner ? Slot<T>.Copy(inner, context) : null;

    public override void Write(WireWriter writer, T? value)
    {
        writer.Byte(value.HasValue ? (byte)1 : (byte)0);
        if (value is { } inner)
        {
            Slot<T>.Write(writer, inner);
        }
    }

    public override T? Read(WireReader reader) => reader.Byte() == 0 ? null : Slot<T>.Read(reader);
}

internal sealed class ReadOnlyMemoryCodec<T> : Codec<ReadOnlyMemory<T>>
{
    public override ReadOnlyMemory<T> Copy(ReadOnlyMemory<T> value, CopyContext context) => Elements<T>.Copy(value.Span, context);

    public override void Write(WireWriter writer, ReadOnlyMemory<T> value) => Elements<T>.Write(writer, value);

    public override ReadOnlyMemory<T> Read(WireReader reader) => Elements<T>.Read(reader);
}

internal sealed class MemoryCodec<T> : Codec<Memory<T>>
{
    public override Memory<T> Copy(Memory<T> value, CopyContext context) => Elements<T>.Copy(value.Span, context);

    public override void Write(WireWriter writer, Memory<T> value) => Elements<T>.Write(writer, value);

    public override Memory<T> Read(WireReader reader) => Elements<T>.Read(reader);
}

internal sealed class ArraySegmentCodec<T> : Codec<ArraySegment<T>>
{
    public override ArraySegment<T> Copy(ArraySegment<T> value, CopyContext context) =>
        value.Array is null ? value : new(Elements<T>.Copy(value.AsSpan(), context));

    public override void Write(WireWriter writer, ArraySegment<T> value) => Elements<T>.Write(writer, value);

    public override ArraySegment<T> Read(WireReader reader) => new(Elements<T>.Read(reader));
}

/// <summary>The comparers that travel: the default one, and those of strings that have a name.</summary>
internal static class Comparers
{
    private static readonly StringComparer[] Strings =
        [StringComparer.Ordinal, StringComparer.OrdinalIgnoreCase, StringComparer.InvariantCulture, StringComparer.InvariantCultureIgnoreCase];

    public static void Write<T>(WireWriter writer, IEqualityComparer<T> comparer)
    {
        int index = ReferenceEquals(comparer, EqualityComparer<T>.Default) ? 0 : 1 + Array.IndexOf<object>(Strings, comparer);
        if (index == 0 && !ReferenceEquals(comparer, EqualityComparer<T>.Default))
        {
            throw new SerializerException($"A collection of {typeof(T)} with comparer {comparer.GetType()} cannot be sent.");
        }

        writer.Byte((byte)index);
    }

    public static IEqualityComparer<T>? Read<T>(WireReader reader)
    {
        int index = reader.Byte();
        return index == 0 ? null
            : index <= Strings.Length && Strings[index - 1] is IEqualityComparer<T> comparer ? comparer
            : throw new SerializerException("The message is garbled: an unknown comparer.");
    }
}
