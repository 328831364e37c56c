using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;
using Bgpo.Spec;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo pretrain</c>: makes a small base model.</summary>
internal sealed class PretrainCommand
{
    /// <summary>Where there is no status line, a line every so many steps.</summary>
    private const int StepsPerLine = 20;

    private readonly ConsoleContext _context;
    private readonly Terminal _terminal;
    private readonly Option<string?> _config =
        Flags.Text("--config", "FILE", "pretrain spec (docs/run-spec.md); default: configs/pretrain-sudoku.yaml of the project");
    private readonly Option<string?> _out = Flags.Text("--out", "FOLDER", "the model folder to make");
    private readonly Option<bool> _force = Flags.Switch("--force", "replace the folder where it holds a model already");
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<int?> _threads = Flags.Threads();
    private readonly Option<bool> _printSpec = Flags.Switch("--print-spec", "print the effective spec and do nothing else");
    private readonly Option<bool> _json = Flags.Json("events as JSON lines on stdout");

    internal PretrainCommand(ConsoleContext context)
    {
        (_context, _terminal) = (context, context.Terminal.BesideARun());
        Command = new Command("pretrain", "Makes a small base model by masked-diffusion pretraining.")
        {
            _config, _out, _force, _set, _threads, _printSpec, _json,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("pretrain --out models/mine", "makes a Sudoku base by configs/pretrain-sudoku.yaml"),
        ("pretrain --config configs/pretrain-sudoku.yaml --out models/long --set phases.0.steps=800", "a longer first phase"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var file = parsed.GetValue(_config) ?? _context.Paths.Config("pretrain-sudoku.yaml")
            ?? throw new BadInputException("no configs/pretrain-sudoku.yaml here; name a pretrain spec with --config FILE");
        var spec = SpecFile.Load<PretrainSpec>(file, _context.Paths, parsed.GetValue(_set) ?? []);
        if (parsed.GetValue(_printSpec))
        {
            await _context.Terminal.Out.WriteAsync(SpecWriter.Write(spec));
            return ExitCode.Done;
        }

        spec = spec with { Task = spec.Task.WithFullPaths(_context.Paths, "field task.") };
        var folder = OutputFolder(parsed.GetValue(_out), parsed.GetValue(_force));
        var json = parsed.GetValue(_json);
        var request = new PretrainRequest(spec, folder, parsed.GetValue(_threads) ?? Environment.ProcessorCount);
        ProcessLimits.Check();
        PretrainOutcome outcome;
        using (var status = new StatusLine(_terminal))
        {
            var progress = new Reporter<PretrainProgress>(step => Show(step, status, json));
            outcome = await _context.Models.Pretrain(request, progress, _context.Interrupts.Token);
        }

        Report(outcome, folder, spec, json);
        return ExitCode.Done;
    }

    private string OutputFolder(string? given, bool force)
    {
        if (given is null)
        {
            throw new BadInputException("option --out is missing: name the model folder to make, for example --out models/mine");
        }

        var folder = _context.Paths.Full(given);
        if (File.Exists(folder))
        {
            throw new BadInputException($"option --out: value '{given}': a file; expected a folder to make");
        }

        if (!force && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new BadInputException($"option --out: value '{given}': the folder is not empty; name another or add --force");
        }

        return folder;
    }

    private void Show(PretrainProgress step, StatusLine status, bool json)
    {
        if (json)
        {
            _terminal.Out.WriteLine(JsonLines.Tagged("step", step));
            return;
        }

        var line = $"phase {step.Phase}/{step.Phases}  step {step.Step}/{step.Steps}  loss {Format.Share(step.Loss)}";
        if (_terminal.IsErrorInteractive)
        {
            status.Show(line);
        }
        else if (step.Step % StepsPerLine == 0 || step.Step == step.Steps)
        {
            _terminal.Out.WriteLine(line);
        }
    }

    private void Report(PretrainOutcome outcome, string folder, PretrainSpec spec, bool json)
    {
        var output = _terminal.Out;
        var evaluation = outcome.Evaluation;
        if (json)
        {
            output.WriteLine(JsonLines.Tagged("completed", new { Model = folder }, outcome, (object?)evaluation ?? new { }));
            return;
        }

        output.WriteLine($"model       {_context.Paths.Shown(folder)}: {Format.Many(outcome.Parameters, "parameter")} in " +
            $"{Format.Clock(outcome.Seconds)}");
        output.WriteLine($"weights     sha256 {outcome.WeightsSha256}");
        if (evaluation is not null)
        {
            output.WriteLine($"held out    solved {Format.Percent(evaluation.GreedyExact)} greedy, " +
                $"{Format.Percent(evaluation.SampledExact)} sampled, "
                + $"mean reward {Format.Share(evaluation.MeanReward)} ({Format.Many(evaluation.Count, "problem")})");
        }

        var model = _context.Paths.Shown(folder);
        output.WriteLine("next        " + _context.Paths.CommandLine("eval", "--model", model, "--task", spec.Task.Name));
        output.WriteLine("            " + _context.Paths.CommandLine("train", "--set", "model.path=" + model));
    }
}
