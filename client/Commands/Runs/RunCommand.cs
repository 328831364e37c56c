using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run</c>: starts runs in a cluster, watches and steers them.</summary>
internal sealed class RunCommand
{
    internal RunCommand(ConsoleContext context)
    {
        Parts =
        [
            RunStartCommand.Make(context), RunListCommand.Make(context), RunStatusCommand.Make(context),
            RunWatchCommand.Make(context),
            RunPauseCommand.Make(context), RunResumeCommand.Make(context), RunStopCommand.Make(context),
            RunCheckpointCommand.Make(context),
            RunSetCommand.Make(context), RunSamplesCommand.Make(context), RunCompareCommand.Make(context),
            RunPlotCommand.Make(context), RunMetricsCommand.Make(context), RunLogsCommand.Make(context),
            RunDeleteCommand.Make(context),
        ];
        Command = new Command("run", "Starts runs in a cluster, watches and steers them.");
        foreach (var part in Parts)
        {
            Command.Subcommands.Add(part.Command);
        }
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("run start --cluster demo --config configs/sudoku.yaml", "starts a run in the cluster demo and returns"),
        ("run list", "the runs in the folder runs; --active leaves out those that have ended"),
        ("run watch sudoku", "the live view of the only run whose id begins so; Ctrl-C leaves, the run goes on"),
        ("run pause sudoku", "takes no further step until run resume sudoku"),
        ("run set sudoku rollout.temperature=0.7", "changes what may change in mid-run, from the next batch on"),
        ("run samples sudoku --worst 5", "what the last batch answered, the worst five"),
        ("run plot sudoku --out reward.svg", "its curves as a picture; without --out in the terminal"),
        ("run stop sudoku --reason \"enough\"", "ends it after the step in hand, with a checkpoint"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>Its commands, each with its examples.</summary>
    internal IReadOnlyList<CommandPart> Parts { get; }
}

/// <summary>What commands about one run take.</summary>
internal sealed class RunSelection
{
    private readonly Argument<string> _run = new("RUN")
    {
        HelpName = "RUN",
        Description = "the run's id, or the beginning of it",
    };
    private readonly Option<string?> _cluster =
        Flags.Text("--cluster", "NAME", "the cluster that drives it; default: the one that the store names");
    private readonly Option<string?> _store =
        Flags.Text("--store", "FOLDER", "where runs are kept; default: the cluster's, or runs");

    /// <summary>Adds them to a command.</summary>
    internal Command On(Command command)
    {
        command.Arguments.Add(_run);
        command.Options.Add(_cluster);
        command.Options.Add(_store);
        return command;
    }

    /// <summary>The run that a command line is about.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="join">Whether its cluster is asked, too; else the store alone.</param>
    internal Task<RunTarget> Find(ConsoleContext context, ParseResult parsed, bool join = true) =>
        RunTarget.Find(context, parsed.GetValue(_run)!, parsed.GetValue(_cluster), parsed.GetValue(_store), join);

    /// <summary>The id, or its beginning, as given.</summary>
    internal string Given(ParseResult parsed) => parsed.GetValue(_run)!;

    /// <summary>The options that lead another command to the same run, as they were given.</summary>
    internal string[] Again(ParseResult parsed) =>
    [
        .. parsed.GetValue(_cluster) is { } cluster ? new[] { "--cluster", cluster } : [],
        .. parsed.GetValue(_store) is { } store ? new[] { "--store", store } : [],
    ];
}
