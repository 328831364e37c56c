using System.Globalization;
using System.Reflection;

namespace Orleans.Tests;

/// <summary>The public surface of assemblies in words: a line for each type and member, with parameters, types and constants.</summary>
public static class PublicSurface
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy;

    /// <summary>The lines of <paramref name="assemblies"/>, ordered.</summary>
    public static string[] Of(params IEnumerable<Assembly> assemblies) =>
        [.. assemblies.SelectMany(assembly => assembly.GetExportedTypes()).SelectMany(Of).Distinct().Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Of(Type type)
    {
        string name = NameOf(type);
        yield return $"{KindOf(type)} {name}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield return $"{name}.{Signature(type.GetMethod("Invoke")!)}";
            yield break;
        }

        // An interface's own members and those it takes over are called alike.
        foreach (MemberInfo member in type.GetMembers(All).Concat(type.GetInterfaces().Where(_ => type.IsInterface).SelectMany(one => one.GetMembers(All))))
        {
            if (member.DeclaringType!.Namespace is "System" or "System.Collections" || member.Name.Contains('<', StringComparison.Ordinal)
                || member.Name is "EqualityContract" or "PrintMembers")
            {
                continue;
            }

            if (Of(member) is { } line)
            {
                yield return $"{name}.{line}";
            }
        }
    }

    private static string? Of(MemberInfo member) => member switch
    {
        ConstructorInfo { IsStatic: false } made when IsVisible(made) => "new" + Parameters(made),
        MethodInfo method when IsVisible(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => Signature(method),
        PropertyInfo property when Accessors(property) is { Length: > 0 } accessors => $"{property.Name}{Index(property)}: {NameOf(property.PropertyType)} {{ {accessors}}}",
        FieldInfo field when (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName =>
            $"{field.Name}: {NameOf(field.FieldType)}" + (field.IsLiteral ? $" = {Value(field.GetRawConstantValue())}" : ""),
        EventInfo tell when tell.AddMethod is { IsPublic: true } => $"event {tell.Name}: {NameOf(tell.EventHandlerType!)}",
        _ => null,
    };

    private static string KindOf(Type type) => type.IsInterface ? "interface"
        : type.IsEnum ? $"enum ({NameOf(type.GetEnumUnderlyingType())})"
        : type.IsValueType ? "struct"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : "class";

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Signature(MethodInfo method) =>
        $"{(method.IsStatic ? "static " : "")}{method.Name}{(method.IsGenericMethod ? $"<{method.GetGenericArguments().Length}>" : "")}"
        + $"{Parameters(method)}: {NameOf(method.ReturnType)}";

    private static string Parameters(MethodBase method) => $"({string.Join(", ", method.GetParameters().Select(Parameter))})";

    private static string Index(PropertyInfo property) =>
        property.GetIndexParameters() is { Length: > 0 } index ? $"[{string.Join(", ", index.Select(Parameter))}]" : "";

    private static string Parameter(ParameterInfo parameter) =>
        $"{(parameter.IsDefined(typeof(ParamArrayAttribute), false) ? "params " : "")}{NameOf(parameter.ParameterType)} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue)}" : "");

    private static string Accessors(PropertyInfo property) =>
        (property.GetMethod is { } get && IsVisible(get) ? get.IsStatic ? "static get; " : "get; " : "")
        + (property.SetMethod is { } set && IsVisible(set) ? "set; " : "");

    private static string Value(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
        {
            return "ref " + NameOf(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return NameOf(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "T" : "M") + type.GenericParameterPosition;
        }

        string name = type.IsNested ? $"{NameOf(type.DeclaringType!)}.{type.Name}" : $"{type.Namespace}.{type.Name}";
        return type.IsGenericType && !type.IsGenericTypeDefinition
            ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
            : name;
    }
}
