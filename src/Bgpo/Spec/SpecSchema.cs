using System.Globalization;
using System.Reflection;

namespace Bgpo.Spec;

/// <summary>What the spec records say about their fields: names, kinds, limits.</summary>
internal static class SpecSchema
{
    /// <summary>The fields of a section by their names in YAML, in the order of the record; those of its base first.</summary>
    internal static IReadOnlyList<(string Name, PropertyInfo Property)> Fields(Type section) =>
        [.. section.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true })
            .OrderBy(p => p.DeclaringType == section)
            .ThenBy(p => p.MetadataToken)
            .Select(p => (FieldName(p), p))];

    /// <summary>The name in YAML: camelCase.</summary>
    internal static string FieldName(PropertyInfo property) => char.ToLowerInvariant(property.Name[0]) + property.Name[1..];

    /// <summary>Whether the type is one of ours with fields of its own.</summary>
    internal static bool IsSection(Type type) => type.IsClass && type != typeof(string) && ItemType(type) is null;

    /// <summary>The type of the items when the type is a list, else null.</summary>
    internal static Type? ItemType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>The paths of all fields under a section, lists of sections by <c>name.field</c>.</summary>
    internal static IEnumerable<string> Paths(Type section, string prefix = "")
    {
        foreach (var (name, property) in Fields(section))
        {
            yield return prefix + name;
            var inner = ItemType(property.PropertyType) ?? property.PropertyType;
            if (IsSection(inner))
            {
                foreach (var path in Paths(inner, prefix + name + "."))
                {
                    yield return path;
                }
            }
        }
    }

    /// <summary>The only words that a field takes; null where there are others.</summary>
    internal static string[]? Words(PropertyInfo property) => property.PropertyType.IsEnum
        ? [.. Enum.GetValues(property.PropertyType).Cast<object>().Select(Scalar)]
        : property.GetCustomAttribute<OneOfAttribute>()?.Values;

    /// <summary>What a field takes, in words: for errors and for docs/run-spec.md.</summary>
    internal static string Allowed(PropertyInfo property)
    {
        var type = property.PropertyType;
        if (Words(property) is { } words)
        {
            return "one of " + string.Join(", ", words);
        }

        if (property.GetCustomAttribute<PatternAttribute>() is { } pattern)
        {
            return pattern.Description;
        }

        if (type == typeof(bool))
        {
            return "true or false";
        }

        if (ItemType(type) == typeof(string))
        {
            return "text, or a list of texts";
        }

        if (ItemType(type) is not null)
        {
            return property.IsDefined(typeof(RequiredAttribute)) ? "a list, at least one item" : "a list";
        }

        if (IsSection(type))
        {
            return "a section (fields, indented under it)";
        }

        if (type == typeof(string))
        {
            return property.IsDefined(typeof(RequiredAttribute)) ? "text, not empty" : "text";
        }

        var kind = type == typeof(double) ? "a number" : "a whole number";
        return property.GetCustomAttribute<RangeAttribute>() is { } range
            ? $"{kind} from {Number(range.Minimum, type)} to {Number(range.Maximum, type)}"
            : kind;
    }

    /// <summary>A number as YAML and people write it.</summary>
    internal static string Number(double value, Type type) =>
        type == typeof(long) && value >= long.MaxValue
            ? long.MaxValue.ToString(CultureInfo.InvariantCulture)
            : Scalar(type == typeof(double) ? value : (long)value);

    /// <summary>A value as it stands in canonical YAML, without quotes.</summary>
    internal static string Scalar(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum choice => choice.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IEnumerable<string> texts => string.Join(", ", texts),
        IReadOnlyCollection<object> items => $"{items.Count} items",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => (string)value,
    };
}
