using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tokenizers.DotNet;

namespace Bgpo.Model.Tokenizers;

/// <summary>
/// A tokenizer.json of Hugging Face's kind, read by their own library. Frames a prompt by the family's chat template. Safe for
/// several threads.
/// </summary>
public sealed class BpeTokenizer : ITokenizer
{
    /// <summary>Name of the file that says which special tokens are which.</summary>
    public const string SettingsFile = "tokenizer_config.json";

    /// <summary>What a reference to a tokenizer says in its <c>type</c>.</summary>
    private const string ReferenceType = "huggingface";

    /// <summary>What ends a document in all of these families.</summary>
    private const string EndOfText = "<|endoftext|>";

    /// <summary>The only version of tokenizer.json so far.</summary>
    private const string KnownVersion = "1.0";

    /// <summary>Files that go with tokenizer.json where a model is written anew.</summary>
    private static readonly string[] s_companions =
        [SettingsFile, "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja"];

    /// <summary>How mask tokens are spelt, for models whose config.json names none.</summary>
    private static readonly string[] s_maskSpellings = ["<|mask|>", "<mask>", "<|mdm_mask|>", "[mask]"];

    /// <summary>A vocabulary takes 100 MB in the library, so each is loaded once a process.</summary>
    private static readonly ConcurrentDictionary<(string Path, string Sha256), Lazy<Tokenizer>> s_loaded = new();

    private readonly Tokenizer _tokenizer;
    private readonly Dictionary<int, string> _special;
    private readonly string _path;
    private readonly string _sha256;

    private BpeTokenizer(string path, string json, SpecialTokens tokens, int mask, int end, ChatTemplate template)
    {
        _path = path;
        _sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
        _special = tokens.ById;
        Vocabulary = tokens.Vocabulary;
        MaskToken = mask;
        EndToken = end;
        Template = template;
        // The end of a turn ends a response, and so does the end of a document where that is another token than the end of
        // sequence.
        EndTokens = [.. new[] { end }.Concat(
            tokens.ById.Where(token => token.Value == template.EndOfTurn || token.Value == EndOfText)
            .Select(token => token.Key).Order()).Distinct()];
        _tokenizer = s_loaded.GetOrMake((path, _sha256), () => Load(path));
    }

    /// <inheritdoc/>
    public int Vocabulary { get; }

    /// <inheritdoc/>
    public int MaskToken { get; }

    /// <inheritdoc/>
    public int EndToken { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>How prompts are framed.</summary>
    public ChatTemplate Template { get; }

    /// <summary>Whether a tokenizer.json is of Hugging Face's kind.</summary>
    /// <param name="json">Its text.</param>
    public static bool IsHuggingFaces(string json) => Field(json, "model") is not null;

    /// <summary>Whether a text is a reference that <see cref="ToJson"/> made.</summary>
    /// <param name="json">The text.</param>
    public static bool IsReference(string json) => Field(json, "type") == ReferenceType;

    /// <summary>Reads a model's tokenizer.</summary>
    /// <param name="path">Path of tokenizer.json.</param>
    /// <param name="json">Its text.</param>
    /// <param name="settings">Text of tokenizer_config.json; null where there is none.</param>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="ModelException">It is not a tokenizer, or its tokens are not the configuration's.</exception>
    public static BpeTokenizer Read(string path, string json, string? settings, ModelConfig config)
    {
        SpecialTokens tokens = SpecialTokens.Parse(path, json, KnownVersion);
        int? named = settings is null ? null
            : tokens.IdOf(MaskOf(settings, Path.Combine(Path.GetDirectoryName(path)!, SettingsFile)));
        int mask = config.MaskToken != ModelConfig.NoToken ? config.MaskToken : named ?? tokens.FindMask(path, s_maskSpellings);
        if (named is { } other && other != mask)
        {
            throw new ModelException(
                $"{path}: two mask tokens: {ModelFolder.ConfigFile} says {mask}, {SettingsFile} says '{tokens.ById[other]}', " +
                    $"which is {other}.");
        }
        foreach ((string role, int id) in new[] { ("mask_token_id", mask), ("eos_token_id", config.EndToken) })
        {
            if (!tokens.ById.ContainsKey(id))
            {
                throw new ModelException(
                    $"{path}: has no special token {id}, which is {ModelFolder.ConfigFile}'s {role}; is it another model's " +
                        "tokenizer?");
            }
        }
        return new BpeTokenizer(path, json, tokens, mask, config.EndToken, config.Family.Template);
    }

    /// <summary>Reads the tokenizer that a reference names.</summary>
    /// <param name="json">The reference.</param>
    /// <param name="file">Where it stands, for errors.</param>
    /// <exception cref="ModelException">The tokenizer is gone, or is another now.</exception>
    public static BpeTokenizer FromReference(string json, string file)
    {
        JsonNode reference = JsonNode.Parse(json)!;
        string Text(string name) =>
            reference[name]?.ToString() ?? throw new ModelException($"{file}: its tokenizer lacks {name}.");
        string path = Text("path");
        string content;
        try
        {
            content = ModelFolder.TextOf(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{file}: its tokenizer {path} cannot be read: {e.Message}", e);
        }
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
        if (hash != Text("sha256"))
        {
            throw new ModelException(
                $"{file}: its tokenizer {path} has changed: SHA-256 is {hash}, it was {Text("sha256")}; put the former file " +
                    "back.");
        }
        ChatTemplate template = ChatTemplate.All.FirstOrDefault(one => one.Name == Text("template"))
            ?? throw new ModelException(
                $"{file}: its chat template is '{Text("template")}'; expected one of " +
                    $"{string.Join(", ", ChatTemplate.All.Select(one => one.Name))}.");
        return new BpeTokenizer(
            path, content, SpecialTokens.Parse(path, content, KnownVersion), (int)reference["mask"]!, (int)reference["end"]!,
            template);
    }

    /// <summary>The same tokenizer with another template.</summary>
    /// <param name="template">The template.</param>
    public BpeTokenizer With(ChatTemplate template)
    {
        string json = ModelFolder.TextOf(_path);
        return new BpeTokenizer(_path, json, SpecialTokens.Parse(_path, json, KnownVersion), MaskToken, EndToken, template);
    }

    /// <inheritdoc/>
    public int[] EncodePrompt(string text) => EncodeChat([new ChatMessage("user", text)]);

    /// <summary>The tokens of a conversation, ready for an answer to follow.</summary>
    /// <param name="messages">The conversation.</param>
    /// <exception cref="ModelException">It holds the mask token, which would stand for text that is to be filled in.</exception>
    public int[] EncodeChat(IReadOnlyList<ChatMessage> messages)
    {
        int[] tokens = Encode(Template.Render(messages));
        if (tokens is [int first, int second, ..] && first == second && _special.ContainsKey(first))
        {
            tokens = tokens[1..]; // a tokenizer that begins every text by itself, and a template that does
        }
        return Array.IndexOf(tokens, MaskToken) < 0
            ? tokens
            : throw new ModelException(
                $"the prompt holds '{_special[MaskToken]}', which is the model's mask token; take it out.");
    }

    /// <summary>The tokens of a text, special ones by their names in it.</summary>
    /// <param name="text">The text.</param>
    public int[] Encode(string text)
    {
        // Halves of characters that UTF-8 cannot write become U+FFFD, as everywhere.
        string clean = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return clean.Length == 0 ? [] : [.. _tokenizer.Encode(clean).Select(token => (int)token)];
    }

    /// <inheritdoc/>
    public int[] EncodeResponse(string text, int length)
    {
        int[] tokens = [.. Encode(text), .. Template.EndOfTurn.Length > 0 ? Encode(Template.EndOfTurn) : []];
        return tokens.Length <= length
            ? [.. tokens, .. Enumerable.Repeat(EndToken, length - tokens.Length)]
            : throw new ModelException($"the answer '{text}' has {tokens.Length} tokens; the response length is {length}.");
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var text = new StringBuilder();
        List<uint> ordinary = [];
        void Flush()
        {
            if (ordinary.Count > 0)
            {
                text.Append(_tokenizer.Decode([.. ordinary]));
                ordinary.Clear();
            }
        }
        foreach (int token in tokens)
        {
            if (EndTokens.Contains(token))
            {
                break;
            }
            if (_special.TryGetValue(token, out string? name))
            {
                Flush();
                text.Append(name);
            }
            else if (token < Vocabulary)
            {
                ordinary.Add((uint)token);
            }
        }
        Flush();
        return text.ToString();
    }

    /// <summary>A token's name: its own for a special one, else its text.</summary>
    /// <param name="token">The token.</param>
    public string NameOf(int token) =>
        _special.TryGetValue(token, out string? name) ? name : token < Vocabulary ? _tokenizer.Decode([(uint)token]) : "";

    /// <summary>A reference: where the file is, its SHA-256, and what it was read as.</summary>
    public string ToJson() => new JsonObject
    {
        ["type"] = ReferenceType,
        ["path"] = _path,
        ["sha256"] = _sha256,
        ["mask"] = MaskToken,
        ["end"] = EndToken,
        ["template"] = Template.Name,
    }.ToJsonString() + "\n";

    /// <inheritdoc/>
    public void Save(string folder)
    {
        File.Copy(_path, Path.Combine(folder, ModelFolder.TokenizerFile), overwrite: true);
        foreach (string companion in s_companions)
        {
            string from = Path.Combine(Path.GetDirectoryName(_path)!, companion);
            if (File.Exists(from))
            {
                File.Copy(from, Path.Combine(folder, companion), overwrite: true);
            }
        }
    }

    private static Tokenizer Load(string path)
    {
        try
        {
            return new Tokenizer(vocabPath: path);
        }
        catch (TokenizerException e)
        {
            throw new ModelException($"{path}: not a tokenizer: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>The text of a field of a JSON object; null where the text is none or has no such field.</summary>
    private static string? Field(string json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(name, out JsonElement value)
                ? value.ValueKind == JsonValueKind.String ? value.GetString() : ""
                : null;
        }
        catch (JsonException)
        {
            return null; // whoever reads it says what is wrong
        }
    }

    /// <summary>What tokenizer_config.json calls the mask token: a text, or an object with one.</summary>
    private static string? MaskOf(string settings, string file)
    {
        try
        {
            JsonNode? mask = JsonNode.Parse(settings)?["mask_token"];
            return (mask is JsonObject token ? token["content"] : mask)?.ToString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ModelException($"{file}: cannot be read as JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
