using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run compare</c>: two runs side by side, and where they part.</summary>
internal static class RunCompareCommand
{
    private const int Last = 5;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var first = new Argument<string>("RUN") { Description = "a run's id, or the beginning of it" };
        var second = new Argument<string>("OTHER") { Description = "another's" };
        var store = Flags.Text("--store", "FOLDER", "where runs are kept; default: runs");
        var json = Flags.Json("one JSON line on stdout");
        var command = new Command("compare", "Compares two runs: their specs, curves, speed and weights.")
        {
            first, second, store, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var one = await Load(context, parsed.GetValue(first)!, parsed.GetValue(store));
            var other = await Load(context, parsed.GetValue(second)!, parsed.GetValue(store));
            var parting = Parting(one.Steps, other.Steps);
            var weights = await Weights(one, other, context.Interrupts.Token);
            var output = context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(new
                {
                    Runs = new[] { Numbers(one), Numbers(other) },
                    SpecDifferences = Differences(one, other).Select(d => new { d.Field, d.One, d.Other }),
                    CommonSteps = Steps(one, other) is { } common ? new[] { common.First, common.Last } : null,
                    FirstDifferentVersion = parting,
                    CheckpointCompared = weights?.Version,
                    SameWeights = weights?.Same,
                }));
                return ExitCode.Done;
            }

            foreach (var line in Lines(one, other, parting, weights))
            {
                output.WriteLine(line);
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run compare sudoku-a sudoku-b", "specs, rewards, speed, and the version from which they differ"),
        ]);
    }

    private static async Task<Compared> Load(ConsoleContext context, string run, string? store)
    {
        var target = await RunTarget.Find(context, run, null, store, join: false);
        return new Compared(target.Store, target.Record, await RunHistory.Read(target.Store, context.Interrupts.Token));
    }

    /// <summary>The first version whose step measured something else; null where all common ones are the same.</summary>
    private static int? Parting(IReadOnlyList<StepMetrics> one, IReadOnlyList<StepMetrics> other)
    {
        var there = other.ToDictionary(step => step.Version);
        return one.Where(step => there.TryGetValue(step.Version, out var same)
                && (step.MeanReward != same.MeanReward || step.GradientNorm != same.GradientNorm
                    || step.LearningRate != same.LearningRate))
            .Select(step => (int?)step.Version).FirstOrDefault();
    }

    /// <summary>The first and the last version that both have measured; null where there is none.</summary>
    private static (int First, int Last)? Steps(Compared one, Compared other)
    {
        int[] common = [.. one.Steps.Select(step => step.Version).Intersect(other.Steps.Select(step => step.Version)).Order()];
        return common.Length == 0 ? null : (common[0], common[^1]);
    }

    private static string Range(Compared run) => $"{run.Steps[0].Version} to {run.Steps[^1].Version}";

    /// <summary>
    /// Whether the newest checkpoint that both have holds the same weights; null where they have none in common.
    /// </summary>
    private static async Task<(int Version, bool Same)?> Weights(Compared one, Compared other, CancellationToken token)
    {
        for (var version = Math.Min(
            one.Record.LatestCheckpoint ?? -1, other.Record.LatestCheckpoint ?? -1); version >= 0; version--)
        {
            if (await one.Store.ReadManifestAsync(version, token) is { } mine
                && await other.Store.ReadManifestAsync(version, token) is { } theirs)
            {
                return (version, mine.WeightsSha256 == theirs.WeightsSha256);
            }
        }

        return null;
    }

    private static IEnumerable<string> Lines(Compared one, Compared other, int? parting, (int Version, bool Same)? weights)
    {
        var differences = Differences(one, other).ToArray();
        var width = differences.SelectMany(d => new[] { d.One.Length, d.Other.Length }).Append(one.Store.RunId.Length)
            .Append(other.Store.RunId.Length).Append(16).Max();
        string Row(string label, string mine, string theirs) => $"{label,-27} {mine.PadLeft(width)}  {theirs.PadLeft(width)}";
        yield return Row("", one.Store.RunId, other.Store.RunId);
        yield return Row("state", Format.State(one.Record.State), Format.State(other.Record.State));
        var (a, b) = (Numbers(one), Numbers(other));
        yield return Row("version", $"{a.Version}", $"{b.Version}");
        yield return Row($"reward, last {Last} steps", Format.Share(a.Reward), Format.Share(b.Reward));
        yield return Row($"solved, last {Last} steps", Format.Share(a.Solved), Format.Share(b.Solved));
        yield return Row("held out, greedy", Held(a.HeldOutGreedy), Held(b.HeldOutGreedy));
        yield return Row("seconds a step", Format.Short(a.SecondsAStep), Format.Short(b.SecondsAStep));
        yield return Row("samples", Format.Count(a.Samples), Format.Count(b.Samples));
        foreach (var (field, mine, theirs) in differences)
        {
            yield return Row(field, mine, theirs);
        }

        yield return Steps(one, other) is not { } common
            ? $"they have no step in common: one has versions {Range(one)}, the other {Range(other)}"
            : parting is { } version ? $"they differ from version {version} on"
            : $"every common step measured the same: versions {common.First} to {common.Last}";
        if (weights is { } found)
        {
            yield return $"weights at version {found.Version}: {(found.Same ? "the same" : "different")}";
        }

        static string Held(double? share) => share is { } value ? Format.Share(value) : "-";
    }

    private static Summary Numbers(Compared run)
    {
        var recent = run.Steps.TakeLast(Last).ToArray();
        return new Summary(
            run.Store.RunId, run.Steps[^1].Version, recent.Average(step => step.MeanReward),
            recent.Average(step => step.SolveRate),
            (double?)run.Record.Result?["evalAfter"]?["GreedyExact"]
                ?? run.Steps.LastOrDefault(step => step.Evaluation is not null)?.Evaluation!.GreedyExact,
                    run.Steps.Average(step => step.Seconds), run.Steps.Sum(step => (long)step.Samples));
    }

    private static IEnumerable<(string Field, string One, string Other)> Differences(Compared one, Compared other)
    {
        var (mine, theirs) = (Fields(one.Record), Fields(other.Record));
        return mine.Keys.Union(theirs.Keys)
            .Select(field => (field, mine.GetValueOrDefault(field, "-"), theirs.GetValueOrDefault(field, "-")))
            .Where(field => field.Item2 != field.Item3);
    }

    /// <summary>
    /// The fields of a run's spec by their paths, as the spec's writer lays them out: two levels; with what changed in mid-run.
    /// </summary>
    private static Dictionary<string, string> Fields(RunRecord record)
    {
        Dictionary<string, string> fields = [];
        var section = "";
        foreach (var line in SpecWriter.Write(SpecLoader.Load<RunSpec>(record.Spec, "spec", [])).Split('\n')
            .Where(line => line.Contains(':', StringComparison.Ordinal)))
        {
            var (name, value) = (
                line[..line.IndexOf(':', StringComparison.Ordinal)].Trim(),
                line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            if (!line.StartsWith(' '))
            {
                section = name;
            }
            else
            {
                fields[$"{section}.{name}"] = value;
            }
        }

        foreach (var change in record.Changes ?? [])
        {
            fields[change.Field] += $", {change.Value} from step {change.FromStep}";
        }

        return fields;
    }

    private sealed record Compared(RunStore Store, RunRecord Record, IReadOnlyList<StepMetrics> Steps);

    private sealed record Summary(
        string Run, int Version, double Reward, double Solved, double? HeldOutGreedy, double SecondsAStep, long Samples);
}
