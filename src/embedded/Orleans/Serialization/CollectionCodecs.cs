using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Orleans.Serialization;

internal sealed class SharedCodec<T> : Codec<T>
{
    public override bool IsShared => true;

    public override T Copy(T value, CopyContext context) => value;
}

/// <summary>Copies runs of elements: at once where elements hold no references, else one by one.</summary>
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
}

internal sealed class KeyValuePairCodec<TKey, TValue> : Codec<KeyValuePair<TKey, TValue>>
{
    public override bool IsShared => Slot<TKey>.IsShared && Slot<TValue>.IsShared;

    public override KeyValuePair<TKey, TValue> Copy(KeyValuePair<TKey, TValue> value, CopyContext context) =>
        new(Slot<TKey>.Copy(value.Key, context), Slot<TValue>.Copy(value.Value, context));
}

internal sealed class NullableCodec<T> : Codec<T?>
    where T : struct
{
    public override bool IsShared => Slot<T>.IsShared;

    public override T? Copy(T? value, CopyContext context) => value is { } inner ? Slot<T>.Copy(inner, context) : null;
}

internal sealed class ReadOnlyMemoryCodec<T> : Codec<ReadOnlyMemory<T>>
{
    public override ReadOnlyMemory<T> Copy(ReadOnlyMemory<T> value, CopyContext context) => Elements<T>.Copy(value.Span, context);
}

internal sealed class MemoryCodec<T> : Codec<Memory<T>>
{
    public override Memory<T> Copy(Memory<T> value, CopyContext context) => Elements<T>.Copy(value.Span, context);
}

internal sealed class ArraySegmentCodec<T> : Codec<ArraySegment<T>>
{
    public override ArraySegment<T> Copy(ArraySegment<T> value, CopyContext context) =>
        value.Array is null ? value : new(Elements<T>.Copy(value.AsSpan(), context));
}

internal sealed class ImmutableArrayCodec<T> : Codec<ImmutableArray<T>>
{
    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableArray<T> Copy(ImmutableArray<T> value, CopyContext context) => value.IsDefault || Slot<T>.IsShared
        ? value
        : ImmutableCollectionsMarshal.AsImmutableArray(Elements<T>.Copy(value.AsSpan(), context));
}

internal sealed class ImmutableListCodec<T> : Codec<ImmutableList<T>>
{
    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableList<T> Copy(ImmutableList<T> value, CopyContext context) =>
        [.. value.Select(item => Slot<T>.Copy(item, context))];
}

internal sealed class ImmutableHashSetCodec<T> : Codec<ImmutableHashSet<T>>
{
    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableHashSet<T> Copy(ImmutableHashSet<T> value, CopyContext context) =>
        value.Select(item => Slot<T>.Copy(item, context)).ToImmutableHashSet(value.KeyComparer);
}

internal sealed class ImmutableDictionaryCodec<TKey, TValue> : Codec<ImmutableDictionary<TKey, TValue>>
    where TKey : notnull
{
    public override bool IsShared => Slot<TKey>.IsShared && Slot<TValue>.IsShared;

    public override ImmutableDictionary<TKey, TValue> Copy(ImmutableDictionary<TKey, TValue> value, CopyContext context) =>
        value.ToImmutableDictionary(
            pair => Slot<TKey>.Copy(pair.Key, context),
            pair => Slot<TValue>.Copy(pair.Value, context),
            value.KeyComparer,
            value.ValueComparer);
}
