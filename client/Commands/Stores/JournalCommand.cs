using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Units;

namespace Bgpo.Client.Commands.Stores;

/// <summary><c>bgpo journal</c>: everything that a step learned from.</summary>
internal static class JournalCommand
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var run = new Argument<string>("RUN") { Description = "the run's id, or the beginning of it" };
        var step = Flags.Whole(
            "--step", "N", "the step; its batch is shown (steps count from 0: step N makes version N + 1)", 0, 1_000_000);
        var mirror = Flags.Text(
            "--mirror", "DIR", "instead: write the metrics of all steps to DIR/RUN/metrics.jsonl, a line a step");
        var follow = Flags.Switch("--follow", "with --mirror: go on as steps are committed, until the run ends or Ctrl-C");
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each group on stdout");
        var command = new Command(
            "journal", "Shows a step's prompts, completions, rewards and advantages; or mirrors a run's metrics.")
        {
            run, step, mirror, follow, store, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(step) is null == parsed.GetValue(mirror) is null)
            {
                throw new BadInputException("journal needs either --step N or --mirror DIR (see bgpo journal --help)");
            }

            if (parsed.GetValue(follow) && parsed.GetValue(mirror) is null)
            {
                throw new BadInputException("option --follow: only beside --mirror");
            }

            var target = await RunTarget.Find(context, parsed.GetValue(run)!, null, parsed.GetValue(store), join: false);
            if (parsed.GetValue(mirror) is { } folder)
            {
                return await Mirror(context, target.Store, folder, parsed.GetValue(follow));
            }

            var journal = await Read(target, parsed.GetValue(step)!.Value, context.Interrupts.Token);
            Print(context.Terminal.Out, journal, parsed.GetValue(json));
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("journal sudoku --step 17", "the batch that step 17 learned from"),
            ("journal sudoku --step 17 --json | jq -r '.completions[] | [.reward, .text] | @tsv'", "for scripts"),
            ("journal sudoku --mirror logs --follow", "keeps logs/RUN/metrics.jsonl up to date while the run goes on"),
        ]);
    }

    private static async Task<int> Mirror(ConsoleContext context, RunStore run, string folder, bool follows)
    {
        var token = context.Interrupts.Token;
        using var mirror = await MetricsMirror.Open(context.Paths.Full(folder), run, token);
        (long, int?)? seen = null;
        while (follows)
        {
            // The record before the metrics: a run that has ended has written them all.
            var record = (await run.ReadAsync(token))?.Record;
            // Only a new controller goes back, and it is done with that when it no longer says so.
            var history = record is null ? null : ((long, int?)?)(record.Epoch, record.GoingBackTo);
            var ended = record?.State is not (RunState.Running or RunState.Paused);
            // At the end with what was found out of older steps later, as by an evaluation.
            await (history == seen && !ended ? mirror.CatchUp(run, token) : mirror.Rewrite(run, token));
            seen = history;
            if (ended)
            {
                break;
            }

            try
            {
                await Task.Delay(s_period, context.Time, token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        context.Terminal.Out.WriteLine($"{context.Paths.Shown(mirror.Path)}: {run.RunId} up to version {mirror.Newest}");
        return ExitCode.Done;
    }

    /// <summary>The batch that a step learned from.</summary>
    /// <exception cref="BadInputException">The run has no record of it.</exception>
    internal static async Task<JournalStep> Read(RunTarget target, int step, CancellationToken cancellationToken)
    {
        var run = target.Store;
        var there = await run.ListJournalAsync(cancellationToken);
        var other = target.Record.ForkedFrom is { } from ? $"; it was forked from {from}, which has what came before" : "";
        // A batch serves the steps from its own to the next batch's.
        var batch = new UnitPlan(SpecLoader.Load<RunSpec>(target.Record.Spec, $"spec of run {run.RunId}", [])).BatchStep(step);
        if (!there.Contains(batch))
        {
            throw new BadInputException(
                $"run '{run.RunId}' has no journal of step " +
                    $"{step}{(there.Count > 0 ? $"; it has {there[0]} to {there[^1]}" : "")}{other}");
        }

        return await run.ReadJournalAsync(batch, cancellationToken)
            ?? throw new BadInputException($"run '{run.RunId}' has no journal of step {batch} any more");
    }

    private static void Print(TextWriter output, JournalStep journal, bool isJson)
    {
        if (!isJson)
        {
            output.WriteLine($"batch {journal.Step}: {Format.Many(journal.Groups.Count, "group")}");
        }

        for (var g = 0; g < journal.Groups.Count; g++)
        {
            var group = journal.Groups[g];
            var completions = group.Completions.Select((completion, i) =>
                new
                {
                    completion.Text,
                    Reward = group.Rewards[i],
                    Exact = group.Exact[i],
                    Advantage = group.Advantages[i],
                    Outcome = group.OutcomeOf(i),
                    Info = group.Infos?[i] ?? "",
                    completion.Tokens
                }).ToArray();
            if (isJson)
            {
                output.WriteLine(JsonLines.Line(
                    new
                    {
                        journal.Step,
                        Group = g,
                        group.PromptId,
                        group.Prompt,
                        group.Reference,
                        group.PromptTokens,
                        LeftOut = group.IsLeftOut,
                        Completions = completions,
                    }));
                continue;
            }

            output.WriteLine($"group {g} ({group.PromptId})  " +
                $"{OneLine(group.Prompt)}{(group.Reference.Length > 0 ? $"  (reference {OneLine(group.Reference)})" : "")}"
                + (group.IsLeftOut ? "  left out" : ""));
            foreach (var completion in completions)
            {
                output.WriteLine($"  {Judged(completion.Outcome, completion.Reward, completion.Exact)}  " +
                    $"advantage {completion.Advantage,6:+0.00;-0.00;0.00}  {OneLine(completion.Text)}"
                    + (completion.Info.Length > 0 ? $"  [{OneLine(completion.Info)}]" : ""));
            }
        }
    }

    /// <summary>What came of judging a completion, in as many columns always.</summary>
    internal static string Judged(Outcome outcome, double reward, bool isExact) => outcome switch
    {
        Outcome.Failed => $"{"not judged",-22}",
        Outcome.Malformed => $"reward {Format.Share(reward)} malformed",
        _ => $"reward {Format.Share(reward)} {(isExact ? "solved" : ""),-9}",
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
