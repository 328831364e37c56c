using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>How values of one exact type are copied and put on the wire.</summary>
internal abstract class Codec
{
    /// <summary>The type whose values this handles.</summary>
    public abstract Type Type { get; }

    /// <summary>Whether a value may be shared between sender and receiver.</summary>
    public virtual bool IsShared => false;

    /// <summary>Whether two references to one object arrive as such, which is also what lets rings of objects end.</summary>
    public virtual bool IsTracked => !Type.IsValueType;

    public abstract object CopyObject(object value, CopyContext context);

    public abstract void WriteObject(WireWriter writer, object value);

    public abstract object ReadObject(WireReader reader);
}

/// <inheritdoc/>
internal abstract class Codec<T> : Codec
{
    public override Type Type => typeof(T);

    public sealed override object CopyObject(object value, CopyContext context) => Copy((T)value, context)!;

    public sealed override void WriteObject(WireWriter writer, object value) => Write(writer, (T)value);

    public sealed override object ReadObject(WireReader reader) => Read(reader)!;

    /// <summary>A copy that shares nothing changeable with <paramref name="value"/>, which is not null and exactly a T.</summary>
    public abstract T Copy(T value, CopyContext context);

    /// <summary>Writes <paramref name="value"/>, which is not null and exactly a T.</summary>
    public abstract void Write(WireWriter writer, T value);

    /// <summary>Reads what <see cref="Write"/> wrote. A tracked object is recorded before what it holds is read.</summary>
    public abstract T Read(WireReader reader);
}

/// <summary>What was copied already, so that two references to one object stay so, and a ring ends.</summary>
internal sealed class CopyContext
{
    private Dictionary<object, object>? _copies;

    public void Record(object original, object copy) =>
        (_copies ??= new(ReferenceEqualityComparer.Instance)).TryAdd(original, copy);

    public bool TryGet(object original, out object? copy)
    {
        copy = null;
        return _copies is not null && _copies.TryGetValue(original, out copy);
    }
}

/// <summary>A value whose static type is T: null, exactly a T, or something derived from it.</summary>
internal static class Slot<T>
{
    public static readonly bool IsExact = typeof(T).IsValueType || typeof(T).IsSealed;

    // Only found when first used, so that types may contain themselves.
    private static Codec<T>? s_exact;

    public static bool IsShared => IsExact && Exact.IsShared;

    public static Codec<T> Exact => s_exact ??= (Codec<T>)Codecs.Get(typeof(T));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Copy(T value, CopyContext context)
    {
        if (typeof(T).IsValueType)
        {
            return Exact.IsShared ? value : Exact.Copy(value, context);
        }

        return value is null ? value : (T)Codecs.CopyReference(value, context);
    }

    public static void Write(WireWriter writer, T value)
    {
        if (typeof(T).IsValueType)
        {
            Exact.Write(writer, value);
        }
        else
        {
            Codecs.WriteReference(writer, value, typeof(T));
        }
    }

    public static T Read(WireReader reader)
    {
        if (typeof(T).IsValueType)
        {
            return Exact.Read(reader);
        }

        object? value = Codecs.ReadReference(reader, typeof(T));
        return value is null or T
            ? (T)value!
            : throw new SerializerException($"Expected a {typeof(T)} but the message holds a {value.GetType()}.");
    }
}
