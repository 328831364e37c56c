using System.Reflection;
using System.Reflection.Emit;

namespace Orleans.Serialization;

/// <summary>Reads a member of a T, which is passed by reference so that structs are not copied.</summary>
internal delegate TMember MemberGetter<T, TMember>(ref T owner);

/// <summary>Sets a member of a T, be it read-only or not.</summary>
internal delegate void MemberSetter<T, TMember>(ref T owner, TMember value);

/// <summary>One serialized member of T.</summary>
internal abstract class Member<T>
{
    /// <summary>The number under which it travels: unique among the members of <typeparamref name="T"/> and its bases.</summary>
    public required ulong Key { get; init; }

    public required string Name { get; init; }

    public abstract void Copy(ref T source, ref T target, CopyContext context);

    public abstract void Write(WireWriter writer, ref T source);

    public abstract void Read(WireReader reader, ref T target);

    public static Member<T> Create(ulong key, FieldInfo field, string name, bool immutable)
    {
        Type type = typeof(FieldMember<,>).MakeGenericType(typeof(T), field.FieldType);
        return (Member<T>)Activator.CreateInstance(type, key, field, name, immutable)!;
    }
}

/// <summary>A member kept in a field of type TMember: declared so, or the field behind an automatic property.</summary>
internal sealed class FieldMember<T, TMember> : Member<T>
{
    private readonly MemberGetter<T, TMember> _get;
    private readonly MemberSetter<T, TMember> _set;
    private readonly bool _immutable;

    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public FieldMember(ulong key, FieldInfo field, string name, bool immutable)
    {
        Key = key;
        Name = name;
        _immutable = immutable;
        _get = Getter(field);
        _set = Setter(field);
    }

    public override void Copy(ref T source, ref T target, CopyContext context)
    {
        TMember value = _get(ref source);
        _set(ref target, _immutable ? value : Slot<TMember>.Copy(value, context));
    }

    public override void Write(WireWriter writer, ref T source) => Slot<TMember>.Write(writer, _get(ref source));

    public override void Read(WireReader reader, ref T target) => _set(ref target, Slot<TMember>.Read(reader));

    // Emitted rather than reflected: init-only properties and read-only fields can be set, and it costs a nanosecond.
    private static MemberGetter<T, TMember> Getter(FieldInfo field)
    {
        DynamicMethod method = new($"get_{field.Name}", typeof(TMember), [typeof(T).MakeByRefType()], typeof(T), skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        LoadOwner(il);
        il.Emit(OpCodes.Ldfld, field);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<MemberGetter<T, TMember>>();
    }

    private static MemberSetter<T, TMember> Setter(FieldInfo field)
    {
        DynamicMethod method =
            new($"set_{field.Name}", null, [typeof(T).MakeByRefType(), typeof(TMember)], typeof(T), skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        LoadOwner(il);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Stfld, field);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<MemberSetter<T, TMember>>();
    }

    private static void LoadOwner(ILGenerator il)
    {
        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(T).IsValueType)
        {
            il.Emit(OpCodes.Ldind_Ref);
        }
    }
}
