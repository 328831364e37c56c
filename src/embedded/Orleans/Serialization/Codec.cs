using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>How values of one exact type are copied.</summary>
internal abstract class Codec
{
    /// <summary>The type whose values this handles.</summary>
    public abstract Type Type { get; }

    /// <summary>Whether a value may be shared between sender and receiver.</summary>
    public abstract bool IsShared { get; }

    public abstract object CopyObject(object value, CopyContext context);
}

/// <inheritdoc/>
internal abstract class Codec<T> : Codec
{
    public override Type Type => typeof(T);

    public override bool IsShared => false;

    public sealed override object CopyObject(object value, CopyContext context) => Copy((T)value, context)!;

    /// <summary>A copy that shares nothing changeable with <paramref name="value"/>, which is not null and exactly a T.</summary>
    public abstract T Copy(T value, CopyContext context);
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
    // A cell is only made when it is first used, so that types may contain themselves.
    private static Codec<T>? s_exact;

    public static readonly bool IsExact = typeof(T).IsValueType || typeof(T).IsSealed;

    public static bool IsShared => IsExact && Exact.IsShared;

    public static Codec<T> Exact => s_exact ??= (Codec<T>)Codecs.Get(typeof(T));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Copy(T value, CopyContext context)
    {
        if (typeof(T).IsValueType)
        {
            return RuntimeHelpers.IsReferenceOrContainsReferences<T>() || !Exact.IsShared ? Exact.Copy(value, context) : value;
        }

        return value is null ? value : (T)Codecs.CopyReference(value, context);
    }
}
