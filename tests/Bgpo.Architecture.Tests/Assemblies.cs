using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Bgpo.Architecture.Tests;

/// <summary>This project's own assemblies, as they are built.</summary>
internal static class Assemblies
{
    private static readonly Lazy<ModuleDefinition[]> s_modules = new(() =>
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "Bgpo*.dll")
            .Where(file => !Path.GetFileName(file).Contains("Tests", StringComparison.Ordinal))
            .Select(file => ModuleDefinition.ReadModule(file, new ReaderParameters { ReadSymbols = true })),
    ]);

    /// <summary>Every type that somebody wrote, those inside others included.</summary>
    internal static IEnumerable<TypeDefinition> Types => s_modules.Value.SelectMany(module => module.Types).SelectMany(WithNested)
        .Where(type => NamespaceOf(type).StartsWith("Bgpo", StringComparison.Ordinal) && !IsGenerated(type));

    /// <summary>The namespace of a type, or of the one that it is inside of.</summary>
    internal static string NamespaceOf(TypeReference type) =>
        type.DeclaringType is { } outer ? NamespaceOf(outer) : type.Namespace;

    /// <summary>The types of this project that a type names: in its bases, members, attributes and code.</summary>
    internal static IEnumerable<TypeReference> UsedBy(TypeDefinition type)
    {
        IEnumerable<TypeReference?> named =
        [
            type.BaseType, .. type.Interfaces.Select(one => one.InterfaceType),
            .. type.CustomAttributes.Select(one => one.AttributeType),
            .. type.Fields.Select(field => field.FieldType), .. type.Properties.Select(property => property.PropertyType),
            .. type.Methods.SelectMany(UsedBy),
        ];
        return named.OfType<TypeReference>().SelectMany(Parts)
            .Where(used => NamespaceOf(used).StartsWith("Bgpo", StringComparison.Ordinal));
    }

    private static bool IsGenerated(TypeDefinition type) =>
        type.CustomAttributes.Any(one => one.AttributeType.Name == "GeneratedCodeAttribute")
            || (type.DeclaringType is { } outer && IsGenerated(outer));

    private static IEnumerable<TypeReference?> UsedBy(MethodDefinition method) =>
    [
        method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType),
        .. method.CustomAttributes.Select(one => one.AttributeType),
        .. method.HasBody ? method.Body.Variables.Select(variable => variable.VariableType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(UsedBy) : [],
    ];

    private static IEnumerable<TypeReference?> UsedBy(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        MethodReference method =>
            [method.DeclaringType, method.ReturnType, .. method is GenericInstanceMethod generic ? generic.GenericArguments : []],
        FieldReference field => [field.DeclaringType, field.FieldType],
        _ => [],
    };

    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        TypeSpecification of => Parts(of.ElementType),
        GenericParameter => [],
        _ => [type],
    };

    private static IEnumerable<TypeDefinition> WithNested(TypeDefinition type) =>
        [type, .. type.NestedTypes.SelectMany(WithNested)];
}
