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
    private const byte Null = 0;
    private const byte Declared = 1;
    private const byte Again = 2;
    private const byte Named = 3;

    private static readonly ConcurrentDictionary<Type, Codec> Known = new(BuiltIn().Select(codec => KeyValuePair.Create(codec.Type, codec)));

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

        if (!codec.IsTracked)
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

    /// <summary>Writes a reference, or a boxed value, whose receiver expects a <paramref name="declared"/>.</summary>
    public static void WriteReference(WireWriter writer, object? value, Type declared)
    {
        if (value is null)
        {
            writer.Byte(Null);
            return;
        }

        Type type = value.GetType();
        Codec codec = Get(type);
        if (codec.IsTracked && writer.Seen(value) is >= 0 and int offset)
        {
            writer.Byte(Again);
            writer.VarUInt((uint)offset);
            return;
        }

        writer.Byte(type == declared ? Declared : Named);
        if (type != declared)
        {
            writer.Text(TypeNames.Of(type));
        }

        codec.WriteObject(writer, value);
    }

    /// <summary>Reads what <see cref="WriteReference"/> wrote.</summary>
    public static object? ReadReference(WireReader reader, Type declared)
    {
        int position = reader.Position;
        Type type = declared;
        switch (reader.Byte())
        {
            case Null:
                return null;
            case Again:
                return reader.Recall((int)reader.VarUInt());
            case Named:
                string name = reader.Text();
                try
                {
                    type = TypeNames.Resolve(name);
                }
                catch (CodecNotFoundException) when (declared == typeof(Exception))
                {
                    return ExceptionFields.ReadUnknown(reader, name);
                }

                break;
            case Declared:
                break;
            default:
                throw new SerializerException("The message is garbled: an unknown mark stands before an object.");
        }

        Codec codec = Get(type);
        reader.Enter();
        reader.Pending = codec.IsTracked ? position : -1;
        object value = codec.ReadObject(reader);
        reader.Leave();
        return value;
    }

    /// <summary>Whether values of <paramref name="type"/> need never be copied, judged by the static type alone.</summary>
    public static bool NeverCopied(Type type) => (type.IsValueType || type.IsSealed)
        && (type.IsEnum || (Known.TryGetValue(type, out Codec? codec) ? codec.IsShared : type.IsDefined(typeof(ImmutableAttribute), false)));

    private static IEnumerable<Codec> BuiltIn() =>
    [
        new BitsCodec<bool>(), new BitsCodec<byte>(), new BitsCodec<sbyte>(), new BitsCodec<short>(), new BitsCodec<ushort>(),
        new BitsCodec<int>(), new BitsCodec<uint>(), new BitsCodec<long>(), new BitsCodec<ulong>(), new BitsCodec<nint>(),
        new BitsCodec<nuint>(), new BitsCodec<char>(), new BitsCodec<float>(), new BitsCodec<double>(), new BitsCodec<decimal>(),
        new BitsCodec<Half>(), new BitsCodec<Int128>(), new BitsCodec<UInt128>(), new BitsCodec<Guid>(), new BitsCodec<DateTime>(),
        new BitsCodec<DateTimeOffset>(), new BitsCodec<TimeSpan>(), new BitsCodec<DateOnly>(), new BitsCodec<TimeOnly>(),
        new TextCodec<string>(value => value, value => value),
        new TextCodec<Uri>(value => value.OriginalString, value => new Uri(value, UriKind.RelativeOrAbsolute)),
        new TextCodec<Version>(value => value.ToString(), Version.Parse),
        new TextCodec<CultureInfo>(value => value.Name, CultureInfo.GetCultureInfo),
        new TextCodec<IPAddress>(value => value.ToString(), IPAddress.Parse),
        new TextCodec<IPEndPoint>(value => value.ToString(), IPEndPoint.Parse),
        new TextCodec<BigInteger>(value => value.ToString("R"), BigInteger.Parse),
        new TextCodec<SiloAddress>(value => value.ToParsableString(), SiloAddress.FromParsableString),
        new ConstantCodec<CancellationToken>(CancellationToken.None),
        new ConstantCodec<DBNull>(DBNull.Value),
        new ObjectCodec(), new IdSpanCodec(), new GrainIdCodec(), new GrainMethodCodec(),
    ];

    private static Codec Make(Type type)
    {
        if (type.IsEnum)
        {
            return Create(typeof(BitsCodec<>), type);
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return Create(typeof(ExceptionCodec<>), type);
        }

        if (typeof(GrainReference).IsAssignableFrom(type))
        {
            return Create(typeof(GrainReferenceCodec<>), type);
        }

        if (typeof(Type).IsAssignableFrom(type))
        {
            return (Codec)Activator.CreateInstance(typeof(TypeCodec<>).MakeGenericType(type))!;
        }

        // The loopback address and its like are of a hidden kind.
        if (typeof(IPAddress).IsAssignableFrom(type))
        {
            return Get(typeof(IPAddress));
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

            if (typeof(System.Runtime.CompilerServices.ITuple).IsAssignableFrom(definition) && definition.Namespace == nameof(System))
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
        catch (TargetInvocationException failure) when (failure.InnerException is SerializerException inner)
        {
            throw inner;
        }
    }

    private static CodecNotFoundException Missing(Type type, string advice) =>
        new($"Could not find a codec or copier for type {type}: {advice}.");
}

internal sealed class TypeCodec<T> : LeafCodec<T>
    where T : Type
{
    public override void Write(WireWriter writer, T value) => writer.Text(TypeNames.Of(value));

    public override T Read(WireReader reader) => (T)TypeNames.Resolve(reader.Text());
}
