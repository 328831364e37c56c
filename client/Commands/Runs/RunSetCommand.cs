using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Grains.Runs;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run set</c>: changes fields of a run's spec in mid-run.</summary>
internal static class RunSetCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var fields = new Argument<string[]>("FIELD=VALUE")
        {
            HelpName = "FIELD=VALUE",
            Description = "what to change: " + string.Join(", ", ChangeableFields.All.Select(field => field.Field)),
            Arity = ArgumentArity.OneOrMore,
        };
        fields.CompletionSources.Add(
            _ => ChangeableFields.All.Select(field => new System.CommandLine.Completions.CompletionItem(field.Field + "=")));
        var (reason, noWait, json) = RunRequestClient.Options();
        var command = selection.On(new Command(
            "set", "Changes fields of a run's spec in mid-run. The change and the step from which it holds are recorded, so " +
                "that whoever takes a step again takes it by the same values."));
        command.Arguments.Add(fields);
        foreach (var option in new Option[] { reason, noWait, json })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var asking = new RunRequestClient(context, target);
            asking.RefuseEnded(isStoppedFine: true);
            var given = parsed.GetValue(fields)!;
            // At once where it can be: the run itself checks it again when it takes it.
            new RunSettings(target.Record)
                .Read(new RunRequest(0, RequestKind.Set, "", given, context.Time.GetUtcNow(), ""),
                    target.Record.LatestCheckpoint ?? 0);
            var asked = await asking.Ask(RequestKind.Set, parsed.GetValue(reason) ?? "", given, !parsed.GetValue(noWait));
            return asking.Tell(
                asked, parsed.GetValue(json), from =>
                    $"{string.Join(", ", given)} from step {from} on, which makes version {from + 1}",
                ["run", "status", target.Run, .. selection.Again(parsed)],
                ["run", "watch", target.Run, .. selection.Again(parsed)]);
        });
        return new CommandPart(command,
        [
            ("run set sudoku rollout.temperature=0.7",
                "from the next batch on; docs/steering.md says what may change, and from when"),
            ("run set sudoku run.steps=200 optimizer.learningRate=0.0001 --reason \"it still learns\"", "longer, and slower"),
        ]);
    }
}
