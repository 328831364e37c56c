using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Orleans.Serialization;

internal sealed class ImmutableArrayCodec<T> : Codec<ImmutableArray<T>>
{
    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableArray<T> Copy(ImmutableArray<T> value, CopyContext context) => value.IsDefault || Slot<T>.IsShared
        ? value
        : ImmutableCollectionsMarshal.AsImmutableArray(Elements<T>.Copy(value.AsSpan(), context));

    public override void Write(WireWriter writer, ImmutableArray<T> value)
    {
        writer.Byte(value.IsDefault ? (byte)0 : (byte)1);
        if (!value.IsDefault)
        {
            Elements<T>.Write(writer, value.AsMemory());
        }
    }

    public override ImmutableArray<T> Read(WireReader reader) =>
        reader.Byte() == 0 ? default : ImmutableCollectionsMarshal.AsImmutableArray(Elements<T>.Read(reader));
}

internal sealed class ImmutableListCodec<T> : Codec<ImmutableList<T>>
{
    // It cannot hold itself, for it is whole only when all it holds is.
    public override bool IsTracked => false;

    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableList<T> Copy(ImmutableList<T> value, CopyContext context) =>
        [.. value.Select(item => Slot<T>.Copy(item, context))];

    public override void Write(WireWriter writer, ImmutableList<T> value) => Elements<T>.WriteEach(writer, value.ToArray());

    public override ImmutableList<T> Read(WireReader reader)
    {
        T[] items = new T[reader.Count()];
        Elements<T>.ReadEach(reader, items);
        return [.. items];
    }
}

internal sealed class ImmutableHashSetCodec<T> : Codec<ImmutableHashSet<T>>
{
    // It cannot hold itself, for it is whole only when all it holds is.
    public override bool IsTracked => false;

    public override bool IsShared => Slot<T>.IsShared;

    public override ImmutableHashSet<T> Copy(ImmutableHashSet<T> value, CopyContext context) =>
        value.Select(item => Slot<T>.Copy(item, context)).ToImmutableHashSet(value.KeyComparer);

    public override void Write(WireWriter writer, ImmutableHashSet<T> value)
    {
        Comparers.Write(writer, value.KeyComparer);
        Elements<T>.WriteEach(writer, value.ToArray());
    }

    public override ImmutableHashSet<T> Read(WireReader reader)
    {
        IEqualityComparer<T>? comparer = Comparers.Read<T>(reader);
        T[] items = new T[reader.Count()];
        Elements<T>.ReadEach(reader, items);
        return items.ToImmutableHashSet(comparer);
    }
}

internal sealed class ImmutableDictionaryCodec<TKey, TValue> : Codec<ImmutableDictionary<TKey, TValue>>
    where TKey : notnull
{
    // It cannot hold itself, for it is whole only when all it holds is.
    public override bool IsTracked => false;

    public override bool IsShared => Slot<TKey>.IsShared && Slot<TValue>.IsShared;

    public override ImmutableDictionary<TKey, TValue> Copy(ImmutableDictionary<TKey, TValue> value, CopyContext context) =>
        value.ToImmutableDictionary(
            pair => Slot<TKey>.Copy(pair.Key, context),
            pair => Slot<TValue>.Copy(pair.Value, context),
            value.KeyComparer,
            value.ValueComparer);

    public override void Write(WireWriter writer, ImmutableDictionary<TKey, TValue> value)
    {
        Comparers.Write(writer, value.KeyComparer);
        writer.VarUInt((uint)value.Count);
        foreach ((TKey key, TValue item) in value)
        {
            Slot<TKey>.Write(writer, key);
            Slot<TValue>.Write(writer, item);
        }
    }

    public override ImmutableDictionary<TKey, TValue> Read(WireReader reader)
    {
        ImmutableDictionary<TKey, TValue>.Builder items = ImmutableDictionary.CreateBuilder<TKey, TValue>(Comparers.Read<TKey>(reader));
        for (int count = reader.Count(); count > 0; count--)
        {
            items.Add(Slot<TKey>.Read(reader), Slot<TValue>.Read(reader));
        }

        return items.ToImmutable();
    }
}
