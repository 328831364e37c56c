using System.CommandLine;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Runs;

/// <summary>
/// Asks something of a run: durably in its store, promptly by a call to its controller where that can be reached, and waits until
/// the run has taken it. From the moment it is in the store it takes effect, whoever dies.
/// </summary>
/// <param name="context">What commands work with.</param>
/// <param name="target">The run.</param>
internal sealed class RunRequestClient(ConsoleContext context, RunTarget target)
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);

    /// <summary>The options that asking commands share.</summary>
    internal static (Option<string?> Reason, Option<bool> NoWait, Option<bool> Json) Options() => (
        Flags.Text("--reason", "TEXT", "recorded with the run, and shown to whoever watches it"),
        Flags.Switch("--no-wait", "return as soon as the request is durable; else when the run has taken it"),
        Flags.Json("one JSON line on stdout"));

    /// <summary>Refuses what cannot be asked of a run that has ended.</summary>
    /// <exception cref="BadInputException">It has.</exception>
    internal void RefuseEnded(bool isStoppedFine = false)
    {
        if (HasEnded(target.Record) && !(isStoppedFine && target.Record.State != RunState.Completed))
        {
            throw new BadInputException($"run '{target.Run}' is {Format.State(target.Record.State)} already");
        }
    }

    /// <summary>Asks.</summary>
    /// <param name="kind">What.</param>
    /// <param name="reason">Why; empty when nothing is said.</param>
    /// <param name="fields">Of a set: the assignments.</param>
    /// <param name="isWaiting">Whether to wait until it is taken.</param>
    /// <returns>What came of it.</returns>
    internal async Task<Asked> Ask(RequestKind kind, string reason, IReadOnlyList<string> fields, bool isWaiting)
    {
        try
        {
            var request = await target.Store.AskAsync(kind, reason, fields, context.Interrupts.Token);
            await Push();
            return await Taken(request, isWaiting);
        }
        catch (StorageException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }

    /// <summary>Says what came of it, and how to go on.</summary>
    /// <param name="asked">What came of it.</param>
    /// <param name="isJson">Whether as JSON.</param>
    /// <param name="done">What was done, in words, at a version.</param>
    /// <param name="next">The next useful commands.</param>
    /// <returns>The exit code.</returns>
    internal int Tell(Asked asked, bool isJson, Func<int, string> done, params string[][] next)
    {
        var answer = asked.Answer;
        var state = RunSummaryRow.Of(context, asked.Record).State;
        var (output, error) = (context.Terminal.Out, context.Terminal.Error);
        if (isJson)
        {
            output.WriteLine(JsonLines.Line(new
            {
                target.Run,
                Request = asked.Request.Number,
                asked.Request.Kind,
                Taken = answer is not null,
                answer?.Version,
                answer?.Refused,
                State = state,
            }));
        }

        if (answer?.Refused is { } refused)
        {
            error.WriteLine($"bgpo: run {target.Run}: refused: {Format.OneLine(refused)}");
            return ExitCode.Failed;
        }

        if (answer is null && HasEnded(asked.Record) && !asked.WasEnded)
        {
            var waits = asked.Request.Kind == RequestKind.Set
                && asked.Record.State is RunState.Stopped or RunState.Failed
                ? ", which holds from when the run goes on" : "";
            error.WriteLine(
                $"bgpo: run {target.Run}: {Format.State(asked.Record.State)} before it took request " +
                    $"{asked.Request.Number}{waits}");
            return ExitCode.Failed;
        }

        if (!isJson)
        {
            Say(asked, done, next);
        }

        return ExitCode.Done;
    }

    private static bool HasEnded(RunRecord record) =>
        record.State is not (RunState.Running or RunState.Paused);

    private void Say(Asked asked, Func<int, string> done, string[][] next)
    {
        var output = context.Terminal.Out;
        output.WriteLine($"run {target.Run}: " + (asked.Answer is { } taken ? done(taken.Version)
            : asked.IsDriven ? $"asked, request {asked.Request.Number}; it takes effect at the next commit, whoever dies"
            : $"recorded, request {asked.Request.Number}; nobody drives the run now, it takes effect when it goes on"));
        var label = "next    ";
        // A run of a process is shown by that alone; one that nobody drives is taken up first.
        IEnumerable<string> useful = !asked.IsDriven && !asked.WasEnded ? [target.TakeUp(context)]
            : next.Where(line => target.Cluster is not null || line is not ["run", "watch", ..])
                .Select(context.Paths.CommandLine);
        foreach (var line in useful)
        {
            output.WriteLine(label + line);
            label = "        ";
        }
    }

    /// <summary>
    /// Tells the controller to look. A call that is lost costs a step's time: the store is looked at after each commit.
    /// </summary>
    private async Task Push()
    {
        if (target.Cluster is not { } cluster || cluster.Name != target.Record.Cluster)
        {
            return;
        }

        try
        {
            await cluster.GetRun(target.Run).CheckRequests().WaitAsync(RunWatch.Patience, context.Time, context.Interrupts.Token);
        }
        catch (Exception e) when (
            (TransientErrors.Is(e) && !context.Interrupts.Token.IsCancellationRequested) || e is RunException)
        {
            // The request is in the store.
        }
    }

    private async Task<Asked> Taken(RunRequest request, bool isWaiting)
    {
        var token = context.Interrupts.Token;
        var wasEnded = HasEnded(target.Record);
        var wait = FirstLook;
        DateTimeOffset? alone = null;
        var owner = new OwnerWatch(context);
        for (var isFirst = true; ; isFirst = false)
        {
            var record = (await target.Store.ReadAsync(token))?.Record ?? target.Record;
            var isDriven = RunSummaryRow.DriverOf(context, record).Length > 0 && !owner.IsSilent(record);
            if (AnswerOf(record, request) is { } answer)
            {
                return new Asked(request, answer, record, isDriven, wasEnded);
            }

            alone = isDriven ? null : alone ?? context.Time.GetUtcNow();
            var isLost = alone is { } since && (isFirst || context.Time.GetUtcNow() - since > RunWatch.Patience);
            if (!isWaiting || isLost || HasEnded(record))
            {
                return new Asked(request, null, record, isDriven, wasEnded);
            }

            try
            {
                await Task.Delay(wait, context.Time, token);
            }
            catch (OperationCanceledException)
            {
                context.Terminal.Error.WriteLine(
                    $"bgpo: request {request.Number} stands; run {target.Run} takes it at the next commit");
                throw;
            }

            wait = wait * 2 > LongestLook ? LongestLook : wait * 2;
        }
    }

    /// <summary>The answer to a request that was taken and, where it is a stop, is done; else null.</summary>
    private static RequestAnswer? AnswerOf(RunRecord record, RunRequest request) =>
        record.RequestsTaken < request.Number
            || (request.Kind == RequestKind.Stop && record.State == RunState.Running) ? null
        : record.Answers?.FirstOrDefault(given => given.Number == request.Number) ?? new RequestAnswer(
            request.Number, record.LatestCheckpoint ?? 0,
            "it was taken, but what came of it is not kept any more; `run status` shows how the run stands");
}

/// <summary>What came of a request.</summary>
/// <param name="Request">The request.</param>
/// <param name="Answer">The run's answer; null while there is none.</param>
/// <param name="Record">The run's record, as last read.</param>
/// <param name="IsDriven">Whether somebody drives the run.</param>
/// <param name="WasEnded">Whether the run had ended before it was asked.</param>
internal sealed record Asked(RunRequest Request, RequestAnswer? Answer, RunRecord Record, bool IsDriven, bool WasEnded);
