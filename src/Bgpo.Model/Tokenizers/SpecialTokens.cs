using System.Text.Json;

namespace Bgpo.Model.Tokenizers;

/// <summary>The added tokens of a tokenizer.json, and how many tokens it has in all.</summary>
/// <param name="ById">Their names.</param>
/// <param name="Vocabulary">One more than the largest token.</param>
internal sealed record SpecialTokens(Dictionary<int, string> ById, int Vocabulary)
{
    /// <summary>Fields that have the library cut texts or lengthen them.</summary>
    private static readonly string[] s_changesLengths = ["truncation", "padding"];

    /// <summary>Reads them.</summary>
    /// <param name="file">The file's name, for errors.</param>
    /// <param name="json">Its text.</param>
    /// <param name="version">The version of the format that is known.</param>
    /// <exception cref="ModelException">The file is no tokenizer, or of another version.</exception>
    public static SpecialTokens Parse(string file, string json, string version)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            string written = root.TryGetProperty("version", out JsonElement given) ? given.ToString() : version;
            if (written != version)
            {
                throw new ModelException(
                    $"{file}: is of version '{written}'; this version of bgpo reads '{version}': take a newer bgpo.");
            }
            foreach (string cutting in s_changesLengths)
            {
                if (root.TryGetProperty(cutting, out JsonElement set) && set.ValueKind != JsonValueKind.Null)
                {
                    throw new ModelException(
                        $"{file}: {cutting} is {Short(set)}; it would change prompts in silence: set it to null.");
                }
            }
            var byId = new Dictionary<int, string>();
            if (root.TryGetProperty("added_tokens", out JsonElement added))
            {
                foreach (JsonElement token in added.EnumerateArray())
                {
                    int id = Id(token.GetProperty("id"));
                    string content = token.GetProperty("content")
                        .GetString() ?? throw new FormatException($"the added token {id} has no content.");
                    if (!byId.TryAdd(id, content))
                    {
                        throw new ModelException($"{file}: the token {id} is '{byId[id]}' and '{content}'.");
                    }
                }
            }
            return new SpecialTokens(byId, 1 + Math.Max(Largest(root.GetProperty("model")), byId.Keys.DefaultIfEmpty(-1).Max()));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ModelException($"{file}: not a tokenizer: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>The token of a name; null where there is none.</summary>
    /// <param name="name">The name, or null.</param>
    public int? IdOf(string? name) => name is null ? null : Named(name);

    /// <summary>The one token that is spelt like a mask.</summary>
    /// <param name="file">The file's name, for errors.</param>
    /// <param name="spellings">How mask tokens are spelt, in lower case.</param>
    /// <exception cref="ModelException">There is none, or several.</exception>
    public int FindMask(string file, IReadOnlyCollection<string> spellings)
    {
#pragma warning disable CA1308 // The spellings are of lower case.
        KeyValuePair<int, string>[] found = [.. ById.Where(token => spellings.Contains(token.Value.ToLowerInvariant()))];
#pragma warning restore CA1308
        return found switch
        {
            [{ Key: var id }] => id,
            [] => throw new ModelException(
                $"{file}: no token is spelt like a mask, and {ModelFolder.ConfigFile} has no mask_token_id."),
            _ => throw new ModelException(
                $"{file}: two mask tokens: {string.Join(", ", found.Select(token => $"'{token.Value}' ({token.Key})"))}, and " +
                    $"{ModelFolder.ConfigFile} has no mask_token_id."),
        };
    }

    private int? Named(string name)
    {
        foreach ((int id, string content) in ById)
        {
            if (content == name)
            {
                return id;
            }
        }
        return null;
    }

    private static int Id(JsonElement value) => value.GetInt32() is var id and >= 0 and < ModelConfig.LargestVocabulary
        ? id
        : throw new FormatException($"the token {value.GetInt32()} is not from 0 to {ModelConfig.LargestVocabulary - 1}.");

    private static string Short(JsonElement value) =>
        value.GetRawText().ReplaceLineEndings(" ") is { Length: > 100 } text ? $"{text[..100]}..." : value.GetRawText()
            .ReplaceLineEndings(" ");

    private static int Largest(JsonElement model) => model.GetProperty("vocab") switch
    {
        { ValueKind: JsonValueKind.Object } byName =>
            byName.EnumerateObject().Select(token => Id(token.Value)).DefaultIfEmpty(-1).Max(),
        { ValueKind: JsonValueKind.Array } byPlace => byPlace.GetArrayLength() - 1,
        _ => throw new FormatException("its vocabulary is neither an object nor a list."),
    };
}
