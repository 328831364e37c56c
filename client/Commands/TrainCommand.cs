using System.CommandLine;
using System.Text.RegularExpressions;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Spec;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo train</c>: starts or resumes a run on this machine and watches it to its end.</summary>
internal sealed partial class TrainCommand
{
    private const string DefaultStore = "runs";

    private readonly ConsoleContext _context;
    private readonly Option<string?> _config = Flags.Text("--config", "FILE", "run spec (docs/run-spec.md); default: configs/sudoku.yaml of the project");
    private readonly Option<int?> _steps = Flags.Whole("--steps", "N", "optimizer steps; the same as --set run.steps=N", 1, 1_000_000);
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<string?> _run = Flags.Text("--run", "RUN", "the run's id; default: the spec's run.name and the time");
    private readonly Option<string?> _store = Flags.Text("--store", "FOLDER", "where runs are kept; default: runs");
    private readonly Option<string?> _resume = Flags.Text("--resume", "RUN", "go on with a run from its newest checkpoint, by the spec it was started with");
    private readonly Option<int?> _threads = Flags.Threads();
    private readonly Option<int?> _silos = Flags.Whole("--silos", "N", "silo processes to start, each with --threads devices (default there: 1); default: one silo inside this process", 1, 256);
    private readonly Option<string?> _cluster = Flags.Text("--cluster", "NAME", "name of the cluster that --silos makes; default: the run's id");
    private readonly Option<bool> _printSpec = Flags.Switch("--print-spec", "print the effective spec and do nothing else");
    private readonly Option<bool> _json = Flags.Json("events as JSON lines on stdout");
    private readonly Option<bool> _quiet = Flags.Switch("--quiet", "no live view and no line a step; evaluations and the end only");

    internal TrainCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("train", "Trains a model with BGPO and watches the run to its end.")
        {
            _config, _steps, _set, _run, _store, _resume, _threads, _silos, _cluster, _printSpec, _json, _quiet,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("train", "runs configs/sudoku.yaml to its end"),
        ("train --config configs/countdown.yaml --steps 20 --set rollout.temperature=0.9 --run my-run", "another spec, shorter and warmer, under a name"),
        ("train --resume my-run", "goes on where my-run was interrupted, to the same bits"),
        ("train --print-spec > mine.yaml", "a spec with every field, to start from"),
        ("train --json | jq -r 'select(.event == \"step\") | .meanReward'", "for scripts"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var resumed = parsed.GetValue(_resume);
        var spec = resumed is null ? Spec(parsed) : null;
        if (resumed is not null)
            RefuseBeside(parsed, _config, _steps, _set, _run, _printSpec);
        if (parsed.GetValue(_printSpec))
        {
            await _context.Terminal.Out.WriteAsync(SpecWriter.Write(spec!)).ConfigureAwait(false);
            return ExitCode.Done;
        }

        var run = resumed is null ? RunId(parsed.GetValue(_run), spec!) : Checked("--resume", resumed);
        var yaml = spec is null ? null : SpecWriter.Write(spec.WithFullPaths(_context.Paths));
        var silos = parsed.GetValue(_silos) ?? 0;
        var options = new HostOptions(
            _context.Paths.Full(Store(parsed.GetValue(_store))), parsed.GetValue(_threads) ?? (silos > 0 ? 1 : Environment.ProcessorCount),
            silos, parsed.GetValue(_cluster) is { } cluster ? Checked("--cluster", cluster) : run);
        return await Train(run, yaml, options, parsed).ConfigureAwait(false);
    }

    private async Task<int> Train(string run, string? yaml, HostOptions options, ParseResult parsed)
    {
        var interrupted = _context.Interrupts.Token;
        var cluster = await _context.Training.Start(options, interrupted).ConfigureAwait(false);
        await using var _ = cluster.ConfigureAwait(false);
        var grain = cluster.GetRun(run);
        var status = await Begin(grain, yaml).ConfigureAwait(false);

        RunWatch watch;
        RunEvent? end;
        var presenter = Presenter(parsed);
        await using (presenter.ConfigureAwait(false))
        {
            watch = new RunWatch(grain, presenter, _context.Time);
            end = await watch.ToTheEnd(interrupted).ConfigureAwait(false);
        }

        if (end is null)
            status = await grain.GetStatus().ConfigureAwait(false);
        return Conclude(end, status, watch.Started?.Task ?? "", parsed);
    }

    /// <summary>What a run refuses at its start is the user's to mend; what goes wrong later is a failed run.</summary>
    private static async Task<RunStatus> Begin(IRunGrain grain, string? yaml)
    {
        try
        {
            return yaml is null ? await grain.Resume().ConfigureAwait(false) : await grain.Start(yaml).ConfigureAwait(false);
        }
        catch (RunException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    /// <summary>Says how the run ended, once the terminal is free again.</summary>
    private int Conclude(RunEvent? end, RunStatus status, string task, ParseResult parsed)
    {
        var summary = new RunSummary(_context.Paths);
        var store = parsed.GetValue(_store);
        var machine = parsed.GetValue(_json);
        switch (end)
        {
            case RunCompleted done:
                if (!machine)
                    Write(summary.Completed(done, task, ConsoleContext.PeakRssMiB()));
                return ExitCode.Done;
            case RunStopped stopped:
                if (machine)
                    Say($"stopped at version {stopped.Version}; resume with: {summary.Resume(stopped.Run, store)}");
                else
                    Write(summary.Stopped(stopped, store));
                return ExitCode.Interrupted;
            case RunFailed failed:
                Say($"run {failed.Run} failed at version {failed.Version}: {failed.Message}");
                return failed.Store ? ExitCode.BadInput : ExitCode.Failed;
            default:
                // It had ended before it was watched.
                Say($"run {status.Run}: {status.State} at version {status.Version} of {status.Steps}{(status.Message.Length > 0 ? ": " + status.Message : "")}");
                return status.State == "completed" ? ExitCode.Done : ExitCode.Failed;
        }
    }

    private IRunPresenter Presenter(ParseResult parsed) =>
        parsed.GetValue(_json) ? new JsonPresenter(_context.Terminal, ConsoleContext.PeakRssMiB)
        : _context.Terminal.IsInteractive && !parsed.GetValue(_quiet) ? new LivePresenter(_context.Terminal, _context.Time)
        : new PlainPresenter(_context.Terminal, parsed.GetValue(_quiet));

    private RunSpec Spec(ParseResult parsed)
    {
        var overrides = parsed.GetValue(_set) ?? [];
        if (parsed.GetValue(_steps) is { } steps)
            overrides = [.. overrides, $"run.steps={steps}"];
        var file = parsed.GetValue(_config) ?? _context.Paths.Config("sudoku.yaml")
            ?? throw new BadInputException("no configs/sudoku.yaml here; name a run spec with --config FILE");
        return SpecFile.Load<RunSpec>(file, _context.Paths, overrides);
    }

    private string RunId(string? given, RunSpec spec) => given is not null
        ? Checked("--run", given)
        : $"{spec.Run.Name[..Math.Min(spec.Run.Name.Length, 47)]}-{_context.Time.GetLocalNow():yyyyMMdd-HHmmss}";

    /// <summary>An empty one is an unset variable of a script, not the working directory.</summary>
    private static string Store(string? given) => given is null ? DefaultStore
        : given.Length > 0 ? given : throw new BadInputException("option --store: value '': a folder");

    private static string Checked(string option, string run) => RunName().IsMatch(run)
        ? run
        : throw new BadInputException($"option {option}: value '{run}': lower-case letters, digits and dashes, 63 at most, starting with a letter or digit");

    private static void RefuseBeside(ParseResult parsed, params Option[] others)
    {
        var given = others.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null)
            throw new BadInputException($"option {given.Name}: not beside --resume, which goes on by the spec that the run was started with");
    }

    private void Write(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            _context.Terminal.Out.WriteLine(line);
    }

    private void Say(string message) => _context.Terminal.Error.WriteLine("bgpo: " + message.ReplaceLineEndings(" "));

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,62}\z")]
    private static partial Regex RunName();
}
