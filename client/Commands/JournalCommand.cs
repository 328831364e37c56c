using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;
using Bgpo.Storage;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo journal</c>: everything that a step learned from.</summary>
internal static class JournalCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var run = new Argument<string>("RUN") { Description = "the run's id, or the beginning of it" };
        var step = Flags.Whole("--step", "N", "the step; its batch is shown", 0, 1_000_000);
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each group on stdout");
        step.Required = true;
        var command = new Command("journal", "Shows a step's prompts, completions, rewards and advantages.") { run, step, store, json };
        command.SetAction(async (parsed, _) =>
        {
            var target = await RunTarget.Find(context, parsed.GetValue(run)!, null, context.Paths.Store(parsed.GetValue(store)), join: false).ConfigureAwait(false);
            var journal = await Read(target.Store, parsed.GetValue(step)!.Value, context.Interrupts.Token).ConfigureAwait(false);
            Print(context.Terminal.Out, journal, parsed.GetValue(json));
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("journal sudoku --step 17", "the batch that step 17 learned from"),
            ("journal sudoku --step 17 --json | jq -r '.completions[] | [.reward, .text] | @tsv'", "for scripts"),
        ]);
    }

    private static async Task<JournalStep> Read(RunStore run, int step, CancellationToken cancellationToken)
    {
        var there = await run.ListJournalAsync(cancellationToken).ConfigureAwait(false);
        // A batch serves the steps from its own to the next batch's.
        var batch = there.Where(number => number <= step).Select(number => (int?)number).LastOrDefault()
            ?? throw new BadInputException($"run '{run.RunId}' has no journal of step {step}{(there.Count > 0 ? $"; it has {there[0]} to {there[^1]}" : "")}");
        return await run.ReadJournalAsync(batch, cancellationToken).ConfigureAwait(false)
            ?? throw new BadInputException($"run '{run.RunId}' has no journal of step {batch} any more");
    }

    private static void Print(TextWriter output, JournalStep journal, bool isJson)
    {
        if (!isJson)
            output.WriteLine($"batch {journal.Step}: {Printed.Many(journal.Groups.Count, "group")}");
        for (var g = 0; g < journal.Groups.Count; g++)
        {
            var group = journal.Groups[g];
            var completions = group.Completions.Select((completion, i) =>
                new { completion.Text, Reward = group.Rewards[i], Exact = group.Exact[i], Advantage = group.Advantages[i], completion.Tokens }).ToArray();
            if (isJson)
            {
                output.WriteLine(JsonLines.Line(new { journal.Step, Group = g, group.PromptId, group.Prompt, group.Reference, group.PromptTokens, Completions = completions }));
                continue;
            }

            output.WriteLine($"group {g} ({group.PromptId})  {OneLine(group.Prompt)}{(group.Reference.Length > 0 ? $"  (reference {OneLine(group.Reference)})" : "")}");
            foreach (var completion in completions)
                output.WriteLine($"  reward {Printed.Share(completion.Reward)}{(completion.Exact ? " solved" : "       ")}  advantage {completion.Advantage,6:+0.00;-0.00;0.00}  {OneLine(completion.Text)}");
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
