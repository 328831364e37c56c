using System.Text;

namespace Bgpo.Model.Tokenizers;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Content">What was said.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>How a conversation becomes the text that a model reads, up to where its answer begins.</summary>
public sealed class ChatTemplate
{
    private readonly Func<IReadOnlyList<ChatMessage>, string> _render;

    private ChatTemplate(string name, string endOfTurn, Func<IReadOnlyList<ChatMessage>, string> render)
    {
        Name = name;
        EndOfTurn = endOfTurn;
        _render = render;
    }

    /// <summary>No framing: the messages' text alone.</summary>
    public static ChatTemplate Plain { get; } =
        new("plain", "", messages => string.Concat(messages.Select(message => message.Content)));

    /// <summary>LLaDA's, which is Llama 3's with its own begin token.</summary>
    public static ChatTemplate Llama { get; } = new("llama", "<|eot_id|>", messages =>
    {
        var text = new StringBuilder("<|startoftext|>");
        foreach ((string role, string content) in messages)
        {
            text.Append($"<|start_header_id|>{role}<|end_header_id|>\n\n{content.Trim()}<|eot_id|>");
        }
        return text.Append("<|start_header_id|>assistant<|end_header_id|>\n\n").ToString();
    });

    /// <summary>ChatML, as SDAR has it.</summary>
    public static ChatTemplate ChatMl { get; } = new("chatml", "<|im_end|>", messages => RenderChatMl(messages, null));

    /// <summary>ChatML with a system message where the conversation has none, as Dream has it.</summary>
    public static ChatTemplate ChatMlWithSystem { get; } =
        new("chatml-system", "<|im_end|>", messages => RenderChatMl(messages, "You are a helpful assistant."));

    /// <summary>All templates.</summary>
    public static IReadOnlyList<ChatTemplate> All { get; } = [Plain, Llama, ChatMl, ChatMlWithSystem];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The token that ends the model's turn; empty where there is none but the end of sequence.</summary>
    public string EndOfTurn { get; }

    /// <summary>The text that the model reads.</summary>
    /// <param name="messages">The conversation, the newest message last.</param>
    public string Render(IReadOnlyList<ChatMessage> messages) => _render(messages);

    private static string RenderChatMl(IReadOnlyList<ChatMessage> messages, string? system)
    {
        var text = new StringBuilder();
        if (system is not null && messages is not [{ Role: "system" }, ..])
        {
            text.Append($"<|im_start|>system\n{system}<|im_end|>\n");
        }
        foreach ((string role, string content) in messages)
        {
            text.Append($"<|im_start|>{role}\n{content}<|im_end|>\n");
        }
        return text.Append("<|im_start|>assistant\n").ToString();
    }
}
