using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run status</c>: where a run stands.</summary>
internal static class RunStatusCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var json = Flags.Json("one JSON line on stdout");
        var command = selection.On(new Command("status", "Says where a run stands.") { json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            var state = await RunSummaryRow.Of(context, target);
            // Where nobody drives it, the store may know of more than its checkpoint; where somebody does, he knows.
            var isAlone = state.Cluster.Length == 0 && target.Record.GoingBackTo is null;
            var progress = await RunProgress.Of(context, target, isAlone ? int.MaxValue : state.Version);
            state = state with { Progress = progress, Version = Math.Max(state.Version, progress?.Version ?? 0) };
            var output = context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(state));
                return ExitCode.Done;
            }

            foreach (var line in Lines(state, context.Paths.Shown(target.Store.Blobs.Location)))
            {
                output.WriteLine(line);
            }

            output.WriteLine($"next        {Next(context, state, target.Record.Cluster, selection.Again(parsed))}");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run status sudoku", "where the only run whose id begins so stands"),
            ("run status sudoku --json | jq -r .state", "for scripts"),
        ]);
    }

    private static IEnumerable<string> Lines(RunSummaryRow state, string store)
    {
        yield return $"run         {state.Run}: {Format.State(state.State)} at version {state.Version} of " +
            $"{state.Steps}{(state.Message.Length > 0 ? ": " + Format.OneLine(state.Message) : "")}";
        foreach (var line in state.Progress is { } progress ? Lines(state, progress) : [])
        {
            yield return line;
        }

        yield return $"cluster     {(state.Cluster.Length > 0 ? state.Cluster : "none drives it")}{(state.Silo.Length > 0 ? $", driven by silo {state.Silo}" : "")}";
        yield return $"checkpoint  {(state.Checkpoint >= 0 ? $"version {state.Checkpoint}" : "none yet")}";
        yield return $"store       {store}";
        foreach (var change in state.Changes ?? [])
        {
            yield return $"changed     {change.Field}={change.Value} from step {change.FromStep} on";
        }

        if (state.Waiting > 0)
        {
            yield return $"asked       {Format.Many(state.Waiting, "request")} not taken yet";
        }

        if (state.WeightsSha256 is { } hash)
        {
            yield return $"weights     sha256 {hash}";
        }
    }

    private static IEnumerable<string> Lines(RunSummaryRow state, RunProgress now)
    {
        var left = state.State == RunState.Running
            ? $", about {Format.Clock(Math.Max(0, state.Steps - now.Version) * now.SecondsAStep)} left" : "";
        yield return $"{$"version {now.Version}",-11} mean reward {Format.Share(now.MeanReward)}, solved " +
            $"{Format.Percent(now.SolveRate)}; "
            + $"{Format.Age(TimeSpan.FromSeconds(now.SecondsAgo))} ago";
        yield return $"speed       {Format.Short(now.SecondsAStep)} s a step{left}";
        if (now.Solved is { } solved)
        {
            var before = now is { EvaluatedVersion: > 0, SolvedBefore: { } share } ? $", {Format.Percent(share)} before" : "";
            yield return $"held out    solved {Format.Percent(solved)} greedily at version {now.EvaluatedVersion}{before}";
        }
    }

    private static string Next(ConsoleContext context, RunSummaryRow state, string cluster, string[] again) => state.State switch
    {
        RunState.Running when state.Cluster.StartsWith("process ", StringComparison.Ordinal) =>
            context.Paths.CommandLine(["run", "samples", state.Run, .. again]),
        RunState.Running => context.Paths.CommandLine(["run", "watch", state.Run, .. again]),
        RunState.Paused when state.Cluster.Length > 0 => context.Paths.CommandLine(["run", "resume", state.Run, .. again]),
        RunState.Completed => context.Paths.CommandLine(["run", "compare", state.Run, "OTHER"]),
        _ when !again.Contains("--cluster") && cluster.Length > 0 && context.Training.IsAlive(cluster) =>
            context.Paths.CommandLine("run", "resume", state.Run, "--cluster", cluster),
        _ when again.Contains("--cluster") => context.Paths.CommandLine(["run", "resume", state.Run, .. again]),
        _ => context.Paths.CommandLine(
            ["train", "--resume", state.Run, .. again.Length >= 2 && again[^2] == "--store" ? again[^2..] : []]),
    };
}
