using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Copies a type member by member: those with an <see cref="IdAttribute"/>, and the positional ones of a record.</summary>
internal sealed class MemberwiseCodec<T> : Codec<T>
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    // Positional members have ids of their own, apart from those given by attributes.
    private const ulong Positional = 1UL << 32;

    private readonly Member<T>[] _members;
    private readonly Func<T>? _construct;

    public MemberwiseCodec()
    {
        if (typeof(T).IsAbstract)
        {
            throw new CodecNotFoundException($"Could not find a codec or copier for type {typeof(T)}: it is abstract.");
        }

        IsShared = typeof(T).IsDefined(typeof(ImmutableAttribute), false);
        _members = [.. FindMembers()];
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

    private T New()
    {
        if (typeof(T).IsValueType)
        {
            return default!;
        }

        return _construct is null ? (T)RuntimeHelpers.GetUninitializedObject(typeof(T)) : _construct();
    }

    private static IEnumerable<Member<T>> FindMembers()
    {
        ulong level = 0;
        bool tuple = typeof(T).Namespace == nameof(System);
        for (Type? type = typeof(T); type is not null && type != typeof(object) && type != typeof(ValueType); type = type.BaseType, level++)
        {
            if (!tuple && !type.IsDefined(typeof(GenerateSerializerAttribute), false))
            {
                throw new CodecNotFoundException($"Could not find a codec or copier for type {type}, the base of {typeof(T)}:"
                    + " mark it with [GenerateSerializer] and its members with [Id(n)].");
            }

            HashSet<ulong> seen = [];
            foreach ((ulong id, FieldInfo field, MemberInfo source) in tuple ? TupleMembers(type) : MembersOf(type))
            {
                if (!seen.Add(id))
                {
                    throw new SerializerException($"{type} has two members with [Id({(uint)id})]; one of them is {source.Name}.");
                }

                bool immutable = source.IsDefined(typeof(ImmutableAttribute), false);
                yield return Member<T>.Create((level << 40) | id, field, source.Name, immutable);
            }
        }
    }

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

    /// <summary>The parameters of a record's primary constructor: the one whose every parameter is a property of the same name.</summary>
    private static ParameterInfo[] PositionalParameters(Type type)
    {
        bool record = type.GetMethod("<Clone>$", Declared) is not null || (type.IsValueType && type.GetMethod("PrintMembers", Declared) is not null);
        bool asked = type.GetCustomAttribute<GenerateSerializerAttribute>() is { IncludePrimaryConstructorParameters: true };
        return !record && !asked ? [] : type.GetConstructors(Declared)
            .Select(constructor => constructor.GetParameters())
            .Where(parameters => parameters.All(parameter => type.GetProperty(parameter.Name!, Declared) is not null))
            .MaxBy(parameters => parameters.Length) ?? [];
    }
}
