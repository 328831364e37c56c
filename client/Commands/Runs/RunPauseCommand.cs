using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run pause</c>: has a run take no further step until it is resumed.</summary>
internal static class RunPauseCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var (reason, noWait, json) = RunRequestClient.Options();
        var command = selection.On(
            new Command("pause", "Pauses a run at the next commit, with a checkpoint. Its silos wait; whoever dies, it stays " +
                "paused.")
            {
                reason, noWait, json,
            });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var asking = new RunRequestClient(context, target);
            asking.RefuseEnded();
            var why = parsed.GetValue(reason) ?? "";
            var asked = await asking.Ask(RequestKind.Pause, why, [], !parsed.GetValue(noWait));
            return asking.Tell(
                asked, parsed.GetValue(json), version => $"paused at version {version}{(why.Length > 0 ? $" ({why})" : "")}",
                ["run", "resume", target.Run, .. selection.Again(parsed)],
                ["run", "set", target.Run, "rollout.temperature=0.8", .. selection.Again(parsed)]);
        });
        return new CommandPart(command,
        [
            ("run pause sudoku --reason \"the machine is needed\"", "waits until it is paused; run resume goes on"),
            ("run pause sudoku --no-wait", "returns as soon as the request is durable"),
        ]);
    }
}
