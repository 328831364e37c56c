using Orleans.Messaging;

namespace Orleans.Serialization;

/// <summary>Turns values into bytes and back, as messages between silos do.</summary>
public sealed class Serializer
{
    private readonly IGrainFactory? _references;

    internal Serializer(IGrainFactory? references) => _references = references;

    /// <summary>The bytes of <paramref name="value"/>.</summary>
    /// <exception cref="CodecNotFoundException">A type in it cannot be serialized.</exception>
    public byte[] SerializeToArray<T>(T value)
    {
        using WireWriter writer = new() { IsInline = true };
        Slot<T>.Write(writer, value);
        return writer.Head.ToArray();
    }

    /// <summary>The value whose bytes are <paramref name="source"/>.</summary>
    /// <exception cref="SerializerException">The bytes are not those of a <typeparamref name="T"/>.</exception>
    public T Deserialize<T>(byte[] source) => Deserialize<T>((ReadOnlyMemory<byte>)source);

    /// <inheritdoc cref="Deserialize{T}(byte[])"/>
    public T Deserialize<T>(ReadOnlyMemory<byte> source) =>
        Slot<T>.Read(new WireReader(source, 0, [], _references as GrainReferenceFactory));

    /// <summary>Whether values of <typeparamref name="T"/> can be serialized.</summary>
    public bool CanSerialize<T>() => CanSerialize(typeof(T));

    /// <summary>Whether values of <paramref name="type"/> can be serialized.</summary>
    public bool CanSerialize(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        try
        {
            return type.IsInterface || type.IsAbstract || Codecs.Get(type) is not null;
        }
        catch (CodecNotFoundException)
        {
            return false;
        }
    }
}
