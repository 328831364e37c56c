using System.CommandLine;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Metrics;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run watch</c>: shows a run to its end; leaving it leaves the run alone.</summary>
internal static class RunWatchCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var json = Flags.Json("events as JSON lines on stdout");
        var quiet = Flags.Switch("--quiet", "no live view and no line a step; evaluations and the end only");
        var until = Flags.Whole("--until", "VERSION", "leave with exit code 0 once that version is committed", 0, 1_000_000);
        var recording = new RecordingOptions();
        var command = selection.On(
            new Command("watch", "Shows a run to its end. q or Ctrl-C leaves; the run goes on. Of one that has ended: what " +
                "came of it.")
            {
                json, quiet, until,
            });
        recording.On(command);
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed);
            await using var leaving = target;
            Func<IRunPresenter, Task<IRunPresenter>> recorded = shown => recording.Wrap(context, parsed, shown, target.Store);
            Func<Task<int>>? recount = target.Record.State
                is RunState.Completed or RunState.Stopped or RunState.Failed
                ? () => Recount(context, target, parsed.GetValue(json), parsed.GetValue(quiet) || context.Terminal.IsInteractive,
                    recorded, parsed.GetValue(until), selection.Again(parsed)) : null;
            // The controller of one that has just ended remembers more than the store has.
            if (recount is not null && (target.Cluster is null || target.Cluster.Name != target.Record.Cluster))
            {
                return await recount();
            }

            recording.Check(context, parsed, target.Run);
            var cluster = target.Driven(context);
            var status = await RunSummaryRow.Of(context, target);
            await RefuseBeyond(context, target, parsed.GetValue(until), status.Steps);
            return await Watch(
                context, cluster, target.Run,
                new RunStatus(status.Run, status.State, status.Version, status.Steps, status.Epoch, status.Checkpoint,
                    status.Message, ""),
                parsed.GetValue(json), parsed.GetValue(quiet), shown =>
                    recording.WrapBesideARun(context, parsed, shown, target.Store), parsed.GetValue(until), recount,
                        target.Store);
        });
        return new CommandPart(command,
        [
            ("run watch sudoku", "the live view of the only run whose id begins so"),
            ("run watch sudoku --until 40 --json", "for scripts: waits for a version"),
            ("run watch sudoku --cluster demo --json", "events for scripts, from the first that the controller remembers"),
            ("run watch sudoku --tensorboard boards", "writes TensorBoard's files, also of a run that has ended"),
        ]);
    }

    /// <summary>Watches a run to its end, or until the watcher leaves.</summary>
    /// <returns>The run's exit code; 130 for who leaves.</returns>
    internal static async Task<int> Watch(
        ConsoleContext context, ITrainingCluster cluster, string run, RunStatus status, bool isJson, bool isQuiet,
        Func<IRunPresenter, Task<IRunPresenter>>? recorded = null, int? until = null, Func<Task<int>>? recount = null,
        RunStore? store = null)
    {
        if (status.Version >= until)
        {
            return ExitCode.Done;
        }

        context = context.BesideARun();
        var grain = cluster.GetRun(run);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(context.Interrupts.Token);
        var hasKeys = context.Terminal is { IsInteractive: true, Keys: not null } && !isJson && !isQuiet;
        var presenter = Presenters.For(
            context.Terminal, context.Time, isJson, isQuiet, hasKeys ? Presenters.QuitFooter : Presenters.LeaveFooter,
            static () => null);
        if (store is not null)
        {
            await RunHistory.Recall(presenter, store, leave.Token);
        }

        if (recorded is not null)
        {
            presenter = await recorded(presenter);
        }

        var reached = until is { } version ? new UntilVersion(presenter, version, leave) : null;
        if (hasKeys)
        {
            context.Terminal.Keys!(key => Quit(key, leave));
        }

        context.Machine.GiveWay(); // it costs the run no more than cores that are free
        var watch = new RunWatch(grain, reached ?? presenter, context.Time, () => cluster.IsAlive);
        RunEvent? end;
        await using (presenter)
        {
            try
            {
                end = await watch.ToTheEnd(CancellationToken.None, leave.Token);
            }
            catch (OperationCanceledException) when (leave.IsCancellationRequested)
            {
                if (reached is { IsReached: true })
                {
                    return ExitCode.Done;
                }

                presenter.Say($"left; run {run} goes on in cluster {cluster.Name}");
                return ExitCode.Interrupted;
            }
            catch (ClusterLostException e)
            {
                throw new RunException(
                    $"every silo of cluster {cluster.Name} is dead; what the store has is kept, and run {run} goes on as soon " +
                        "as a silo joins: "
                    + context.Paths.CommandLine("silo", "--cluster", cluster.Name), e);
            }
        }

        if (end is null)
        {
            if (recount is not null)
            {
                return await recount();
            }

            status = await grain.GetStatus();
        }

        var resume = context.Paths.CommandLine("run", "resume", run, "--cluster", cluster.Name);
        return new RunEnd(context.Terminal, new RunSummary(context.Paths), isJson)
            .Say(end, status, watch.Started?.Task ?? "", resume);
    }

    /// <summary>Shows what came of a run that has ended: with JSON its steps, too.</summary>
    private static async Task<int> Recount(
        ConsoleContext context, RunTarget target, bool isJson, bool isQuiet, Func<IRunPresenter, Task<IRunPresenter>> recorded,
        int? until, string[] again)
    {
        if (target.Record.LatestCheckpoint >= until)
        {
            return ExitCode.Done;
        }

        await RefuseBeyond(context, target, until);
        var events = await RunHistory.Events(target.Store, target.Record, context.Interrupts.Token);
        IRunPresenter shown = isJson ? new JsonPresenter(context.Terminal, () => null)
            : new PlainPresenter(context.Terminal, isQuiet);
        var presenter = await recorded(shown);
        await using (presenter)
        {
            foreach (var happened in events)
            {
                presenter.On(happened);
            }
        }

        var run = new RunSummary(context.Paths);
        var resume = again.Contains("--cluster") ? context.Paths.CommandLine(["run", "resume", target.Run, .. again])
            : run.Resume(target.Run, context.Paths.Shown(target.Store.Blobs.Location));
        return new RunEnd(context.Terminal, run, isJson)
            .Say(events[^1], null, new RunSettings(target.Record).Newest.Task.Called, resume);
    }

    /// <summary>Refuses a version that never comes, by the run's steps and by what was asked for and not taken yet.</summary>
    private static async Task RefuseBeyond(ConsoleContext context, RunTarget target, int? until, int known = 0)
    {
        const string field = "run.steps=";
        var steps = Math.Max(known, new RunSettings(target.Record).Newest.Run.Steps);
        if (until is null || until <= steps)
        {
            return;
        }

        var requests = await target.Store.ReadRequestsAsync(context.Interrupts.Token);
        var asked = requests.Requests.Where(request => request.Number > target.Record.RequestsTaken)
            .SelectMany(request => request.Fields)
            .Where(assignment => assignment.StartsWith(field, StringComparison.Ordinal))
                .Select(assignment => int.TryParse(assignment[field.Length..], out var most) ? most : 0);
        if (until > asked.Append(steps).Max())
        {
            throw new BadInputException($"option --until: value '{until}': run '{target.Run}' ends at version {steps}");
        }
    }

    /// <summary>Leaves once a version is committed, which it shows before.</summary>
    private sealed class UntilVersion(IRunPresenter shown, int version, CancellationTokenSource leave) : IRunPresenter
    {
        internal bool IsReached { get; private set; }

        public void On(RunEvent happened)
        {
            if (IsReached)
            {
                return;
            }

            shown.On(happened);
            IsReached = happened is StepCommitted { Metrics.Version: var committed } && committed >= version;
            if (IsReached)
            {
                leave.Cancel();
            }
        }

        public void Say(string message) => shown.Say(message);

        public ValueTask DisposeAsync() => shown.DisposeAsync();
    }

    private static void Quit(char key, CancellationTokenSource leave)
    {
        if (key is not ('q' or 'Q'))
        {
            return;
        }

        try
        {
            leave.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run has ended in the same moment.
        }
    }
}
