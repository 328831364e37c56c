using System.CommandLine;
using System.CommandLine.Help;
using System.Reflection;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Clusters;
using Bgpo.Client.Commands.Dashboards;
using Bgpo.Client.Commands.Models;
using Bgpo.Client.Commands.Runs;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Commands.Training;
using Bgpo.Client.Hosting;
using Bgpo.Grains;
using Bgpo.Silo.Clustering;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;

namespace Bgpo.Client.Commands;

/// <summary>The whole command line: parses, runs the command, and turns what goes wrong into one line and an exit code.</summary>
/// <param name="context">What commands work with.</param>
/// <param name="more">Commands of another program that this is the console of; those inside others follow them.</param>
internal sealed class BgpoCommandLine(ConsoleContext context, IReadOnlyList<CommandPart> more)
{
    /// <summary>The version that <c>--version</c> prints.</summary>
    internal static string Version =>
        typeof(BgpoCommandLine)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Runs a command line to its end.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    internal async Task<int> Run(IReadOnlyList<string> arguments)
    {
        var clusterConfig = Flags.ClusterConfig();
        var (root, version) = Root(clusterConfig);
        var parsed = root.Parse(
            arguments.Count == 0 ? ["--help"] : arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (Usage.Error(parsed) is { } error)
        {
            Say(error);
            return ExitCode.BadInput;
        }

        try
        {
            if (parsed.GetValue(version))
            {
                context.Terminal.Out.WriteLine("bgpo " + Version);
                return ExitCode.Done;
            }

            if (Usage.Knows(parsed, clusterConfig))
            {
                context.Training.Clustering = ClusterConfig.Read(parsed.GetValue(clusterConfig), context.Paths);
            }

            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = context.Terminal.Out,
                Error = context.Terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Interrupts knows better what to wait for
            });
        }
        catch (OperationCanceledException) when (context.Interrupts.Token.IsCancellationRequested)
        {
            Say("interrupted");
            return ExitCode.Interrupted;
        }
#pragma warning disable CA1031 // The last place where anything can be caught: a person gets a line, not a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Explain(e);
        }
    }

    private (Command Root, Option<bool> Version) Root(Option<string?> clusterConfig)
    {
        var train = new TrainCommand(context);
        var pretrain = new PretrainCommand(context);
        var evaluate = new EvalCommand(context);
        var generate = new GenerateCommand(context);
        var score = new ScoreCommand(context);
        var tasks = TasksCommand.Make(context);
        var model = new ModelCommand(context);
        var silo = new SiloCommand(context);
        var run = new RunCommand(context);
        var cluster = new ClusterCommand(context);
        var chaos = new ChaosCommand(context);
        var verify = new VerifyCommand(context);
        var doctor = new DoctorCommand(context);
        var completion = new CompletionCommand(context);
        var stores = new StoreCommands(context);
        var dashboard = new DashboardCommand(context).Part;
        var help = new HelpOption("--help", "-h", "-?");
        var version = new Option<bool>("--version") { Description = "print the version" };
        var root = new Command("bgpo", "Trains masked-diffusion language models by reinforcement learning with BGPO.")
        {
            help, version, train.Command, pretrain.Command, evaluate.Command, generate.Command, score.Command, tasks.Command,
                model.Command, silo.Command, run.Command, cluster.Command, dashboard.Command, chaos.Command,
            verify.Command, doctor.Command, completion.Command, completion.Words,
        };
        foreach (var part in stores.Roots.Concat(more.Where(part => !part.Command.Parents.Any())))
        {
            root.Subcommands.Add(part.Command);
        }

        foreach (var command in new[] { train.Command, silo.Command, run.Command, cluster.Command, dashboard.Command,
            chaos.Command, verify.Command })
        {
            command.Options.Add(clusterConfig);
        }

        Completions.Attach(root, context.Paths.WorkingFolder);
        // A command without an action is an error, and --version is no command.
        root.SetAction(_ => ExitCode.Done);
        root.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0 && result.Children.All(c => c is not System.CommandLine.Parsing.CommandResult)
                && !result.GetValue(version))
            {
                result.AddError("no command");
            }
        });
        var examples = new Dictionary<Command, IReadOnlyList<(string, string)>>
        {
            [root] =
            [
                ("train", "teaches a small model to solve 4x4 Sudoku (configs/sudoku.yaml) while you watch"),
                ("train --help", "says what train takes; every command has such a page"),
                ("test", "builds everything and runs all tests"),
                ("bench --help", "says what the project's benchmarks measure"),
            ],
            [train.Command] = TrainCommand.Examples,
            [pretrain.Command] = PretrainCommand.Examples,
            [evaluate.Command] = EvalCommand.Examples,
            [generate.Command] = GenerateCommand.Examples,
            [score.Command] = ScoreCommand.Examples,
            [tasks.Command] = tasks.Examples,
            [model.Command] = ModelCommand.Examples,
            [silo.Command] = SiloCommand.Examples,
            [run.Command] = RunCommand.Examples,
            [cluster.Command] = ClusterCommand.Examples,
            [chaos.Command] = ChaosCommand.Examples,
            [doctor.Command] = DoctorCommand.Examples,
            [completion.Command] = CompletionCommand.Examples,
            [verify.Command] = VerifyCommand.Examples,
            [verify.Elastic] = VerifyCommand.Examples,
        };
        foreach (var part in run.Parts.Concat(model.Parts).Concat(cluster.Parts).Append(silo.Drained).Append(dashboard)
            .Concat(stores.Parts).Concat(more))
        {
            examples[part.Command] = part.Examples;
        }

        help.Action = new Usage.HelpWithExamples((HelpAction)help.Action!, examples, context.Paths.Command);
        return (root, version);
    }

    private int Explain(Exception exception)
    {
        var cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
        cause = cause is TypeInitializationException ? cause.GetBaseException() : cause;
        if (Environment.GetEnvironmentVariable("BGPO_TRACE") == "1")
        {
            context.Terminal.Error.WriteLine(exception);
        }

        if (ClusterMembership.Explanation(cause, context.Training.Clustering.Cluster) is { } explanation)
        {
            Say(explanation);
            return ExitCode.BadInput;
        }

        switch (cause)
        {
            case SpecException spec:
                foreach (var error in spec.Errors.DefaultIfEmpty(spec.Message))
                {
                    Say(error);
                }

                return ExitCode.BadInput;
            case BadInputException or StorageException or IOException or UnauthorizedAccessException
                or OrleansConfigurationException:
                Say(cause.Message);
                return ExitCode.BadInput;
            case DllNotFoundException:
                Say($"libtorch does not load: {cause.Message.Trim().Split('\n')[^1]}; {context.Paths.CommandLine("doctor")} " +
                    "says how to mend it");
                return ExitCode.Failed;
            case RunException:
                Say(cause.Message);
                return ExitCode.Failed;
            default:
                Say($"failed: {cause.Message} ({cause.GetType().Name}; BGPO_TRACE=1 shows where)");
                return ExitCode.Failed;
        }
    }

    private void Say(string message) => context.Terminal.Error.WriteLine("bgpo: " + message.ReplaceLineEndings(" "));
}
