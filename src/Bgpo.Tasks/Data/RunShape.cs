using System.Text;

namespace Bgpo.Tasks.Data;

/// <summary>What a task with data files needs to know of the run that it is for.</summary>
/// <param name="Prompts">B: prompts per batch.</param>
/// <param name="UpdatesPerBatch">Steps from one batch to the next.</param>
/// <param name="Room">Most tokens of a prompt.</param>
/// <param name="TokensOf">How many tokens a prompt has; throws an <see cref="ArgumentException"/> for one that the model cannot
/// read.</param>
public sealed record RunShape(int Prompts, int UpdatesPerBatch, int Room, Func<string, int> TokensOf)
{
    private readonly Lazy<int> _frame = new(() => TokensOf(""));

    /// <summary>Whether the model reads any text, each byte of it by two tokens at most.</summary>
    public bool ReadsAllText { get; init; }

    /// <summary>The tokens of a prompt that is too long; null where it fits.</summary>
    /// <param name="prompt">Its text.</param>
    /// <exception cref="ArgumentException">The model cannot read it.</exception>
    public int? TooLong(string prompt)
    {
        // Most prompts are far shorter than the room, and need not be cut into tokens to know it.
        if (ReadsAllText && _frame.Value + (2L * Encoding.UTF8.GetByteCount(prompt)) <= Room)
        {
            return null;
        }
        int tokens = TokensOf(prompt);
        return tokens > Room ? tokens : null;
    }
}
