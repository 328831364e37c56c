using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo run resume</c>: goes on with a run in a cluster.</summary>
internal static class RunResumeCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var wait = Flags.Switch("--wait", "watch it to its end; the exit code is its: 0 completed, 1 failed, 130 stopped");
        var at = Flags.Whole("--at", "VERSION", "go back to that checkpoint; later ones and their metrics are dropped, the steps taken again", 0, 1_000_000);
        var takeOver = Flags.Switch("--take-over", "take the run from the process or cluster that drives it; that one stops");
        var json = Flags.Json("events as JSON lines on stdout; without --wait one line with the run's status");
        var command = selection.On(new Command("resume", "Goes on with a run in a cluster, from where it was stopped, to the same bits.") { at, takeOver, wait, json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed).ConfigureAwait(false);
            await using var leaving = target.ConfigureAwait(false);
            var cluster = target.Driven(context);
            var how = new Resumption(parsed.GetValue(at), parsed.GetValue(takeOver));
            var status = await RunBeginning.Begin(cluster.GetRun(target.Run), run => run.ResumeAs(how), () => cluster.IsAlive).ConfigureAwait(false);
            if (parsed.GetValue(wait))
                return await RunWatchCommand.Watch(context, cluster, target.Run, status, parsed.GetValue(json), isQuiet: false).ConfigureAwait(false);
            context.Terminal.Out.WriteLine(parsed.GetValue(json)
                ? JsonLines.Line(RunStanding.Of(status, cluster.Name))
                : $"run {target.Run}: goes on at version {status.Version} in cluster {cluster.Name}\n"
                    + $"next    {context.Paths.CommandLine(["run", "watch", target.Run, .. selection.Again(parsed)])}");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run resume sudoku --cluster demo", "goes on with a stopped run; without a cluster use train --resume"),
            ("run resume sudoku --cluster demo --at 40", "goes back to version 40 and on from there"),
        ]);
    }
}
