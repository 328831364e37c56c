using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Finds the codec of a type: built in, or made from its <see cref="GenerateSerializerAttribute"/> members.</summary>
internal static class Codecs
{
    private static readonly ConcurrentDictionary<Type, Codec> Known = new();

    private static readonly HashSet<Type> SharedTypes =
    [
        typeof(object), typeof(string), typeof(decimal), typeof(Half), typeof(Int128), typeof(UInt128), typeof(BigInteger), typeof(Guid),
        typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly), typeof(Uri), typeof(Version),
        typeof(IPAddress), typeof(IPEndPoint), typeof(CultureInfo), typeof(CancellationToken), typeof(SiloAddress), typeof(DBNull),
    ];

    private static readonly Dictionary<Type, Type> GenericCodecs = new()
    {
        [typeof(Nullable<>)] = typeof(NullableCodec<>),
        [typeof(List<>)] = typeof(ListCodec<>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCodec<,>),
        [typeof(SortedDictionary<,>)] = typeof(SortedDictionaryCodec<,>),
        [typeof(HashSet<>)] = typeof(HashSetCodec<>),
        [typeof(Queue<>)] = typeof(QueueCodec<>),
        [typeof(KeyValuePair<,>)] = typeof(KeyValuePairCodec<,>),
        [typeof(ReadOnlyMemory<>)] = typeof(ReadOnlyMemoryCodec<>),
        [typeof(Memory<>)] = typeof(MemoryCodec<>),
        [typeof(ArraySegment<>)] = typeof(ArraySegmentCodec<>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCodec<>),
        [typeof(ImmutableList<>)] = typeof(ImmutableListCodec<>),
        [typeof(ImmutableHashSet<>)] = typeof(ImmutableHashSetCodec<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCodec<,>),
    };

    /// <summary>The codec of exactly <paramref name="type"/>.</summary>
    /// <exception cref="CodecNotFoundException">There is none.</exception>
    public static Codec Get(Type type) => Known.TryGetValue(type, out Codec? codec) ? codec : Known.GetOrAdd(type, Make);

    /// <summary>A copy of <paramref name="value"/> that shares nothing changeable with it.</summary>
    public static object? Copy(object? value) => value is null ? null : CopyReference(value, new CopyContext());

    /// <inheritdoc cref="Copy"/>
    public static object CopyReference(object value, CopyContext context)
    {
        Codec codec = Get(value.GetType());
        if (codec.IsShared)
        {
            return value;
        }

        if (codec.Type.IsValueType)
        {
            return codec.CopyObject(value, context);
        }

        if (context.TryGet(value, out object? known))
        {
            return known!;
        }

        object copy = codec.CopyObject(value, context);
        context.Record(value, copy);
        return copy;
    }

    /// <summary>Whether values of <paramref name="type"/> need never be copied, judged by the static type alone.</summary>
    public static bool NeverCopied(Type type) =>
        (type.IsValueType || type.IsSealed) && (IsSharedLeaf(type) || (type.IsDefined(typeof(ImmutableAttribute), false)));

    private static bool IsSharedLeaf(Type type) => type.IsPrimitive || type.IsEnum || SharedTypes.Contains(type);

    private static Codec Make(Type type)
    {
        if (IsSharedLeaf(type) || typeof(Type).IsAssignableFrom(type) || typeof(IPAddress).IsAssignableFrom(type)
            || typeof(GrainReference).IsAssignableFrom(type) || typeof(Exception).IsAssignableFrom(type))
        {
            return Create(typeof(SharedCodec<>), type);
        }

        if (type.IsArray)
        {
            return type.IsSZArray
                ? Create(typeof(ArrayCodec<>), type.GetElementType()!)
                : throw Missing(type, "arrays of several dimensions are not supported; send a flat array and its sizes");
        }

        if (type.IsGenericType)
        {
            Type definition = type.GetGenericTypeDefinition();
            if (GenericCodecs.TryGetValue(definition, out Type? codec))
            {
                return Create(codec, type.GetGenericArguments());
            }

            if (definition.Namespace == nameof(System) && definition.Name.StartsWith("Tuple`", StringComparison.Ordinal))
            {
                return Create(typeof(MemberwiseCodec<>), type);
            }

            if (definition.Namespace == nameof(System) && definition.Name.StartsWith("ValueTuple`", StringComparison.Ordinal))
            {
                return Create(typeof(MemberwiseCodec<>), type);
            }
        }

        // A grain that is sent goes as a reference to it.
        if (typeof(IGrainBase).IsAssignableFrom(type))
        {
            throw Missing(type, "a grain is sent as a reference: pass this.AsReference<IInterface>()");
        }

        return type.IsDefined(typeof(GenerateSerializerAttribute), false)
            ? Create(typeof(MemberwiseCodec<>), type)
            : throw Missing(type, "mark it with [GenerateSerializer] and its members with [Id(n)]");
    }

    private static Codec Create(Type definition, params Type[] arguments)
    {
        try
        {
            return (Codec)Activator.CreateInstance(definition.MakeGenericType(arguments))!;
        }
        catch (TargetInvocationException failure) when (failure.InnerException is SerializerException)
        {
            throw failure.InnerException;
        }
    }

    private static CodecNotFoundException Missing(Type type, string advice) =>
        new($"Could not find a codec or copier for type {type}: {advice}.");
}
