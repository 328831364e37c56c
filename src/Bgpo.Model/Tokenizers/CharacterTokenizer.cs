using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bgpo.Model.Tokenizers;

/// <summary>One token a character, for the small tasks. A prompt is framed as [BOS] text [SEP].</summary>
public sealed class CharacterTokenizer : ITokenizer
{
    /// <summary>What Sudoku and Countdown are written with.</summary>
    public const string Arithmetic = "0123456789+-*/()=, ";

    private static readonly string[] s_special = ["[MASK]", "[EOS]", "[BOS]", "[SEP]"];
    private readonly string _characters;
    private readonly Dictionary<char, int> _tokens = [];

    /// <summary>A tokenizer of these characters; the four special tokens come after them.</summary>
    /// <param name="characters">The characters, each once.</param>
    public CharacterTokenizer(string characters)
    {
        _characters = characters;
        foreach (char c in characters)
        {
            if (!_tokens.TryAdd(c, _tokens.Count))
            {
                throw new ModelException($"tokenizer: the character '{c}' is listed twice.");
            }
        }
    }

    /// <inheritdoc/>
    public int Vocabulary => _characters.Length + s_special.Length;

    /// <inheritdoc/>
    public int MaskToken => _characters.Length;

    /// <inheritdoc/>
    public int EndToken => _characters.Length + 1;

    private int BeginToken => _characters.Length + 2;

    private int SeparatorToken => _characters.Length + 3;

    /// <summary>Reads a tokenizer.json.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="file">Its name, for errors.</param>
    public static CharacterTokenizer Parse(string json, string file)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(json);
            string? type = node is JsonObject && node["type"] is JsonValue value && value.TryGetValue(out string? text) ? text
                : null;
            return node is not JsonObject form
                ? throw new ModelException($"{file}: not a tokenizer: it is no JSON object.")
                : type is null
                ? throw new ModelException($"{file}: {OfAnotherKind(form)}; expected a tokenizer of type 'character'.")
                : type != "character"
                ? throw new ModelException($"{file}: type is '{type}'; expected 'character'.")
                : form["characters"] is JsonValue list && list.TryGetValue(out string? characters)
                ? new CharacterTokenizer(characters)
                : throw new ModelException(
                    $"{file}: characters is {form["characters"]?.ToJsonString() ?? "null"}; expected a text of the characters " +
                        "that the model knows.");
        }
        catch (JsonException e)
        {
            throw new ModelException($"{file}: not a tokenizer: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static string OfAnotherKind(JsonObject form) => form["model"] is JsonObject
        ? $"is a tokenizer of Hugging Face's kind ({form["model"]!["type"]?.ToString() ?? "no type"})"
        : "has no type";

    /// <inheritdoc/>
    public int[] EncodePrompt(string text) => [BeginToken, .. Encode(text), SeparatorToken];

    /// <inheritdoc/>
    public int[] EncodeResponse(string text, int length)
    {
        if (text.Length > length)
        {
            throw new ModelException($"the answer '{text}' has {text.Length} tokens; the response length is {length}.");
        }
        int[] tokens = new int[length];
        tokens.AsSpan().Fill(EndToken);
        Encode(text).CopyTo(tokens, 0);
        return tokens;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var text = new StringBuilder(tokens.Length);
        foreach (int token in tokens)
        {
            if (token == EndToken)
            {
                break;
            }
            if (token < _characters.Length)
            {
                text.Append(_characters[token]);
            }
            else
            {
                text.Append(s_special[token - _characters.Length]);
            }
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public string ToJson() => new JsonObject { ["type"] = "character", ["characters"] = _characters }.ToJsonString() + "\n";

    private int[] Encode(string text)
    {
        var tokens = new int[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            if (!_tokens.TryGetValue(text[i], out tokens[i]))
            {
                throw new ModelException(
                    $"'{text}' has the character '{text[i]}' at place {i + 1}; the model knows only \"{_characters}\".");
            }
        }
        return tokens;
    }
}
