using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run delete</c>: deletes a run that nobody drives from its store.</summary>
internal static class RunDeleteCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var yes = Flags.Switch("--yes", "do not ask; the run's whole id must be given");
        var json = Flags.Json("one JSON line on stdout");
        var command = selection.On(
            new Command("delete",
                "Deletes a run that has ended from its store, for good, after asking. Forks of it have their own blobs and stay.")
            {
                yes, json,
            });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed, join: false);
            await using var leaving = target;
            if (parsed.GetValue(yes) && selection.Given(parsed) != target.Run)
            {
                throw new BadInputException($"option --yes: only with the run's whole id, which is '{target.Run}'");
            }

            await RefuseDriven(context, target, selection.Again(parsed));
            var seen = await target.Store.OverviewAsync(context.Interrupts.Token);
            if (!parsed.GetValue(yes) && !await Agrees(context, target, seen))
            {
                context.Terminal.Error.WriteLine("bgpo: nothing is deleted");
                return ExitCode.Failed;
            }

            await Delete(context, target);
            context.Terminal.Out.WriteLine(parsed.GetValue(json)
                ? JsonLines.Line(new { target.Run, Deleted = true, seen.Bytes, Checkpoints = seen.Checkpoints.Count })
                : $"run {target.Run}: deleted, {StoreCommands.Size(seen.Bytes)} in " +
                    $"{context.Paths.Shown(target.Store.Blobs.Location)}");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run delete sudoku-1", "says what there is, asks, and deletes it"),
            ("run delete sudoku-1 --yes --json", "for scripts"),
        ]);
    }

    private static async Task RefuseDriven(ConsoleContext context, RunTarget target, string[] again)
    {
        var driver = RunSummaryRow.DriverOf(context, target.Record);
        var isSeen = driver.Length > 0 && RunOwners.IsOfThisMachine(target.Record);
        if (isSeen || !await new OwnerWatch(context).IsAbandonedAsync(target.Store))
        {
            throw new BadInputException(
                $"run '{target.Run}' is {Format.State(target.Record.State)} in " +
                    $"{(driver.Length > 0 ? driver : RunOwners.NameOf(target.Record))}; "
                + $"end it first: {context.Paths.CommandLine(["run", "stop", target.Run, .. again])}");
        }
    }

    private static async Task<bool> Agrees(ConsoleContext context, RunTarget target, RunOverview seen)
    {
        if (context.Terminal.ReadLine is not { } read)
        {
            throw new BadInputException("run delete asks before it deletes, and nobody can be asked here: add --yes");
        }

        var state = RunSummaryRow.Of(context, target.Record).State;
        await context.Terminal.Error.WriteAsync(
            $"run {target.Run}: {Format.State(state)} at version {seen.Version}, " +
                $"{Format.Many(seen.Checkpoints.Count, "checkpoint")}, "
            + $"{StoreCommands.Size(seen.Bytes)} in {context.Paths.Shown(target.Store.Blobs.Location)}. Delete it for good? " +
                "[y/N] ");
        // Reading cannot be given up; Ctrl-C leaves it where it is.
        var answer = await Task.Run(read).WaitAsync(context.Interrupts.Token);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static async Task Delete(ConsoleContext context, RunTarget target)
    {
        try
        {
            // As it is now: somebody may have gone on with it while the question stood.
            var stored = await target.Store.ReadAsync(context.Interrupts.Token);
            if (stored is not null
                && (stored.Record.Epoch != target.Record.Epoch
                    || !await target.Store.DeleteAsync(stored, context.Interrupts.Token)))
            {
                throw new BadInputException($"run '{target.Run}' was gone on with at the same moment; it is not deleted");
            }
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
        catch (OperationCanceledException)
        {
            context.Terminal.Error.WriteLine(
                $"bgpo: run {target.Run} may be deleted in part; run delete does the rest when it is called again");
            throw;
        }
    }
}
