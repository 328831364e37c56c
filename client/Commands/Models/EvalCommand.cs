using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;
using Bgpo.Spec;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo eval</c>: how many held-out problems a model solves.</summary>
internal sealed class EvalCommand
{
    private const int DefaultCount = 256;

    private readonly ConsoleContext _context;
    private readonly DecodingOptions _decoding = new(
        $"one of {string.Join(", ", SamplingSettings.Tasks)}; default: the spec's",
        "run spec with the task and its decoding; default: the project's own of the task");
    private readonly Option<string?> _data =
        Flags.Text("--data", "FILE", "problems in the task's public format; default: the task's held-out split");
    private readonly Option<int?> _count =
        Flags.Whole("--count", "N", $"problems; default: all of a data file, else {DefaultCount}", 1, 100_000);
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");

    internal EvalCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("eval", "Evaluates a model on held-out problems.")
        {
            _decoding.Model, _decoding.Task, _data, _count, _decoding.Temperature, _decoding.Steps, _decoding.Seed,
                _decoding.Config,
            _decoding.Set, _decoding.Devices.Devices, _decoding.Devices.Threads, _json,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("eval --model models/sudoku-base --task sudoku4x4", "greedy decoding of 256 held-out puzzles"),
        ("eval --model models/sudoku-base --temperature 1 --count 1000 --json", "sampled, more of them, for scripts"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        Decoding decoding = _decoding.Read(parsed, _context.Paths);
        RunSpec spec = decoding.Spec;
        if (parsed.GetValue(_data) is not null && spec.Task.Mixture.Count > 0)
        {
            throw new BadInputException("option --data: the spec has a mixture; name the files in task.mixture.N.evaluationData");
        }

        var task = parsed.GetValue(_data) is { } data
            ? spec.Task with { EvaluationData = SpecFile.DataFile(data, "option --data", _context.Paths) }
            : spec.Task.WithFullPaths(_context.Paths, "field task.");
        var request = new EvaluateRequest(
            decoding.Model, task, spec.Rollout,
            parsed.GetValue(_count) ?? (task.EvaluationData.Length > 0 ? int.MaxValue : DefaultCount),
            decoding.Temperature, decoding.Seed, decoding.Devices);

        ProcessLimits.Check();
        EvaluateOutcome outcome;
        using (var status = new StatusLine(_context.Terminal))
        {
            var progress = new Reporter<ProblemsDone>(
                done => status.Show($"{done.Done} of {Format.Many(done.Total, "problem")}"));
            outcome = await _context.Models.Evaluate(request, progress, _context.Interrupts.Token);
        }

        Print(request, outcome, task, parsed.GetValue(_json), spec.Rollout.DenoisingSteps);
        // An evaluation of which nothing could be judged has failed.
        return outcome.Count > 0 && outcome.Failed == outcome.Count ? ExitCode.Failed : ExitCode.Done;
    }

    private void Print(EvaluateRequest request, EvaluateOutcome outcome, TaskSection task, bool isJson, int denoisingSteps)
    {
        var output = _context.Terminal.Out;
        if (isJson)
        {
            output.WriteLine(JsonLines.Line(new
            {
                request.Model,
                Task = task.Called,
                outcome.Count,
                outcome.InFile,
                request.Temperature,
                request.Seed,
                outcome.Exact,
                outcome.MeanReward,
                outcome.MalformedShare,
                outcome.Failed,
                outcome.WeightsSha256,
                outcome.Seconds,
            }));
            return;
        }

        var how = request.Temperature == 0 ? "greedy" : $"at temperature {request.Temperature}";
        output.WriteLine($"model       {_context.Paths.Shown(request.Model)} (sha256 {outcome.WeightsSha256})");
        var first = outcome.InFile is { } all && all != outcome.Count
            ? $" (the first of {Format.Count(all)} in {_context.Paths.Shown(task.EvaluationData)})"
            : "";
        var steps = Format.Many(denoisingSteps, "denoising step");
        output.WriteLine($"problems    {Format.Count(outcome.Count)} of {task.Called}{first}, {how}, {steps}");
        output.WriteLine($"solved      {Format.Percent(outcome.Exact)}");
        output.WriteLine($"reward      {Format.Share(outcome.MeanReward)}");
        if (outcome.MalformedShare > 0)
        {
            output.WriteLine($"malformed   {Format.Percent(outcome.MalformedShare)}");
        }

        if (outcome.Failed > 0)
        {
            output.WriteLine($"not judged  {Format.Count(outcome.Failed)}, left out of the above: " +
                $"{Format.OneLine(outcome.FailedInfo)}");
        }

        output.WriteLine($"time        {Format.Short(outcome.Seconds)} s");
    }
}
