using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Copies and sends a type member by member: those with an <see cref="IdAttribute"/>, and the positional ones of a record.</summary>
internal sealed class MemberwiseCodec<T> : Codec<T>
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    // Positional members have ids of their own, apart from those given by attributes.
    private const ulong Positional = 1UL << 32;

    private readonly Member<T>[] _members;
    private readonly Func<T>? _construct;

    public MemberwiseCodec()
        : this(false)
    {
    }

    public MemberwiseCodec(bool exception)
    {
        if (typeof(T).IsAbstract)
        {
            throw new CodecNotFoundException($"Could not find a codec or copier for type {typeof(T)}: it is abstract.");
        }

        IsShared = typeof(T).IsDefined(typeof(ImmutableAttribute), false);
        _members = [.. FindMembers(exception)];
        _construct = typeof(T).IsValueType || typeof(T).GetConstructor(Declared, []) is not { } constructor
            ? null
            : System.Linq.Expressions.Expression.Lambda<Func<T>>(System.Linq.Expressions.Expression.New(constructor)).Compile();
    }

    public override bool IsShared { get; }

    public override T Copy(T value, CopyContext context)
    {
        T copy = New();
        if (!typeof(T).IsValueType)
        {
            context.Record(value!, copy!);
        }

        foreach (Member<T> member in _members)
        {
            member.Copy(ref value, ref copy, context);
        }

        return copy;
    }

    public override void Write(WireWriter writer, T value)
    {
        bool snapshot = writer.Snapshot;
        writer.Snapshot = snapshot && !IsShared;
        WriteMembers(writer, value);
        writer.Snapshot = snapshot;
    }

    public override T Read(WireReader reader)
    {
        T value = New();
        if (!typeof(T).IsValueType)
        {
            reader.Record(value!);
        }

        ReadMembers(reader, ref value);
        return value;
    }

    // Each member is its key (never 0), its length and itself; 0 ends them. So a reader can pass over what it does not know.
    public void WriteMembers(WireWriter writer, T value)
    {
        foreach (Member<T> member in _members)
        {
            writer.VarUInt(member.Key + 1);
            int start = writer.BeginLength();
            member.Write(writer, ref value);
            writer.EndLength(start);
        }

        writer.VarUInt(0);
    }

    public void ReadMembers(WireReader reader, ref T value)
    {
        int expected = 0;
        while (reader.VarUInt() is not 0 and ulong key)
        {
            int end = reader.Raw<int>() + reader.Position;
            Member<T>? member = expected < _members.Length && _members[expected].Key == key - 1
                ? _members[expected++]
                : Array.Find(_members, candidate => candidate.Key == key - 1);
            member?.Read(reader, ref value);
            reader.SkipTo(end);
        }
    }

    public static void SkipMembers(WireReader reader)
    {
        while (reader.VarUInt() != 0)
        {
            reader.SkipTo(reader.Raw<int>() + reader.Position);
        }
    }

    private T New()
    {
        if (typeof(T).IsValueType)
        {
            return default!;
        }

        return _construct is null ? (T)RuntimeHelpers.GetUninitializedObject(typeof(T)) : _construct();
    }

    private static IEnumerable<Member<T>> FindMembers(bool exception)
    {
        bool tuple = typeof(T).Namespace == nameof(System);
        for (Type? type = typeof(T); type is not null && type != typeof(object) && type != typeof(ValueType); type = type.BaseType)
        {
            if (!tuple && !type.IsDefined(typeof(GenerateSerializerAttribute), false))
            {
                if (exception)
                {
                    yield break;
                }

                throw new CodecNotFoundException($"Could not find a codec or copier for type {type}, the base of {typeof(T)}:"
                    + " mark it with [GenerateSerializer] and its members with [Id(n)].");
            }

            // Each class of a family has ids of its own; its depth keeps them apart.
            ulong level = (ulong)Depth(type);
            HashSet<ulong> seen = [];
            foreach ((ulong id, FieldInfo field, MemberInfo source) in tuple ? TupleMembers(type) : MembersOf(type))
            {
                if (!seen.Add(id))
                {
                    throw new SerializerException($"{type} has two members with [Id({(uint)id})]; one of them is {source.Name}.");
                }

                bool immutable = source.IsDefined(typeof(ImmutableAttribute), false);
                yield return Member<T>.Create((id << 5) | level, field, source.Name, immutable);
            }
        }
    }

    private static int Depth(Type type) => type.BaseType is { } parent ? 1 + Depth(parent) : 0;

    private static IEnumerable<(ulong Id, FieldInfo Field, MemberInfo Source)> TupleMembers(Type type) =>
        type.GetFields(Declared).Select((field, index) => ((ulong)index, field, (MemberInfo)field));

    private static IEnumerable<(ulong Id, FieldInfo Field, MemberInfo Source)> MembersOf(Type type)
    {
        ParameterInfo[] positional = PositionalParameters(type);
        foreach (FieldInfo field in type.GetFields(Declared))
        {
            if (field.GetCustomAttribute<IdAttribute>() is { } id)
            {
                yield return (id.Id, field, field);
            }
        }

        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            FieldInfo? field = type.GetField($"<{property.Name}>k__BackingField", Declared);
            if (property.GetCustomAttribute<IdAttribute>() is { } id)
            {
                yield return (id.Id, field ?? throw new SerializerException($"{type}.{property.Name} has an [Id] but is not an"
                    + " automatic property: put the [Id] on the field behind it."), property);
            }
            else if (field is not null && Array.FindIndex(positional, parameter => parameter.Name == property.Name) is >= 0 and int index)
            {
                yield return (Positional | (uint)index, field, property);
            }
        }
    }

    /// <summary>The parameters of a record's primary constructor: the one whose every parameter is a property, perhaps of a base.</summary>
    private static ParameterInfo[] PositionalParameters(Type type)
    {
        bool record = type.GetMethod("<Clone>$", Declared) is not null || (type.IsValueType && type.GetMethod("PrintMembers", Declared) is not null);
        bool asked = type.GetCustomAttribute<GenerateSerializerAttribute>() is { IncludePrimaryConstructorParameters: true };
        return !record && !asked ? [] : type.GetConstructors(Declared)
            .Select(constructor => constructor.GetParameters())
            .Where(parameters => parameters.All(parameter => type.GetProperty(parameter.Name!, Declared & ~BindingFlags.DeclaredOnly) is not null))
            .MaxBy(parameters => parameters.Length) ?? [];
    }
}
