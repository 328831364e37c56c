using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo generate</c>: completes one prompt, or answers in a chat.</summary>
internal sealed class GenerateCommand
{
    private readonly ConsoleContext _context;
    private readonly Argument<string?> _prompt = new("PROMPT")
    {
        Description = "what the model reads",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly ChatOptions _chat = new();
    private readonly DecodingOptions _decoding = new(
        "the task whose decoding settings are used; default: sudoku4x4",
        "run spec with decoding settings; default: the project's own of the task");
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");

    internal GenerateCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("generate", "Completes a prompt, or answers in a chat.")
        {
            _prompt, _decoding.Model, _chat.Chat, _chat.System, _chat.Template, _decoding.Temperature, _chat.Length, _chat.Block,
                _decoding.Steps,
            _chat.Order, _chat.Trace, _decoding.Seed, _decoding.Task, _decoding.Config, _decoding.Set,
            _decoding.Devices.Devices, _decoding.Devices.Threads, _json,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("generate --model models/sudoku-base \"3102200002100320\"", "fills a 4x4 Sudoku, row by row; 0 is a blank"),
        ("generate --model models/sudoku-base \"3102200002100320\" --temperature 1 --seed 7", "one of its less certain answers"),
        ("generate --model models/LLaDA-8B-Instruct --chat \"Hello!\" --length 128 --steps 64 --block 32",
            "asks in the model's chat template"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var chat = _chat.Read(parsed, parsed.GetValue(_prompt));
        Decoding decoding = _decoding.Read(parsed, _context.Paths, withSteps: false);
        var request = new GenerateRequest(
            decoding.Model, parsed.GetValue(_prompt) ?? chat!.Messages[^1].Content, decoding.Spec.Rollout, decoding.Temperature,
            decoding.Seed,
            decoding.Devices)
        {
            Chat = chat,
            Given = (parsed.GetValue(_chat.Length), parsed.GetValue(_chat.Block), parsed.GetValue(_decoding.Steps)),
            Remasking = _chat.Remasking(parsed),
            Trace = parsed.GetValue(_chat.Trace) is { } trace ? _context.Paths.Full(trace) : null,
        };
        ProcessLimits.Check();
        GenerateOutcome outcome;
        using (var status = new StatusLine(_context.Terminal))
        {
            var progress = new Reporter<GenerateProgress>(
                at => status.Show($"step {at.Step}  {at.Text.ReplaceLineEndings(" ")}"));
            outcome = await _context.Models.Generate(request, progress, _context.Interrupts.Token);
        }

        // The completion alone is data: `answer=$(bgpo generate …)` works.
        _context.Terminal.Out.WriteLine(parsed.GetValue(_json)
            ? JsonLines.Line(new
            {
                request.Model,
                request.Prompt,
                Completion = outcome.Text,
                request.Temperature,
                request.Seed,
                outcome.Tokens,
                outcome.Seconds
            })
            : outcome.Text);
        if (_context.Terminal.IsErrorInteractive)
        {
            _context.Terminal.Error.WriteLine(
                $"bgpo: {Format.Many(outcome.Tokens, "token")} in {Format.Short(outcome.Seconds)} s");
        }

        return ExitCode.Done;
    }
}
