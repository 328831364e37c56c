using System.Globalization;
using System.Text.Json;

namespace Bgpo.Tasks.Data;

/// <summary>One record of a data file: named fields.</summary>
internal sealed class DataRecord
{
    private readonly DataFile _file;
    private readonly string _unit;
    private readonly string _text;
    private readonly JsonElement _fields;

    /// <summary>Makes a record.</summary>
    /// <param name="file">The file that it is of.</param>
    /// <param name="number">Its line, row or item, from 1.</param>
    /// <param name="unit">Which of them.</param>
    /// <param name="text">The record as it stands, for errors.</param>
    /// <param name="fields">A JSON object.</param>
    public DataRecord(DataFile file, int number, string unit, string text, JsonElement fields)
    {
        (_file, Number, _unit, _text, _fields) = (file, number, unit, text, fields);
    }

    /// <summary>Its line, row or item, from 1.</summary>
    public int Number { get; }

    /// <summary>Where it stands, for names and reports: <c>train.jsonl:12</c>.</summary>
    public string Place => $"{Path.GetFileName(_file.Path)}:{Number}";

    /// <summary>What the problem is called: the field of that name, else <see cref="Place"/>.</summary>
    /// <param name="named">The spec's <c>task.fields.id</c>; empty: none.</param>
    /// <exception cref="TaskDataException">The field is not there, or null.</exception>
    public string Id(string named) => named.Length > 0 ? Text(FieldName.Of(named, "task.fields.id")) : Place;

    /// <summary>Whether a field is there and not null.</summary>
    /// <param name="field">The field.</param>
    public bool Has(FieldName field) => Find(field) is not null;

    /// <summary>A field as text: a string as it is, anything else as JSON writes it.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="TaskDataException">It is not there, or null, or has half a surrogate pair.</exception>
    public string Text(FieldName field) => Find(field) is { } value ? TextOf(value) : throw Missing(field);

    /// <summary>A field as text; null where it is not there.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="TaskDataException">It has half a surrogate pair.</exception>
    public string? TextOrNull(FieldName field) => Find(field) is { } value ? TextOf(value) : null;

    /// <summary>A field as JSON: a string that holds a JSON list or object counts as that.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="TaskDataException">It is not there, or null.</exception>
    public JsonElement Json(FieldName field)
    {
        JsonElement value = Find(field) ?? throw Missing(field);
        if (value.ValueKind != JsonValueKind.String || TextOf(value).AsSpan().TrimStart() is not ['[' or '{', ..])
        {
            return value;
        }
        try
        {
            using JsonDocument inner = JsonDocument.Parse(TextOf(value));
            return inner.RootElement.Clone();
        }
        catch (JsonException)
        {
            return value;
        }
    }

    /// <summary>A field as a list of texts; a text alone is a list of one.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="TaskDataException">It is not there, or null.</exception>
    public IReadOnlyList<string> Texts(FieldName field) => Json(field) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(TextOf)]
        : [Text(field)];

    /// <summary>The error that the record is not what the task needs.</summary>
    /// <param name="expected">What should stand there.</param>
    public TaskDataException Error(string expected) =>
        new(_file.Path, _unit, Number, $"found '{TaskDataException.Shown(_text)}', expected {expected}.");

    /// <summary>The error that the record cannot be used.</summary>
    /// <param name="problem">Why and what to do, as a sentence.</param>
    public TaskDataException Refused(string problem) => new(_file.Path, _unit, Number, problem);

    private JsonElement? Find(FieldName field)
    {
        foreach (string name in field.Names)
        {
            if (Find(name) is { ValueKind: not JsonValueKind.Null } found)
            {
                return found;
            }
        }
        return null;
    }

    /// <summary>A field of that very name, else the one that a path with dots leads to.</summary>
    private JsonElement? Find(string name)
    {
        if (_fields.TryGetProperty(name, out JsonElement found))
        {
            return found;
        }
        JsonElement inner = _fields;
        foreach (string part in name.Split('.'))
        {
            if (inner.ValueKind == JsonValueKind.Object && inner.TryGetProperty(part, out JsonElement next))
            {
                inner = next;
            }
            else if (inner.ValueKind == JsonValueKind.Array
                && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < inner.GetArrayLength())
            {
                inner = inner[index];
            }
            else
            {
                return null;
            }
        }
        return inner;
    }

    private string TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return value.GetRawText();
        }
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new TaskDataException(
                _file.Path, _unit, Number, $"found '{TaskDataException.Shown(_text)}', expected text without half a surrogate pair.",
                e);
        }
    }

    private TaskDataException Missing(FieldName field)
    {
        string there = string.Join(", ", _fields.EnumerateObject().Select(one => one.Name).Take(20));
        string wanted = field.Names.Count == 1 ? $"a field '{field.Names[0]}'"
            : $"one of the fields {string.Join(", ", field.Names)}";
        return Refused(
            $"found the fields {TaskDataException.Shown(there)}; expected {wanted} that is not null"
            + (field.Setting.Length == 0 ? "." : $"; {field.Setting} names another."));
    }
}

/// <summary>A field that a task reads: as the spec names it, or by the names that public data sets have.</summary>
/// <param name="Names">The names, the first that is there counts.</param>
/// <param name="Setting">The spec's field that names it; empty: none does.</param>
internal sealed record FieldName(IReadOnlyList<string> Names, string Setting = "")
{
    /// <summary>The field with what is asked.</summary>
    /// <param name="named">The spec's name; empty: none.</param>
    /// <param name="usual">The names of public data sets.</param>
    public static FieldName Prompt(string named, params string[] usual) => Of(named, "task.fields.prompt", usual);

    /// <summary>The field with what the answer is judged by.</summary>
    /// <param name="named">The spec's name; empty: none.</param>
    /// <param name="usual">The names of public data sets.</param>
    public static FieldName Reference(string named, params string[] usual) => Of(named, "task.fields.reference", usual);

    /// <summary>A field that the spec may name.</summary>
    /// <param name="named">The spec's name; empty: none.</param>
    /// <param name="setting">The spec's field.</param>
    /// <param name="usual">The names of public data sets.</param>
    public static FieldName Of(string named, string setting, params string[] usual) =>
        new(named.Length > 0 ? [named] : usual, setting);
}
