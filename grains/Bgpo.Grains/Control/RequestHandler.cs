using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>
/// What people ask of the run while it goes on. They write it into the run's store, so it outlives any controller; it is taken
/// between two steps, in order, and answered in run.json.
/// </summary>
/// <param name="store">The run's store.</param>
/// <param name="lease">Its record.</param>
/// <param name="reporter">Told what is noticed.</param>
/// <param name="time">Clock and timers.</param>
internal sealed class RequestHandler(RunStore store, RunLease lease, RunReporter reporter, TimeProvider time) : IDisposable
{
    /// <summary>
    /// How often a run that waits looks at the store by itself; whoever asks tells it, too, where that is possible.
    /// </summary>
    private static readonly TimeSpan s_pollPeriod = TimeSpan.FromSeconds(1);

    /// <summary>How long the store may take over a stop before only this controller is asked.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Answers that are kept in run.json: as many as requests are.</summary>
    private const int MostAnswers = RunRequests.Most;

    private RunRequests _requests = RunRequests.None;
    private TaskCompletionSource _changed = New();
    private CancellationTokenSource _stopping = new();
    private Task _polling = Task.CompletedTask;
    private bool _damageTold;

    /// <summary>Why the run is to stop; null: it is not.</summary>
    internal string? StopReason { get; private set; }

    /// <summary>Cancelled when the run is to stop.</summary>
    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>Whether the run waits between two steps until it is resumed.</summary>
    internal bool IsPaused { get; private set; }

    /// <summary>Whether something was asked that is not done.</summary>
    internal bool HasPending => Pending.Any();

    private IEnumerable<RunRequest> Pending => _requests.Requests.Where(request => request.Number > lease.Record.RequestsTaken);

    /// <summary>The last request that says whether to go on; null when there is none.</summary>
    private RunRequest? LatestIntent =>
        Pending.LastOrDefault(request => request.Kind is RequestKind.Pause or RequestKind.Resume or RequestKind.Stop);

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>Answers a request in run.json.</summary>
    /// <param name="record">The record.</param>
    /// <param name="number">The request's number; all before it are answered with it.</param>
    /// <param name="version">The version at which it was taken.</param>
    /// <param name="refused">Why it was refused; null: it was done.</param>
    internal static RunRecord Answered(RunRecord record, long number, int version, string? refused = null) =>
        number <= record.RequestsTaken ? record : record with
        {
            RequestsTaken = number,
            Answers = [.. (record.Answers ?? []).TakeLast(MostAnswers - 1), new RequestAnswer(number, version, refused)],
        };

    /// <summary>
    /// Answers in run.json what a run that stops has not taken: what was asked after the stop, or is overridden by it, is not
    /// done.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="upTo">Number of the last request that is answered.</param>
    /// <param name="version">The version at which the run stops, which is saved.</param>
    internal RunRecord AnsweredByStop(RunRecord record, long upTo, int version)
    {
        foreach (RunRequest request in _requests.Requests.Where(request => request.Number <= upTo))
        {
            RunRequest? stop = _requests.Requests.LastOrDefault(
                later => later.Kind == RequestKind.Stop && later.Number > request.Number);
            record = Answered(record, request.Number, version,
                request.Kind is not (RequestKind.Pause or RequestKind.Resume) ? null
                : stop is null ? "the run was about to stop" : $"request {stop.Number} came after it: stop");
        }
        return record;
    }

    /// <summary>
    /// Asks the run to stop by a request of its own, which holds whoever dies; where the store does not take that, only this
    /// controller is asked. A run that is about to stop is not asked again.
    /// </summary>
    /// <param name="reason">Why.</param>
    internal async Task AskToStopAsync(string reason)
    {
        if (StopReason is null)
        {
            try
            {
                await store.AskAsync(RequestKind.Stop, reason, []).WaitAsync(s_patience, time);
                await PollAsync();
            }
            catch (Exception e) when (e is StorageException or TimeoutException)
            {
                reporter.Retried("stop", e.Message);
            }
        }
        await StopAsync(reason);
    }

    /// <summary>Asks the run to stop after the step in work; the first reason holds.</summary>
    /// <param name="reason">Why.</param>
    internal Task StopAsync(string reason)
    {
        StopReason ??= reason;
        return _stopping.CancelAsync();
    }

    /// <summary>Forgets a stop that ended the controller before.</summary>
    internal void ForgetStop() => StopReason = null;

    /// <summary>Reads what was asked, for a controller that is about to begin.</summary>
    internal async Task LoadAsync()
    {
        _requests = await ReadAsync();
        StopReason ??= LatestIntent is { Kind: RequestKind.Stop } stop ? stop.Reason : null;
        _stopping = new CancellationTokenSource();
    }

    /// <summary>
    /// Begins with a controller that has taken the run: it is paused, or to stop, where its record or a request says so.
    /// </summary>
    internal async Task BeginAsync()
    {
        IsPaused = lease.Record.State == RunState.Paused;
        if (StopReason is not null)
        {
            await _stopping.CancelAsync();
        }
    }

    /// <summary>Takes note that the run has ended: nothing is paused any more.</summary>
    internal void End() => IsPaused = false;

    /// <summary>Reads what was asked; a stop makes an evaluation give way at once.</summary>
    /// <exception cref="StorageException">The store does not say.</exception>
    internal async Task PollAsync()
    {
        RunRequests found = await ReadAsync();
        if (found.Newest <= _requests.Newest)
        {
            return;
        }
        _requests = found;
        if (LatestIntent is { Kind: RequestKind.Stop } stop)
        {
            await StopAsync(stop.Reason);
        }
        TaskCompletionSource changed = _changed;
        _changed = New();
        changed.SetResult();
    }

    /// <summary>Between two steps: does what was asked, and waits as long as the run is paused.</summary>
    /// <param name="run">The run.</param>
    /// <param name="leaving">Cancelled when the controller's silo leaves.</param>
    internal async Task HandleAsync(IRunActions run, CancellationToken leaving)
    {
        while (StopReason is null)
        {
            PollAside();
            try
            {
                while (StopReason is null && Pending.FirstOrDefault() is { } request)
                {
                    await TakeAsync(request, run);
                }
                run.NoteTrouble(null);
            }
            catch (StorageException e) when (e is StoreUnavailableException or StoreRefusedException)
            {
                run.NoteTrouble(e); // the request waits in the store for the next commit
            }
            if (!IsPaused && !run.IsHeld)
            {
                return;
            }
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(leaving, Stopping);
            await Task.WhenAny(_changed.Task, Task.Delay(s_pollPeriod, time, enough.Token));
            await enough.CancelAsync();
            leaving.ThrowIfCancellationRequested();
            await run.IdleAsync();
        }
    }

    /// <summary>
    /// Before the run stops: changes that were asked for before the stop hold when it goes on. Those that came after it, or that
    /// the store does not take, are left for whoever goes on with the run.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <returns>Number of the newest request that the stop answers.</returns>
    internal async Task<long> TakeChangesAsync(IRunActions run)
    {
        while (Pending.FirstOrDefault(request => request.Kind == RequestKind.Set) is { } set)
        {
            if (Pending.Any(request => request.Kind == RequestKind.Stop && request.Number < set.Number))
            {
                return set.Number - 1; // an answer to it would answer the stop before it, which is not recorded yet
            }
            try
            {
                if (Pending.First().Number < set.Number)
                {
                    await run.WriteRecordAsync(record => AnsweredByStop(record, set.Number - 1, run.Version));
                }
                await run.ChangeAsync(set);
            }
            catch (StoreRefusedException e)
            {
                reporter.Notice($"request {set.Number} is left for when the run goes on: {e.Message}");
                return set.Number - 1;
            }
        }
        return _requests.Newest;
    }

    /// <summary>Takes back what would keep the run from going on, durably: whoever asks to go on means it.</summary>
    /// <param name="isRunning">Whether a controller is at work.</param>
    /// <exception cref="RunException">The store refuses.</exception>
    internal async Task CancelPendingStopAsync(bool isRunning)
    {
        try
        {
            if (await store.ReadAsync() is not { } stored)
            {
                return;
            }
            RunRequests requests = await ReadAsync();
            if (stored.Record.State == RunState.Paused
                || requests.Requests.Any(
                    request => request.Number > stored.Record.RequestsTaken && request.Kind
                        is RequestKind.Pause or RequestKind.Stop))
            {
                await store.AskAsync(RequestKind.Resume, "", []);
                if (isRunning)
                {
                    await PollAsync();
                }
            }
        }
        catch (StorageException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was asked. A file that is damaged tells nothing; the next one who asks writes it anew.</summary>
    private async Task<RunRequests> ReadAsync()
    {
        try
        {
            RunRequests found = await store.ReadRequestsAsync();
            _damageTold = false;
            return found;
        }
        catch (CorruptBlobException e)
        {
            if (!_damageTold)
            {
                _damageTold = true;
                reporter.Notice($"{e.Message.TrimEnd('.')}; what was asked there and not taken is lost: ask again.");
            }
            return RunRequests.None;
        }
    }

    /// <summary>Polls beside the work: a store that is away must not hold up a step.</summary>
    private void PollAside()
    {
        if (_polling.IsCompleted)
        {
            _polling = PollQuietlyAsync();
        }

        async Task PollQuietlyAsync()
        {
            try
            {
                await PollAsync();
            }
            catch (StorageException e)
            {
                reporter.Retried("requests", e.Message); // polled again after the next commit
            }
        }
    }

    private Task TakeAsync(RunRequest request, IRunActions run)
    {
        bool holds = LatestIntent is not { } latest || latest.Number == request.Number;
        return request.Kind switch
        {
            RequestKind.Set => run.ChangeAsync(request),
            RequestKind.Stop when holds => StopAsync(request.Reason), // answered when the run has stopped
            RequestKind.Checkpoint => SaveAsync(request, run),
            _ => PauseOrResumeAsync(request, run, holds),
        };
    }

    private static async Task SaveAsync(RunRequest request, IRunActions run)
    {
        await run.SaveCheckpointAsync(dropsPrefetched: false);
        await run.WriteRecordAsync(record => Answered(record, request.Number, run.Version));
    }

    /// <summary>
    /// The record of a run that goes on; one that is held by something that cannot be saved does not before that is.
    /// </summary>
    private static RunRecord WentOn(RunRecord record, long number, int version, string? refused) =>
        Answered(record, number, version, refused ?? (record.HeldBy is { } held ? $"held: {held}" : null)) with
        {
            State = record.HeldBy is null ? RunState.Running : RunState.Paused,
            Reason = record.HeldBy,
        };

    /// <summary>Pauses or resumes the run, unless a later request says otherwise.</summary>
    private async Task PauseOrResumeAsync(RunRequest request, IRunActions run, bool holds)
    {
        bool pauses = holds ? request.Kind == RequestKind.Pause : IsPaused;
        if (pauses && !IsPaused)
        {
            await run.SaveCheckpointAsync(dropsPrefetched: true); // who pauses a run may want its devices
        }
        string? refused = holds ? null
            : $"request {LatestIntent!.Number} came after it: {LatestIntent.Kind.ToString().ToLowerInvariant()}";
        bool says = holds && request.Kind == RequestKind.Pause && (request.Reason.Length > 0 || !IsPaused);
        await run.WriteRecordAsync(record => pauses
            ? Answered(record, request.Number, run.Version, refused) with
            {
                State = RunState.Paused,
                Reason = says ? request.Reason : record.Reason,
            }
            : WentOn(record, request.Number, run.Version, refused));
        if (pauses != IsPaused)
        {
            IsPaused = pauses;
            reporter.Events.Append(
                n => pauses ? new RunPaused(n, store.RunId, run.Version, request.Reason)
                    : new RunWentOn(n, store.RunId, run.Version));
            reporter.GoesOn(pauses ? "" : request.Reason);
        }
    }
}

/// <summary>What a request can have a run do, between two steps.</summary>
internal interface IRunActions
{
    /// <summary>The version that the run stands at.</summary>
    int Version { get; }

    /// <summary>Whether the run takes no step because something cannot be saved.</summary>
    bool IsHeld { get; }

    /// <summary>Saves the version that the run stands at, and waits for it.</summary>
    /// <param name="dropsPrefetched">Whether the devices are to become idle.</param>
    Task SaveCheckpointAsync(bool dropsPrefetched);

    /// <summary>Changes run.json in order with everything else, and waits for it.</summary>
    /// <param name="change">The change.</param>
    Task WriteRecordAsync(Func<RunRecord, RunRecord> change);

    /// <summary>Changes the spec, or refuses to.</summary>
    /// <param name="request">What was asked.</param>
    Task ChangeAsync(RunRequest request);

    /// <summary>Takes note of what the store said to a request.</summary>
    /// <param name="trouble">What it said; null: it did what was asked.</param>
    void NoteTrouble(StorageException? trouble);

    /// <summary>Looks after shards and store while no step is taken.</summary>
    Task IdleAsync();
}
