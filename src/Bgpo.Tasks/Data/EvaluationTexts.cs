using System.Security.Cryptography;
using System.Text;

namespace Bgpo.Tasks.Data;

/// <summary>The prompts of evaluation files by their hashes, to find those that training files have as well.</summary>
internal sealed class EvaluationTexts
{
    private readonly Dictionary<Int128, string> _exact = [];
    private readonly Dictionary<Int128, string> _normalised = [];

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _exact.Count == 0;

    /// <summary>Adds a prompt.</summary>
    /// <param name="prompt">Its text.</param>
    /// <param name="place">Where it stands.</param>
    public void Add(string prompt, string place)
    {
        _exact.TryAdd(Hash(prompt), place);
        _normalised.TryAdd(Hash(Normalise(prompt)), place);
    }

    /// <summary>Where an evaluation file has a prompt.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="isExact">Whether it is the same letter for letter.</param>
    /// <returns>The place; null where none has it.</returns>
    public string? Find(string prompt, out bool isExact)
    {
        isExact = _exact.TryGetValue(Hash(prompt), out string? place);
        return isExact || _normalised.TryGetValue(Hash(Normalise(prompt)), out place) ? place : null;
    }

    /// <summary>
    /// A text without what makes no other problem of it: case, the amount and kind of white space, punctuation. What may stand
    /// in a sum stays, since 2 - 3 is another problem than 2 + 3 and 1.5 another than 15; commas in numbers go.
    /// </summary>
    /// <param name="text">The text.</param>
    public static string Normalise(string text)
    {
        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == ',' && IsDigit(text, i - 1) && IsDigit(text, i + 1))
            {
                continue;
            }
            if (!char.IsWhiteSpace(c) && (!char.IsPunctuation(c) || IsSign(text, i)))
            {
                kept.Append(char.ToLowerInvariant(c));
            }
            else if (kept.Length > 0 && kept[^1] != ' ')
            {
                kept.Append(' ');
            }
        }
        return kept.ToString().TrimEnd();
    }

    /// <summary>Whether a mark of punctuation is one of arithmetic or LaTeX.</summary>
    private static bool IsSign(string text, int i) => text[i] switch
    {
        '*' or '/' or '%' or '\\' or '(' or ')' or '[' or ']' or '{' or '}' => true,
        '-' => !IsLetter(text, i - 1) || !IsLetter(text, i + 1),
        '!' => IsDigit(text, i - 1),
        '.' => IsDigit(text, i + 1),
        _ => false,
    };

    private static bool IsDigit(string text, int i) => i >= 0 && i < text.Length && char.IsDigit(text[i]);

    private static bool IsLetter(string text, int i) => i >= 0 && i < text.Length && char.IsLetter(text[i]);

    private static Int128 Hash(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(hash);
    }
}
