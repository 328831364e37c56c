using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run metrics</c>: a run's committed steps as JSON lines, from its store.</summary>
internal static class RunMetricsCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var from = Flags.Whole("--from", "VERSION", "first version wanted; default: 1", 1, 1_000_000);
        var command = selection.On(
            new Command("metrics", "Prints what each committed step of a run measured, a JSON line a version.") { from });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed, join: false);
            await using var leaving = target;
            var steps = await RunHistory.Read(target.Store, context.Interrupts.Token);
            var first = parsed.GetValue(from) ?? 1;
            var end = new RunSettings(target.Record).Newest.Run.Steps;
            if (first > end)
            {
                throw new BadInputException($"option --from: value '{first}': run '{target.Run}' ends at version {end}");
            }

            foreach (var step in steps.Where(step => step.Version >= first))
            {
                context.Terminal.Out.WriteLine(JsonLines.Metrics(step));
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run metrics sudoku > metrics.jsonl", "all of them; run watch --mirror DIR keeps such a file as the run goes on"),
            ("run metrics sudoku | jq -r '[.version, .meanReward, .seconds] | @tsv'", "a table"),
        ]);
    }
}
