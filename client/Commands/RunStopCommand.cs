using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo run stop</c>: ends a run after the step in hand, with a checkpoint.</summary>
internal static class RunStopCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var reason = Flags.Text("--reason", "TEXT", "recorded with the run; default: asked to stop");
        var json = Flags.Json("one JSON line on stdout");
        var command = selection.On(new Command("stop", "Ends a run after the step in hand, with a checkpoint, and waits until it has.") { reason, json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed).ConfigureAwait(false);
            await using var leaving = target.ConfigureAwait(false);
            var cluster = target.Driven(context);
            var run = cluster.GetRun(target.Run);
            if (target.Record.State is not (Storage.RunState.Running or Storage.RunState.Paused))
                throw new BadInputException($"run '{target.Run}' is {RunTarget.Word(target.Record.State)} already");
            // Watched from before it is asked, so that its end cannot be missed.
            var watch = new RunWatch(run, new Silent(), context.Time, () => cluster.IsAlive);
            using var asked = CancellationTokenSource.CreateLinkedTokenSource(CancellationToken.None);
            var ending = watch.ToTheEnd(CancellationToken.None, context.Interrupts.Token);
            await Stop(run, parsed.GetValue(reason) ?? "asked to stop", () => cluster.IsAlive).ConfigureAwait(false);
            var end = await ending.ConfigureAwait(false);
            return Tell(context, parsed.GetValue(json), target.Run, end, selection.Again(parsed));
        });
        return new CommandPart(command, [("run stop sudoku --reason \"enough\"", "ends it; run resume goes on with it later")]);
    }

    private static async Task Stop(IRunGrain run, string reason, Func<bool> isAlive)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await run.Stop(reason).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (LostCall.Is(e) && isAlive() && attempt < 40)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250)).ConfigureAwait(false);
            }
        }
    }

    private static int Tell(ConsoleContext context, bool isJson, string run, RunEvent? end, string[] again)
    {
        var output = context.Terminal.Out;
        if (isJson)
        {
            output.WriteLine(end is null ? JsonLines.Line(new { Event = "ended", Run = run }) : JsonLines.Of(end, 0));
        }
        else if (end is RunStopped stopped)
        {
            output.WriteLine($"run {run}: stopped at version {stopped.Version} ({stopped.Reason}); weights sha256 {stopped.WeightsSha256}");
            output.WriteLine($"next    {context.Paths.CommandLine(["run", "resume", run, .. again])}");
        }
        else if (end is RunCompleted done)
        {
            output.WriteLine($"run {run}: had reached its end already, version {done.Version}; weights sha256 {done.WeightsSha256}");
        }
        else
        {
            context.Terminal.Error.WriteLine($"bgpo: run {run}: ended{(end is RunFailed failed ? ": " + failed.Message : "")}");
        }

        return end is RunFailed ? ExitCode.Failed : ExitCode.Done;
    }

    private sealed class Silent : IRunPresenter
    {
        public void On(RunEvent happened)
        {
        }

        public void Say(string message)
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
