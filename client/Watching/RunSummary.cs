using Bgpo.Grains;
using Bgpo.Tasks;

namespace Bgpo.Client.Watching;

/// <summary>What the console says when a run ends: what came of it, where it lies, what to type next.</summary>
/// <param name="paths">For paths and commands as the user types them.</param>
internal sealed class RunSummary(ProjectPaths paths)
{
    /// <summary>A run reached its last version.</summary>
    /// <param name="done">The last event.</param>
    /// <param name="task">Task name; empty when it is not known.</param>
    /// <param name="peakRssMiB">Peak memory of the process that trained; null: it is another one.</param>
    internal IEnumerable<string> Completed(RunCompleted done, string task, double? peakRssMiB)
    {
        yield return "";
        yield return $"{$"held out ({Format.Many(done.After.Count, "problem")})",-28}{"before",9}{"after",10}{"change",10}";
        yield return Row("solved, greedy", done.Before.GreedyExact, done.After.GreedyExact, Format.Percent, 100);
        yield return Row("solved, sampled", done.Before.SampledExact, done.After.SampledExact, Format.Percent, 100);
        yield return Row("mean reward, greedy", done.Before.MeanReward, done.After.MeanReward, Format.Share, 1);
        if (done.Before.Failed + done.Before.FailedSampled + done.After.Failed + done.After.FailedSampled > 0)
        {
            yield return $"  {"not judged, greedy",-26}{done.Before.Failed,9}{done.After.Failed,10}";
            yield return $"  {"not judged, sampled",-26}{done.Before.FailedSampled,9}{done.After.FailedSampled,10}";
        }

        foreach (var after in done.After.Tasks ?? [])
        {
            var before = done.Before.Tasks?.FirstOrDefault(task => task.Task == after.Task)?.GreedyExact ?? double.NaN;
            yield return Row($"{after.Task}: solved, greedy", before, after.GreedyExact, Format.Percent, 100);
        }

        yield return "";
        yield return $"run         {done.Run}: version {done.Version} in " +
            $"{Format.Clock(done.Seconds)}{(peakRssMiB is { } peak ? $", peak memory {Format.Count(peak)} MiB" : "")}";
        yield return $"checkpoint  {paths.Shown(done.Checkpoint)}";
        yield return $"weights     sha256 {done.WeightsSha256}";
        foreach (var line in Warned(done.Warnings))
        {
            yield return line;
        }

        var model = ModelOf(done.Checkpoint);
        // A mixture has no name that eval would know.
        yield return "next        "
            + paths.CommandLine(["eval", "--model", model, .. TaskRegistry.Names.Contains(task) ? new[] { "--task", task } : []]);
        yield return "            " + paths.CommandLine(["generate", "--model", model, ExamplePrompts.For(task)]);
    }

    /// <summary>A run was stopped and can go on.</summary>
    /// <param name="stopped">The last event.</param>
    /// <param name="resume">The command that goes on with it.</param>
    internal IEnumerable<string> Stopped(RunStopped stopped, string resume)
    {
        yield return "";
        yield return $"run         {stopped.Run}: stopped at version {stopped.Version} ({Format.OneLine(stopped.Reason)})";
        yield return $"checkpoint  {paths.Shown(stopped.Checkpoint)}";
        yield return $"weights     sha256 {stopped.WeightsSha256}";
        foreach (var line in Warned(stopped.Warnings))
        {
            yield return line;
        }

        yield return "next        " + resume;
    }

    /// <summary>The command that goes on with a run.</summary>
    internal string Resume(string run, string? store) =>
        paths.CommandLine(["train", "--resume", run, .. store is null ? Array.Empty<string>() : ["--store", store]]);

    /// <summary>What <c>--model</c> takes: the run's folder, two above the manifest.</summary>
    private string ModelOf(string checkpoint) =>
        // A URI's slashes are no path's.
        paths.Shown(checkpoint.LastIndexOf("/checkpoints/", StringComparison.Ordinal) is > 0 and var end ? checkpoint[..end]
            : checkpoint);

    private static IEnumerable<string> Warned(string[] warnings) => warnings.Select(warning => "warning     " + warning);

    private static string Row(string label, double before, double after, Func<double, string> show, double scale) =>
        $"  {label,-26}{show(before),9}{show(after),10}{(double.IsNaN(after - before) ? "-" : ((after - before) * scale).ToString(scale == 1 ? "+0.000;-0.000;0" : "+0.0;-0.0;0")),10}";
}
