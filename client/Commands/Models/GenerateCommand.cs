using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo generate</c>: completes one prompt.</summary>
internal sealed class GenerateCommand
{
    private readonly ConsoleContext _context;
    private readonly Argument<string> _prompt = new("PROMPT") { Description = "what the model reads" };
    private readonly Option<string?> _model = Flags.Text("--model", "FOLDER", "model folder or checkpoint");
    private readonly Option<double?> _temperature = Flags.Number("--temperature", "T", "Gumbel temperature; default: 0, greedy", 0, 10);
    private readonly Option<int?> _steps = Flags.Whole("--steps", "N", "denoising steps; the same as --set rollout.denoisingSteps=N", 1, 8192);
    private readonly Option<int?> _seed = Flags.Whole("--seed", "N", "seed of the sampling noise; default: 1", 0, int.MaxValue);
    private readonly Option<string?> _task = Flags.Text("--task", "TASK", "the task whose decoding settings are used; default: sudoku4x4");
    private readonly Option<string?> _config = Flags.Text("--config", "FILE", "run spec with decoding settings; default: the project's own of the task");
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<int?> _threads = Flags.Threads();
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");

    internal GenerateCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("generate", "Completes a prompt.")
        {
            _prompt, _model, _temperature, _steps, _seed, _task, _config, _set, _threads, _json,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("generate --model models/sudoku-base \"3102200002100320\"", "fills a 4x4 Sudoku, row by row; 0 is a blank"),
        ("generate --model models/sudoku-base \"3102200002100320\" --temperature 1 --seed 7", "one of its less certain answers"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var given = parsed.GetValue(_model) ?? throw new BadInputException("option --model is missing: name a model folder, for example --model models/sudoku-base");
        var overrides = parsed.GetValue(_set) ?? [];
        if (parsed.GetValue(_steps) is { } steps)
        {
            overrides = [.. overrides, $"rollout.denoisingSteps={steps}"];
        }

        var spec = SamplingSettings.Load(parsed.GetValue(_config), parsed.GetValue(_task), overrides, _context.Paths);
        var request = new GenerateRequest(
            SpecFile.Existing(given, "option --model", _context.Paths), parsed.GetRequiredValue(_prompt), spec.Rollout,
            parsed.GetValue(_temperature) ?? 0, parsed.GetValue(_seed) ?? 1, parsed.GetValue(_threads) ?? Environment.ProcessorCount);
        var outcome = await _context.Models.Generate(request, _context.Interrupts.Token);

        // The completion alone is data: `answer=$(bgpo generate …)` works.
        _context.Terminal.Out.WriteLine(parsed.GetValue(_json)
            ? JsonLines.Line(new { request.Model, request.Prompt, Completion = outcome.Text, request.Temperature, request.Seed, outcome.Tokens, outcome.Seconds })
            : outcome.Text);
        if (_context.Terminal.IsErrorInteractive)
        {
            _context.Terminal.Error.WriteLine($"bgpo: {Printed.Many(outcome.Tokens, "token")} in {Printed.Short(outcome.Seconds)} s");
        }

        return ExitCode.Done;
    }
}
