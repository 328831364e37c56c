using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bgpo.Model.Families;

/// <summary>
/// The fields of a config.json, read one after the other: each is honoured, or refused by name when it asks for another network,
/// or known to be harmless. What nobody asked for is left in <see cref="Unknown"/>.
/// </summary>
/// <param name="fields">The file's object.</param>
/// <param name="file">The file's name, for errors.</param>
internal sealed class ConfigFields(JsonObject fields, string file)
{
    /// <summary>The largest config.json, in characters: the real ones have a few thousand.</summary>
    private const int LongestText = 1 << 20;

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>The file's name, for errors.</summary>
    public string File => file;

    /// <summary>Fields that nobody asked for, in the file's order.</summary>
    public IReadOnlyList<string> Unknown => [.. fields.Select(entry => entry.Key).Where(name => !_known.Contains(name))];

    /// <summary>Reads a file's text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">The file's name, for errors.</param>
    /// <exception cref="ModelException">It is no JSON object, or names a field twice.</exception>
    public static ConfigFields Parse(string json, string file)
    {
        if (json.Length > LongestText)
        {
            throw new ModelException($"{file}: has {json.Length} characters; a model configuration has at most {LongestText}.");
        }
        try
        {
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            return JsonNode.Parse(json, documentOptions: options) is JsonObject fields
                ? new ConfigFields(fields, file)
                : throw new ModelException($"{file}: holds {KindOf(json)} where a model configuration was expected.");
        }
        catch (JsonException e)
        {
            throw new ModelException($"{file}: not a model configuration: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Whether the file gives a field a value other than null.</summary>
    /// <param name="name">The field.</param>
    public bool Has(string name) => fields[name] is not null;

    /// <summary>A text.</summary>
    /// <param name="name">The field.</param>
    /// <returns>Null where it is missing.</returns>
    public string? Text(string name)
    {
        _known.Add(name);
        return fields[name] switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out string? text) => text,
            { } other => throw Wrong(name, other, "a text"),
        };
    }

    /// <summary>A whole number.</summary>
    /// <param name="name">The field.</param>
    /// <param name="least">The smallest that is taken.</param>
    /// <param name="most">The largest that is taken: far beyond real models, so that nothing absurd is allocated.</param>
    /// <param name="missing">What a missing one means; null: it must be there.</param>
    public int Whole(string name, int least, int most, int? missing = null) =>
        WholeOrNull(name, least, most) ?? missing
            ?? throw new ModelException($"{file}: field {name} is missing; expected a whole number from {least} to {most}.");

    /// <summary>A whole number, or null where it is missing.</summary>
    /// <param name="name">The field.</param>
    /// <param name="least">The smallest that is taken.</param>
    /// <param name="most">The largest that is taken.</param>
    public int? WholeOrNull(string name, int least, int most)
    {
        _known.Add(name);
        if (fields[name] is not { } node)
        {
            return null;
        }
        return node is JsonValue value && value.TryGetValue(out int number) && number >= least && number <= most
            ? number
            : throw Wrong(name, node, $"a whole number from {least} to {most}");
    }

    /// <summary>A number in a range.</summary>
    /// <param name="name">The field.</param>
    /// <param name="above">It is larger than this.</param>
    /// <param name="most">The largest that is taken.</param>
    /// <param name="missing">What a missing one means.</param>
    public double Number(string name, double above, double most, double missing)
    {
        _known.Add(name);
        if (fields[name] is not { } node)
        {
            return missing;
        }
        return node is JsonValue value && value.TryGetValue(out double number) && number > above && number <= most
            ? number
            : throw Wrong(name, node, string.Create(CultureInfo.InvariantCulture, $"a number above {above} and up to {most}"));
    }

    /// <summary>True or false.</summary>
    /// <param name="name">The field.</param>
    /// <param name="missing">What a missing one means.</param>
    public bool Flag(string name, bool missing)
    {
        _known.Add(name);
        return fields[name] switch
        {
            null => missing,
            JsonValue value when value.TryGetValue(out bool flag) => flag,
            { } other => throw Wrong(name, other, "true or false"),
        };
    }

    /// <summary>A list of texts, or null where it is missing.</summary>
    /// <param name="name">The field.</param>
    public IReadOnlyList<string>? Texts(string name)
    {
        _known.Add(name);
        return fields[name] switch
        {
            null => null,
            JsonArray list => [.. list.Select(item => item?.ToString() ?? "null")],
            { } other => throw Wrong(name, other, "a list"),
        };
    }

    /// <summary>Refuses a field unless it is missing, null, or says what this network does anyway.</summary>
    /// <param name="name">The field.</param>
    /// <param name="expected">What is taken, as JSON: <c>false</c>, <c>1</c>, <c>"silu"</c>, <c>null</c>.</param>
    /// <param name="why">What the network does, for the message.</param>
    public void Only(string name, string expected, string why)
    {
        _known.Add(name);
        if (fields[name] is { } node && !JsonNode.DeepEquals(node, JsonNode.Parse(expected)))
        {
            throw Wrong(name, node, expected == "null" ? $"none: {why}" : $"{expected}: {why}");
        }
    }

    /// <summary>Refuses fields that only another kind of network has.</summary>
    /// <param name="why">What it would be.</param>
    /// <param name="names">The fields; 0, false, an empty list or text, and null count as missing.</param>
    public void Never(string why, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _known.Add(name);
            if (fields[name] is { } node && node.ToJsonString() is { } text && text
                is not ("0" or "0.0" or "false" or "[]" or "\"\"" or "{}"))
            {
                throw new ModelException($"{file}: {name} is {Short(text)}: {why}, which is not supported.");
            }
        }
    }

    /// <summary>Fields that change nothing of what is computed here.</summary>
    /// <param name="names">The fields.</param>
    public void Harmless(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _known.Add(name);
        }
    }

    /// <summary>The error that a field does not fit others.</summary>
    /// <param name="name">The field.</param>
    /// <param name="expected">What was expected.</param>
    public ModelException Misfit(string name, string expected) => Wrong(name, fields[name], expected);

    private ModelException Wrong(string name, JsonNode? value, string expected) =>
        new($"{file}: {name} is {Short(value?.ToJsonString() ?? "missing")}; expected {expected}.");

    private static string Short(string text) => (text.Length > 60 ? text[..60] + "..." : text).ReplaceLineEndings(" ");

    private static string KindOf(string json) => json.AsSpan().Trim() is "null" ? "null" : "no JSON object";
}
