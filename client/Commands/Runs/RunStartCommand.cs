using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Clusters;
using Bgpo.Client.Hosting;
using Bgpo.Client.Metrics;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run start</c>: starts a run in a cluster that is there.</summary>
internal static class RunStartCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var cluster = Flags.Text("--cluster", "NAME", "the cluster that takes it; default: default");
        var config = Flags.Text("--config", "FILE", "run spec (docs/run-spec.md); default: configs/sudoku.yaml of the project");
        var steps = Flags.Whole("--steps", "N", "optimizer steps; the same as --set run.steps=N", 1, 1_000_000);
        var set = Flags.Set();
        var fork = Flags.Text(
            "--fork", "RUN[@VERSION]",
            "begin with that run's checkpoint (default: the newest), by its spec with what --set changes");
        var name = new Option<string?>("--run", "--name")
        {
            Description = "the run's id; default: the spec's run.name and the time",
            HelpName = "ID",
        };
        var wait = Flags.Switch("--wait", "watch it to its end; the exit code is its: 0 completed, 1 failed, 130 stopped");
        var json = Flags.Json("events as JSON lines on stdout; without --wait one line with the run's status");
        var quiet = Flags.Switch("--quiet", "with --wait: no live view and no line a step");
        var command = new Command("start", "Starts a run in a cluster and returns, or watches it to its end.")
        {
            cluster, config, steps, set, fork, name, wait, json, quiet,
        };
        var recording = new RecordingOptions();
        recording.On(command);
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(fork) is not null && parsed.GetValue(config) is not null)
            {
                throw new BadInputException(
                    "option --config: not beside --fork, which goes on by the spec of the other run; --set changes fields of it");
            }

            if (!parsed.GetValue(wait))
            {
                recording.RefuseUnwatched(parsed);
            }

            var own = parsed.GetValue(fork) is null
                ? NewRun.Spec(context.Paths, parsed.GetValue(config), parsed.GetValue(set), parsed.GetValue(steps)) : null;
            var where = Flags.Checked("--cluster", parsed.GetValue(cluster) ?? SiloCommand.DefaultCluster);
            var joined = await context.Training.Join(where, context.Interrupts.Token);
            await using var leaving = joined;
            var forked = parsed.GetValue(fork) is not { } source ? null : await RunFork.Read(
                context, source, await RunTarget.StoreOf(context, joined, null), parsed.GetValue(set), parsed.GetValue(steps));
            var run = NewRun.Id(context.Time, "--run", parsed.GetValue(name), own ?? forked!.Spec);
            recording.Check(context, parsed, run);
            var yaml = own is null ? "" : SpecWriter.Write(own.WithFullPaths(context.Paths));
            var status = await RunStarter.Begin(
                joined.GetRun(run), forked?.Begin(context.Paths) ?? ((grain, key) => grain.Start(yaml, key)), () =>
                    joined.IsAlive);
            if (parsed.GetValue(wait))
            {
                var store = new RunStore(BlobStores.Open(await RunTarget.StoreOf(context, joined, null)), run);
                return await RunWatchCommand.Watch(
                    context, joined, run, status, parsed.GetValue(json), parsed.GetValue(quiet), shown =>
                        recording.WrapBesideARun(context, parsed, shown, store));
            }

            var output = context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(RunSummaryRow.Of(status, where)));
                return ExitCode.Done;
            }

            output.WriteLine($"run {run}: started in cluster {where}");
            output.WriteLine($"next    {context.Paths.CommandLine("run", "watch", run, "--cluster", where)}");
            output.WriteLine($"        {context.Paths.CommandLine("run", "stop", run, "--cluster", where)}");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run start --cluster demo --config configs/sudoku.yaml", "starts a run in the cluster demo and returns"),
            ("run start --cluster demo --set run.steps=20 --run mine --wait", "a shorter one under a name, watched to its end"),
            ("run start --cluster demo --fork mine@10 --set optimizer.learningRate=1e-4",
                "a new run that begins with version 10 of mine"),
        ]);
    }
}
