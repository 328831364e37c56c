using System.CommandLine;
using System.Text.Json;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Models;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;

namespace Bgpo.Client.Commands.Models;

/// <summary>The options by which <c>bgpo generate</c> asks an instruction-tuned model.</summary>
internal sealed class ChatOptions
{
    private static readonly Dictionary<string, Remasking> s_orders = Enum.GetValues<Remasking>()
        .ToDictionary(order => JsonNamingPolicy.CamelCase.ConvertName($"{order}"));

    internal Option<string?> Chat { get; } =
        Flags.Text("--chat", "TEXT", "ask the model in its chat template, in place of PROMPT");

    internal Option<string?> System { get; } = Flags.Text("--system", "TEXT", "a system message before it");

    internal Option<string?> Template { get; } =
        Flags.Word("--template", "the chat template; default: the family's",
            [.. ChatTemplate.All.Select(template => template.Name)]);

    internal Option<int?> Length { get; } =
        Flags.Whole("--length", "N", "response tokens; default with --chat: 128, else the spec's", 1, 8192);

    internal Option<int?> Block { get; } =
        Flags.Whole("--block", "N", "tokens decoded together; default with --chat: 32, or the model's own", 1, 8192);

    internal Option<string?> Order { get; } =
        Flags.Word("--remasking", "which tokens of a step stay; default: the spec's, lowConfidence", [.. s_orders.Keys]);

    internal Option<string?> Trace { get; } =
        Flags.Text("--trace", "FILE", "write which token was set at which step with which confidence, a JSON line each");

    /// <summary>What a command line says of a conversation; null where a prompt is given.</summary>
    internal ChatRequest? Read(ParseResult parsed, string? prompt)
    {
        var text = parsed.GetValue(Chat);
        if ((text is null) == (prompt is null))
        {
            throw new BadInputException(text is null
                ? "argument PROMPT is missing: give a prompt, or ask in the model's chat template with --chat TEXT"
                : "option --chat: there is a PROMPT besides; give one of them");
        }

        if (text is null)
        {
            return parsed.GetValue(System) is null && parsed.GetValue(Template) is null
                ? null
                : throw new BadInputException("options --system and --template: they need --chat TEXT");
        }

        ChatMessage[] messages = parsed.GetValue(System) is { } system
            ? [new ChatMessage("system", system), new ChatMessage("user", text)]
            : [new ChatMessage("user", text)];
        return new ChatRequest(messages, parsed.GetValue(Template));
    }

    /// <summary>The remasking order; null where none is given.</summary>
    internal Remasking? Remasking(ParseResult parsed) => parsed.GetValue(Order) is { } order ? s_orders[order] : null;
}
