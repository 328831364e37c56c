using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run checkpoint</c>: has a run save a checkpoint now.</summary>
internal static class RunCheckpointCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var (reason, noWait, json) = RunRequestClient.Options();
        var command = selection.On(
            new Command("checkpoint", "Saves a checkpoint of a run at the next commit.") { reason, noWait, json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var asking = new RunRequestClient(context, target);
            asking.RefuseEnded();
            var asked = await asking.Ask(RequestKind.Checkpoint, parsed.GetValue(reason) ?? "", [], !parsed.GetValue(noWait));
            var store = context.Paths.Shown(target.Store.Blobs.Location);
            return asking.Tell(
                asked, parsed.GetValue(json), version => $"checkpoint of version {version} saved",
                ["checkpoints", target.Run, "--store", store],
                ["export", asked.Answer is { } saved ? $"{target.Run}@{saved.Version}" : target.Run, "--store", store,
                    "--out", "DIR"]);
        });
        return new CommandPart(command, [("run checkpoint sudoku", "beside those of checkpoint.every; waits until it is saved")]);
    }
}
