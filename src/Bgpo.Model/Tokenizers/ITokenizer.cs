namespace Bgpo.Model.Tokenizers;

/// <summary>
/// Turns text into tokens and back. What frames a prompt (start and separator tokens, a chat template) belongs here.
/// </summary>
public interface ITokenizer
{
    /// <summary>Tokens of the vocabulary.</summary>
    int Vocabulary { get; }

    /// <summary>The [MASK] token.</summary>
    int MaskToken { get; }

    /// <summary>End of sequence, also the padding of a response.</summary>
    int EndToken { get; }

    /// <summary>
    /// Tokens that end a response: <see cref="EndToken"/>, and the one that ends a turn, where the model has one.
    /// </summary>
    IReadOnlyList<int> EndTokens => [EndToken];

    /// <summary>The tokens that pose a prompt to the model, ready for a response to follow.</summary>
    /// <param name="text">The prompt.</param>
    /// <exception cref="ModelException">The text has a character or piece that the vocabulary lacks.</exception>
    int[] EncodePrompt(string text);

    /// <summary>An answer as a response of fixed length: its tokens, then end-of-sequence padding.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="length">Response length L.</param>
    /// <exception cref="ModelException">The answer does not fit, or has a piece that the vocabulary lacks.</exception>
    int[] EncodeResponse(string text, int length);

    /// <summary>A response's text up to its first end-of-sequence token; special tokens within it show by name.</summary>
    /// <param name="tokens">The response.</param>
    string Decode(ReadOnlySpan<int> tokens);

    /// <summary>The text that makes this tokenizer again, see <see cref="ModelFolder.ParseTokenizer"/>.</summary>
    string ToJson();

    /// <summary>Writes the tokenizer's files into a model folder.</summary>
    /// <param name="folder">The folder.</param>
    void Save(string folder) => File.WriteAllText(Path.Combine(folder, ModelFolder.TokenizerFile), ToJson());
}
