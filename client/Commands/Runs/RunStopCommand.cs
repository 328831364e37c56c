using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run stop</c>: ends a run after the step in hand, with a checkpoint.</summary>
internal static class RunStopCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var (reason, noWait, json) = RunRequestClient.Options();
        var command = selection.On(
            new Command("stop", "Ends a run after the step in hand, with a checkpoint, and waits until it has.")
            {
                reason, noWait, json,
            });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var asking = new RunRequestClient(context, target);
            asking.RefuseEnded();
            var asked = await asking.Ask(
                RequestKind.Stop, parsed.GetValue(reason) ?? "asked to stop", [], !parsed.GetValue(noWait));
            if (asked.Record.State is RunState.Stopped or RunState.Completed)
            {
                return await Ended(context, target, asked.Record, parsed.GetValue(json), selection.Again(parsed));
            }

            return asking.Tell(asked, parsed.GetValue(json), version => $"stops at version {version}",
                ["run", "status", target.Run, .. selection.Again(parsed)]);
        });
        return new CommandPart(command, [("run stop sudoku --reason \"enough\"", "ends it; run resume goes on with it later")]);
    }

    private static async Task<int> Ended(ConsoleContext context, RunTarget target, RunRecord record, bool isJson, string[] again)
    {
        var version = record.LatestCheckpoint ?? 0;
        var hash = (await target.Store.ReadManifestAsync(version, context.Interrupts.Token))?.WeightsSha256;
        var output = context.Terminal.Out;
        if (isJson)
        {
            output.WriteLine(JsonLines.Line(new
            {
                Event = Format.State(record.State),
                target.Run,
                Version = version,
                Reason = record.Reason ?? "",
                WeightsSha256 = hash,
            }));
        }
        else if (record.State == RunState.Completed)
        {
            output.WriteLine($"run {target.Run}: had reached its end already, version {version}; weights sha256 {hash}");
        }
        else
        {
            output.WriteLine($"run {target.Run}: stopped at version {version} ({Format.OneLine(record.Reason ?? "")}); weights " +
                $"sha256 {hash}");
            output.WriteLine($"next    {context.Paths.CommandLine(["run", "resume", target.Run, .. again])}");
            output.WriteLine($"        {context.Paths.CommandLine("run", "samples", target.Run, "--store", context.Paths.Shown(target.Store.Blobs.Location))}");
        }

        return ExitCode.Done;
    }
}
