using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run resume</c>: goes on with a run in a cluster.</summary>
internal static class RunResumeCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var wait = Flags.Switch("--wait", "watch it to its end; the exit code is its: 0 completed, 1 failed, 130 stopped");
        var at = Flags.Whole(
            "--at", "VERSION", "go back to that checkpoint; later ones and their metrics are dropped, the steps taken again", 0,
            1_000_000);
        var takeOver = Flags.Switch("--take-over", "take the run from the process or cluster that drives it; that one stops");
        var reason = Flags.Text("--reason", "TEXT", "recorded with the run, and shown to whoever watches it");
        var json = Flags.Json("events as JSON lines on stdout; without --wait one line with the run's status");
        var command = selection.On(
            new Command("resume",
                "Goes on with a run that is paused, or in a cluster with one that was stopped, to the same bits.")
            {
                at, takeOver, wait, reason, json,
            });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var isPlain = parsed.GetValue(at) is null && !parsed.GetValue(takeOver);
            if (isPlain && target is { Cluster: null, Record.State: RunState.Completed })
            {
                var done = RunSummaryRow.Of(context, target.Record);
                context.Terminal.Out.WriteLine(
                    parsed.GetValue(json) ? JsonLines.Line(done)
                        : Completed(context, target.Run, done.Version, selection.Again(parsed)));
                return ExitCode.Done;
            }

            if (isPlain && IsDriven(context, target))
            {
                return await GoOn(context, selection, parsed, target, parsed.GetValue(reason) ?? "", parsed.GetValue(wait),
                    parsed.GetValue(json));
            }

            var cluster = target.Driven(context);
            var isForced = parsed.GetValue(takeOver);
            var silent = isForced ? null : await new OwnerWatch(context).FindSilentAsync(target.Store);
            var how = new Resumption(parsed.GetValue(at), isForced || silent is not null, parsed.GetValue(reason) ?? "")
            {
                SilentSince = silent ?? "",
            };
            var status = await RunStarter.Begin(
                cluster.GetRun(target.Run), (run, key) => run.ResumeAs(how with { Key = key }), () => cluster.IsAlive);
            if (parsed.GetValue(wait))
            {
                return await RunWatchCommand.Watch(
                    context, cluster, target.Run, status, parsed.GetValue(json), isQuiet: false, store: target.Store);
            }

            context.Terminal.Out.WriteLine(parsed.GetValue(json)
                ? JsonLines.Line(RunSummaryRow.Of(status, cluster.Name))
                : GoesOn(context, target.Run, cluster.Name, status, selection.Again(parsed)));
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run resume sudoku", "goes on with a paused run where it is"),
            ("run resume sudoku --cluster demo", "goes on with a stopped run; without a cluster use train --resume"),
            ("run resume sudoku --cluster demo --at 40", "goes back to version 40 and on from there"),
        ]);
    }

    /// <summary>Whether somebody drives the run, and it is the cluster that was named, if one was.</summary>
    private static bool IsDriven(ConsoleContext context, RunTarget target) =>
        RunSummaryRow.DriverOf(context, target.Record).Length > 0
        && (target.Cluster is null || target.Cluster.Name == target.Record.Cluster);

    private static string GoesOn(
        ConsoleContext context, string run, string cluster, RunStatus status, string[] again) =>
            status.State == RunState.Completed
        ? Completed(context, run, status.Version, again)
        : $"run {run}: goes on at version {status.Version} in cluster {cluster}\n"
            + $"next    {context.Paths.CommandLine(["run", "watch", run, .. again])}";

    private static string Completed(ConsoleContext context, string run, int version, string[] again) =>
        $"run {run}: is completed at version {version}, there is nothing to go on with\n"
            + $"next    {context.Paths.CommandLine(["run", "status", run, .. again])}";

    /// <summary>Somebody drives the run: it is told to go on, whether it is paused or only about to be.</summary>
    private static async Task<int> GoOn(
        ConsoleContext context, RunSelection selection, ParseResult parsed, RunTarget target, string reason, bool isWaiting,
        bool isJson)
    {
        var asking = new RunRequestClient(context, target);
        var asked = await asking.Ask(RequestKind.Resume, reason, [], isWaiting: true);
        if (isWaiting)
        {
            var cluster = target.Driven(context);
            var status = await cluster.GetRun(target.Run).GetStatus();
            return await RunWatchCommand.Watch(context, cluster, target.Run, status, isJson, isQuiet: false, store: target.Store);
        }

        return asking.Tell(
            asked, isJson, version => $"goes on at version {version}",
            ["run", "watch", target.Run, .. selection.Again(parsed)], ["run", "pause", target.Run, .. selection.Again(parsed)]);
    }
}
