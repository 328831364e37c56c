using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>A value that nobody can change and that refers to nothing.</summary>
internal abstract class LeafCodec<T> : Codec<T>
{
    public override bool IsShared => true;

    public override bool IsTracked => false;

    public override T Copy(T value, CopyContext context) => value;
}

/// <summary>Plain bits; all silos run on one machine.</summary>
internal sealed class BitsCodec<T> : LeafCodec<T>
    where T : unmanaged
{
    public override void Write(WireWriter writer, T value) => writer.Raw(value);

    public override T Read(WireReader reader) => reader.Raw<T>();
}

internal sealed class TextCodec<T>(Func<T, string> format, Func<string, T> parse) : LeafCodec<T>
{
    public override void Write(WireWriter writer, T value) => writer.Text(format(value));

    public override T Read(WireReader reader) => parse(reader.Text());
}

/// <summary>A value of which there is only one.</summary>
internal sealed class ConstantCodec<T>(T constant) : LeafCodec<T>
{
    public override void Write(WireWriter writer, T value)
    {
    }

    public override T Read(WireReader reader) => constant;
}

/// <summary>A bare object, good for nothing but its identity.</summary>
internal sealed class ObjectCodec : Codec<object>
{
    public override bool IsShared => true;

    public override object Copy(object value, CopyContext context) => value;

    public override void Write(WireWriter writer, object value)
    {
    }

    public override object Read(WireReader reader)
    {
        object value = new();
        reader.Record(value);
        return value;
    }
}

internal sealed class IdSpanCodec : LeafCodec<IdSpan>
{
    public override void Write(WireWriter writer, IdSpan value) => writer.Bytes(value.AsSpan());

    public override IdSpan Read(WireReader reader) => reader.Bytes() is { Length: > 0 } bytes ? new IdSpan(bytes) : default;
}

internal sealed class GrainIdCodec : LeafCodec<GrainId>
{
    public override void Write(WireWriter writer, GrainId value)
    {
        writer.Bytes(value.Type.AsSpan());
        writer.Bytes(value.Key.AsSpan());
    }

    public override GrainId Read(WireReader reader) => new(
        new GrainType(reader.Bytes() is { Length: > 0 } type ? new IdSpan(type) : default),
        reader.Bytes() is { Length: > 0 } key ? new IdSpan(key) : default);
}

/// <summary>A reference goes as the grain's id and the interface it is called through.</summary>
internal sealed class GrainReferenceCodec<T> : LeafCodec<T>
    where T : GrainReference
{
    public override void Write(WireWriter writer, T value)
    {
        Slot<GrainId>.Write(writer, value.GrainId);
        writer.Text(TypeNames.Of(value.Interface.Type));
    }

    public override T Read(WireReader reader)
    {
        GrainId id = Slot<GrainId>.Read(reader);
        return (T)reader.References.Create(id, TypeNames.Resolve(reader.Text()));
    }
}

internal sealed class GrainMethodCodec : LeafCodec<GrainMethod>
{
    public override void Write(WireWriter writer, GrainMethod value)
    {
        writer.Text(TypeNames.Of(value.Interface.Type));
        writer.Text(value.Name);
    }

    public override GrainMethod Read(WireReader reader) => GrainInterface.Find(reader.Text(), reader.Text());
}
