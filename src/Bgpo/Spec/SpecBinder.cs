using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Bgpo.Spec;

/// <summary>Fills a spec's records from YAML and overrides, and notes every error with its place.</summary>
internal sealed class SpecBinder(string file, Type rootType)
{
    private readonly Dictionary<string, string> _origins = [];

    /// <summary>What was wrong, one line each.</summary>
    internal List<string> Errors { get; } = [];

    /// <summary>What a node is, in words.</summary>
    internal static string Kind(SpecNode node) => node switch
    {
        SpecNode.Map => "a section",
        SpecNode.Sequence => "a list",
        SpecNode.Scalar { IsNull: true } => "nothing",
        SpecNode.Scalar scalar => $"'{Short(scalar.Text)}'",
        _ => "something else",
    };

    /// <summary>Makes a section's record. What is not given keeps its default.</summary>
    internal object Section(Type type, string path, SpecNode? node, SpecOverride? set)
    {
        var section = Activator.CreateInstance(type)!;
        var fields = SpecSchema.Fields(type);
        var errorsBefore = Errors.Count;
        CheckIsSection(fields, path, node, set);
        var entries = (node as SpecNode.Map)?.Entries ?? [];
        CheckNames(type, fields, path, entries, set);
        foreach (var (name, property) in fields)
        {
            var (key, line, child) = entries.FirstOrDefault(e => e.Key == name);
            SetField(section, property, Join(path, name), key is null ? null : (line, child), set?[name]);
        }

        if (Errors.Count == errorsBefore && section is IRuled ruled)
        {
            Errors.AddRange(ruled.Violations().Select(rule => Describe(section, path, rule)));
        }

        return section;
    }

    private void CheckIsSection(
        IReadOnlyList<(string Name, PropertyInfo Property)> fields, string path, SpecNode? node, SpecOverride? set)
    {
        if (set?.Value is { } text)
        {
            Wrong(set.Origin, path, $"value '{Short(text)}'", $"a section; set one of its fields: {Names(fields, path)}");
        }

        if (node is not (null or SpecNode.Map or SpecNode.Scalar { IsNull: true }))
        {
            Wrong(At(node.Line), path, $"value {Kind(node)}", "a section (fields, indented under it)");
        }
    }

    private void CheckNames(
        Type type, IReadOnlyList<(string Name, PropertyInfo Property)> fields, string path,
        IReadOnlyList<(string Key, int Line, SpecNode Value)> entries, SpecOverride? set)
    {
        foreach (var (key, line, value) in entries.Where(e => fields.All(f => f.Name != e.Key)))
        {
            Unknown(At(line), type, path, key, value is SpecNode.Scalar ? Kind(value) : "");
        }

        foreach (var (key, child) in (set?.Children ?? []).Where(pair => fields.All(f => f.Name != pair.Key)))
        {
            Unknown(child.Leaf.Origin, type, path, key, child.Value is { } given ? $"'{Short(given)}'" : "");
        }
    }

    private void SetField(
        object section, PropertyInfo property, string path, (int Line, SpecNode Value)? entry, SpecOverride? set)
    {
        if (set?.Origin is { } origin)
        {
            _origins[path] = origin;
        }
        else if (entry is { } given)
        {
            _origins[path] = At(given.Line);
        }

        if (Field(property, path, entry?.Value, set) is { } value)
        {
            property.SetValue(section, value);
        }
        else if (property.IsDefined(typeof(RequiredAttribute)) && entry is null && set is null)
        {
            Errors.Add($"{file}: field {path}: missing; expected {SpecSchema.Allowed(property)}");
        }
    }

    /// <summary>A field's value; null when nothing usable was given.</summary>
    private object? Field(PropertyInfo property, string path, SpecNode? node, SpecOverride? set)
    {
        if (SpecSchema.ItemType(property.PropertyType) == typeof(string))
        {
            return Texts(property, path, node, set);
        }

        if (SpecSchema.ItemType(property.PropertyType) is { } itemType)
        {
            return List(property, itemType, path, node, set);
        }

        if (SpecSchema.IsSection(property.PropertyType))
        {
            return Section(property.PropertyType, path, node, set);
        }

        if (set is { Value: null })
        {
            Wrong(set.Children.Values.First().Origin, path, "no section", $"it takes {SpecSchema.Allowed(property)}");
        }
        else if (set is { Value: { } text })
        {
            return Scalar(property, path, set.Origin, new SpecNode.Scalar(0, text, false));
        }
        else if (node is SpecNode.Scalar scalar)
        {
            return Scalar(property, path, At(scalar.Line), scalar);
        }
        else if (node is not null)
        {
            Wrong(At(node.Line), path, $"value {Kind(node)}", SpecSchema.Allowed(property));
        }

        return null;
    }

    /// <summary>A list of texts, of which one may stand alone.</summary>
    private string[]? Texts(PropertyInfo property, string path, SpecNode? node, SpecOverride? set)
    {
        if (set is { Value: { } text })
        {
            return text.Length == 0 ? [] : [text];
        }

        List<string> items = [];
        SpecNode[] nodes = node switch
        {
            null or SpecNode.Scalar { IsNull: true } => [],
            SpecNode.Sequence sequence => [.. sequence.Items],
            _ => [node],
        };
        foreach (var item in nodes)
        {
            if (item is SpecNode.Scalar { IsNull: false } scalar && scalar.Text.Length > 0)
            {
                items.Add(scalar.Text);
            }
            else
            {
                Wrong(At(item.Line), path, $"value {Kind(item)}", SpecSchema.Allowed(property));
            }
        }

        foreach (var (key, child) in set?.Children ?? [])
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > items.Count
                || child.Value is not { Length: > 0 } given)
            {
                Wrong(child.Leaf.Origin, path, $"item '{Short(key)}'", $"0 to {items.Count}, the next");
            }
            else if (index == items.Count)
            {
                items.Add(given);
            }
            else
            {
                items[index] = given;
            }
        }

        return node is null && set is null ? null : [.. items];
    }

    private Array? List(PropertyInfo property, Type itemType, string path, SpecNode? node, SpecOverride? set)
    {
        if (node is not (null or SpecNode.Sequence or SpecNode.Scalar { IsNull: true }))
        {
            Wrong(At(node.Line), path, $"value {Kind(node)}", "a list (items that start with '- ')");
            return null;
        }

        var nodes = (node as SpecNode.Sequence)?.Items ?? [];
        CheckItems(path, nodes.Count, set);
        if (node is not null && nodes.Count == 0 && property.IsDefined(typeof(RequiredAttribute)))
        {
            Wrong(At(node.Line), path, "empty list", "at least one item");
        }

        var items = Array.CreateInstance(itemType, nodes.Count);
        for (var i = 0; i < nodes.Count; i++)
        {
            var index = i.ToString(CultureInfo.InvariantCulture);
            ((IList)items)[i] = Section(itemType, Join(path, index), nodes[i], set?[index]);
        }

        return node is null ? null : items;
    }

    private void CheckItems(string path, int count, SpecOverride? set)
    {
        if (set?.Value is { } text)
        {
            Wrong(set.Origin, path, $"value '{Short(text)}'", $"a list; set a field of one of its items: {path}.0.…");
        }

        foreach (var (key, child) in set?.Children ?? [])
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= count)
            {
                Wrong(child.Origin, path, $"item '{Short(key)}'", count == 0 ? "the list is empty" : $"0 to {count - 1}");
            }
        }
    }

    private object? Scalar(PropertyInfo property, string path, string origin, SpecNode.Scalar scalar)
    {
        var value = Convert(property.PropertyType, scalar);
        var fits = value switch
        {
            null => false,
            string text => Fits(property, text),
            bool or Enum => true,
            _ => property.GetCustomAttribute<RangeAttribute>() is not { } range
                || (System.Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && number >= range.Minimum
                    && number <= range.Maximum),
        };
        if (fits)
        {
            return value;
        }

        var near = SpecSchema.Words(property) is { } words ? Nearest.To(scalar.Text, words) : null;
        var hint = near is not null ? $"; did you mean '{near}'?"
            : scalar.Quoted && property.PropertyType is { IsEnum: false } type && type != typeof(string)
                ? " (without quotes)" : "";
        Wrong(origin, path, $"value '{Short(scalar.Text)}'", SpecSchema.Allowed(property) + hint);
        return null;
    }

    private static object? Convert(Type type, SpecNode.Scalar scalar)
    {
        if (type == typeof(string))
        {
            return scalar.IsNull ? "" : scalar.Text;
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().FirstOrDefault(choice => SpecSchema.Scalar(choice) == scalar.Text);
        }

        if (scalar.Quoted)
        {
            return null;
        }

        if (type == typeof(bool))
        {
            return scalar.Text is "true" or "false" ? scalar.Text == "true" : null;
        }

        if (type == typeof(int))
        {
            return int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
                : null;
        }

        if (type == typeof(long))
        {
            return long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) ? large
                : null;
        }

        if (type == typeof(double))
        {
            return double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number)
                ? number
                : null;
        }

        throw new NotSupportedException($"spec fields of type {type} are not supported");
    }

    private static bool Fits(PropertyInfo property, string text)
    {
        if (text.Length == 0 && property.IsDefined(typeof(RequiredAttribute)))
        {
            return false;
        }

        if (SpecSchema.Words(property) is { } words)
        {
            return words.Contains(text, StringComparer.Ordinal);
        }

        return property.GetCustomAttribute<PatternAttribute>() is not { } pattern
            || Regex.IsMatch(text, $@"\A(?:{pattern.Regex})\z", RegexOptions.CultureInvariant);
    }

    /// <summary>Points a broken rule at the first of its fields that was given, and shows the first field's value.</summary>
    private string Describe(object section, string path, Violation rule)
    {
        var field = Join(path, rule.Fields[0]);
        var origin = rule.Fields.Select(f => _origins.GetValueOrDefault(Join(path, f)))
            .FirstOrDefault(o => o is not null) ?? file;
        var value = section;
        foreach (var name in rule.Fields[0].Split('.'))
        {
            value = SpecSchema.Fields(value!.GetType()).First(f => f.Name == name).Property.GetValue(value);
        }

        var given = _origins.ContainsKey(field) ? "" : " (the default)";
        return $"{origin}: field {field}: value '{SpecSchema.Scalar(value!)}'{given}: {rule.Message}";
    }

    private void Unknown(string origin, Type section, string path, string key, string value)
    {
        var fields = SpecSchema.Fields(section);
        var here = Nearest.To(key, fields.Select(f => f.Name));
        var near = here is not null ? Join(path, here) : Elsewhere(key);
        var hint = near is not null
            ? $"did you mean '{near}'?"
            : $"known {(path.Length == 0 ? "sections and fields" : "fields of " + path)}: " +
                $"{string.Join(", ", fields.Select(f => f.Name))}";
        Errors.Add($"{origin}: field {Join(path, key)}: {(value.Length == 0 ? "" : $"value {value}: ")}unknown field; {hint}");
    }

    /// <summary>A field of that name in another section: the usual slip is a wrong indent.</summary>
    private string? Elsewhere(string key) =>
        SpecSchema.Paths(rootType).FirstOrDefault(p => p.Split('.')[^1].Equals(key, StringComparison.OrdinalIgnoreCase));

    private static string Names(IReadOnlyList<(string Name, PropertyInfo Property)> fields, string path) =>
        string.Join(", ", fields.Select(f => Join(path, f.Name)));

    private void Wrong(string origin, string path, string what, string allowed) =>
        Errors.Add($"{origin}: field {path}: {what}: {allowed}");

    private string At(int line) => $"{file}:{line}";

    private static string Join(string path, string name) => path.Length == 0 ? name : path + "." + name;

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : line[..57] + "...";
    }
}
