using System.Text.Json;

namespace Bgpo.Model.Tokenizers;

/// <summary>The added tokens of a tokenizer.json, and how many tokens it has in all.</summary>
/// <param name="ById">Their names.</param>
/// <param name="Vocabulary">One more than the largest token.</param>
internal sealed record SpecialTokens(Dictionary<int, string> ById, int Vocabulary)
{
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
                throw new ModelException($"{file}: is of version '{written}'; this version of bgpo reads '{version}': take a newer bgpo.");
            }
            var byId = new Dictionary<int, string>();
            if (root.TryGetProperty("added_tokens", out JsonElement added))
            {
                foreach (JsonElement token in added.EnumerateArray())
                {
                    int id = token.GetProperty("id").GetInt32();
                    string content = token.GetProperty("content").GetString()!;
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
            [] => throw new ModelException($"{file}: no token is spelt like a mask, and {ModelFolder.ConfigFile} has no mask_token_id."),
            _ => throw new ModelException(
                $"{file}: two mask tokens: {string.Join(", ", found.Select(token => $"'{token.Value}' ({token.Key})"))}, and {ModelFolder.ConfigFile} has no mask_token_id."),
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

    private static int Largest(JsonElement model) => model.GetProperty("vocab") switch
    {
        { ValueKind: JsonValueKind.Object } byName => byName.EnumerateObject().Select(token => token.Value.GetInt32()).DefaultIfEmpty(-1).Max(),
        { ValueKind: JsonValueKind.Array } byPlace => byPlace.GetArrayLength() - 1,
        _ => throw new FormatException("its vocabulary is neither an object nor a list."),
    };
}
