using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;
using Bgpo.Spec;
using Bgpo.Tasks;

namespace Bgpo.Client.Commands.Models;

/// <summary><c>bgpo score</c>: what completions are worth, without a model or a run.</summary>
internal sealed class ScoreCommand
{
    private readonly ConsoleContext _context;
    private readonly Option<string?> _task =
        Flags.Text("--task", "TASK", $"one of {string.Join(", ", TaskRegistry.Names)}; default: the config's");
    private readonly Option<string?> _data = Flags.Text("--data", "FILE", "the problems, as task.evaluationData takes them");
    private readonly Option<string?> _completions =
        Flags.Text("--completions", "FILE", "JSON lines with a field completion, one a problem, in the order of the problems");
    private readonly Option<string?> _config =
        Flags.Text("--config", "FILE", "run spec with the task's settings; default: the defaults");
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<bool> _json = Flags.Json("a JSON line for each completion, then one with mean and count, on stdout");

    internal ScoreCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("score", "Scores completions of a task, offline.")
        {
            _task, _data, _completions, _config, _set, _json,
        };
        Command.SetAction((parsed, _) => RunAsync(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples =>
    [
        ("score --task sudoku4x4 --data test.csv --completions answers.jsonl", "reward, outcome and reason of each, then the mean"),
        ("score --config run.yaml --data test.jsonl --completions answers.jsonl --json | jq .reward",
            "by the settings of a run, for scripts"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        string Given(Option<string?> option) => parsed.GetValue(option)
            ?? throw new BadInputException($"score needs {option.Name} FILE (see bgpo score --help)");
        var paths = _context.Paths;
        TaskSection task = Settings(parsed) with
        {
            Data = [],
            EvaluationData = SpecFile.DataFile(Given(_data), "option --data", paths),
        };
        var scoring = new OfflineScoring(task, paths.Full(Given(_completions)), paths.Shown(Given(_completions)));
        var output = _context.Terminal.Out;
        var isJson = parsed.GetValue(_json);
        int number = 0;
        // What a program says beside its answers is for who tries it out.
        TaskLog.Written += Say;
        ScoreSummary summary;
        try
        {
            summary = await scoring.RunAsync(
                score => output.WriteLine(isJson
                    ? JsonLines.Line(new { score.Reward, score.Exact, score.Outcome, score.Info })
                    : Text(++number, score)),
                _context.Interrupts.Token);
        }
        finally
        {
            TaskLog.Written -= Say;
        }

        output.WriteLine(isJson
            ? JsonLines.Line(summary)
            : $"mean reward {Format.Share(summary.Mean ?? double.NaN)} of {Format.Many(summary.Count, "completion")}: {summary.Scored} scored, "
                + $"{summary.Malformed} malformed, {summary.Failed} not judged");
        // What nobody could judge has no mean.
        return summary.Count > 0 && summary.Failed == summary.Count ? ExitCode.Failed : ExitCode.Done;
    }

    private void Say(string task, string line) => _context.Terminal.Error.WriteLine($"bgpo: {task}: {line}");

    private RunTaskSection Settings(ParseResult parsed)
    {
        string[] set = [.. parsed.GetValue(_set)!];
        if (parsed.GetValue(_task) is { } name)
        {
            if (!TaskRegistry.Names.Contains(name))
            {
                throw new BadInputException(
                    $"option --task: value '{name}': one of {string.Join(", ", TaskRegistry.Names)}"
                    + (Nearest.To(name, TaskRegistry.Names) is { } near ? $"; did you mean '{near}'?" : ""));
            }

            set = [.. set, $"task.name={name}"];
        }
        else if (parsed.GetValue(_config) is null)
        {
            throw new BadInputException("score needs --task TASK or --config FILE (see bgpo score --help)");
        }

        var spec = parsed.GetValue(_config) is { } file
            ? SpecFile.Load<RunSpec>(file, _context.Paths, set)
            : SpecLoader.Load<RunSpec>("{}", "defaults", [.. set, "model.path=unused"]);
        return spec.Task.Mixture.Count == 0 || parsed.GetValue(_task) is not null
            ? spec.Task.WithProgramPaths(_context.Paths) with { Mixture = [] }
            : throw new BadInputException("score takes one task, and the config has a mixture; name one by --task");
    }

    private static string Text(int number, Score score) =>
        $"{number,6}  {Stores.JournalCommand.Judged(score.Outcome, score.Reward, score.Exact)}"
        + (score.Info.Length > 0 ? $"  [{Format.OneLine(score.Info)}]" : "");
}
