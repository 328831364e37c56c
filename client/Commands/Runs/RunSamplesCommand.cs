using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Stores;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run samples</c>: what a batch of a run answered, and what that was worth, from its journal.</summary>
internal static class RunSamplesCommand
{
    private const int Few = 3;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var step = Flags.Whole(
            "--step", "N", "the batch that step N learned from (steps count from 0: step N makes version N + 1); default: the " +
                "newest", 0, 1_000_000);
        var best = Flags.Whole(
            "--best", "N", "the N completions of the highest reward; default: 3 of the best and 3 of the worst", 1, 100_000);
        var worst = Flags.Whole("--worst", "N", "the N completions of the lowest reward", 1, 100_000);
        var json = Flags.Json("a JSON line for each completion on stdout");
        var command = selection.On(
            new Command("samples", "Shows completions of a run's batch, with their rewards.") { step, best, worst, json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed, join: false);
            await using var leaving = target;
            var journal = await Journal(context, target, parsed.GetValue(step));
            Sampled[] ranked =
            [
                .. journal.Groups.SelectMany((group, g) => group.Completions.Select((completion, i) => new Sampled(
                        journal.Step, g, group.PromptId, group.Prompt, group.Reference, completion.Text, group.Rewards[i],
                        group.Exact[i], group.Advantages[i], group.OutcomeOf(i), group.Infos?[i] ?? "")))
                    // What could not be judged is no bad answer: it stands last.
                    .OrderBy(completion => completion.Outcome == Outcome.Failed)
                    .ThenByDescending(completion => completion.Reward),
            ];
            var (high, low) = (parsed.GetValue(best), parsed.GetValue(worst));
            if (high is null && low is null)
            {
                (high, low) = (Few, Math.Min(Few, Math.Max(0, ranked.Length - Few)));
            }

            var output = context.Terminal.Out;
            if (!parsed.GetValue(json))
            {
                output.WriteLine($"{Format.Many(ranked.Length, "completion")} of the batch of step {journal.Step}, which makes " +
                    $"version {journal.Step + 1}");
            }

            foreach (var completion in ranked.Take(high ?? 0).Concat(ranked.Reverse().Take(low ?? 0).Reverse()))
            {
                output.WriteLine(parsed.GetValue(json) ? JsonLines.Line(completion) : Text(completion));
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run samples sudoku", "three of the best and three of the worst completions of the newest batch"),
            ("run samples sudoku --step 40 --worst 5 --json | jq -r .completion", "for scripts"),
        ]);
    }

    private static async Task<JournalStep> Journal(ConsoleContext context, RunTarget target, int? step)
    {
        try
        {
            var token = context.Interrupts.Token;
            if (step is null && await target.Store.ListJournalAsync(token) is var there)
            {
                step = there.Count > 0 ? there[^1] : throw new BadInputException($"run '{target.Run}' has no journal yet");
            }

            return await JournalCommand.Read(target, step!.Value, token);
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    private static string Text(Sampled completion) =>
        $"{JournalCommand.Judged(completion.Outcome, completion.Reward, completion.Exact)}  advantage " +
            $"{completion.Advantage,6:+0.00;-0.00;0.00}  "
        + $"{OneLine(completion.Prompt)} -> " +
            $"{OneLine(completion.Completion)}{(completion.Reference.Length > 0 ? $"  (reference {OneLine(completion.Reference)})" : "")}"
        + (completion.Info.Length > 0 ? $"  [{OneLine(completion.Info)}]" : "");

    private static string OneLine(string text) => text.ReplaceLineEndings("\\n");

    private sealed record Sampled(
        int Step, int Group, string PromptId, string Prompt, string Reference, string Completion, double Reward, bool Exact,
        double Advantage, Outcome Outcome, string Info);
}
