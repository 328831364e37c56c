using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <content>
/// What people ask of the run while it goes on. They write it into the run's store, so it outlives any controller; it is taken between
/// two steps, in order, and answered in run.json.
/// </content>
public sealed partial class RunGrain
{
    /// <summary>How often a run that waits looks at the store by itself; whoever asks tells it, too, where that is possible.</summary>
    private static readonly TimeSpan s_lookPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Answers that are kept in run.json.</summary>
    private const int MostAnswers = 16;

    private RunSettings? _settings;
    private RunRequests _requests = RunRequests.None;
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _looking = Task.CompletedTask;
    private bool _paused;
    private bool _damageTold;

    /// <summary>Version at which the shards were last placed: somebody may have begun the step from there.</summary>
    private int _placedAt;

    private int Steps => _settings!.Newest.Run.Steps;

    private IEnumerable<RunRequest> Pending => _requests.Requests.Where(request => request.Number > _stored!.Record.RequestsTaken);

    /// <summary>The last word on whether to go on; null when nothing new was said.</summary>
    private RunRequest? Wish => Pending.LastOrDefault(request => request.Kind is RequestKind.Pause or RequestKind.Resume or RequestKind.Stop);

    /// <inheritdoc/>
    public async Task Heed()
    {
        if (_loop.IsCompleted)
        {
            await KeepGoing();
            return;
        }
        try
        {
            await Look();
        }
        catch (StorageException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    /// <summary>Reads what was asked; a stop makes an evaluation give way at once.</summary>
    private async Task Look()
    {
        RunRequests found = await ReadRequests();
        if (found.Newest <= _requests.Newest)
        {
            return;
        }
        _requests = found;
        if (Wish is { Kind: RequestKind.Stop } stop)
        {
            await Stop(stop.Reason);
        }
        TaskCompletionSource asked = _asked;
        _asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        asked.SetResult();
    }

    /// <summary>What was asked. A file that is damaged tells nothing; the next one who asks writes it anew.</summary>
    private async Task<RunRequests> ReadRequests()
    {
        try
        {
            RunRequests found = await Store.ReadRequestsAsync();
            _damageTold = false;
            return found;
        }
        catch (CorruptBlobException e)
        {
            if (!_damageTold)
            {
                _damageTold = true;
                _events.Append(n => new Noticed(n, $"{e.Message.TrimEnd('.')}; what was asked there and not taken is lost: ask again."));
            }
            return RunRequests.None;
        }
    }

    /// <summary>Looks beside the work: a store that is away must not hold up a step.</summary>
    private void LookAside()
    {
        if (_looking.IsCompleted)
        {
            _looking = Quietly();
        }

        async Task Quietly()
        {
            try
            {
                await Look();
            }
            catch (StorageException e)
            {
                UnitRetried("requests", e.Message); // looked at again after the next commit
            }
        }
    }

    /// <summary>Between two steps: does what was asked, and waits as long as the run is paused.</summary>
    private async Task TakeRequests(CheckpointWriter checkpoints, StepLoop loop)
    {
        while (_stopReason is null)
        {
            LookAside();
            try
            {
                while (_stopReason is null && Pending.FirstOrDefault() is { } request)
                {
                    await Take(request, checkpoints, loop);
                }
            }
            catch (StoreUnavailableException e)
            {
                _outbox!.Note(e); // the request waits in the store for the next commit
            }
            if (!_paused)
            {
                return;
            }
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token, _stopping.Token);
            await Task.WhenAny(_asked.Task, Task.Delay(s_lookPeriod, time, enough.Token));
            await enough.CancelAsync();
            _leaving.Token.ThrowIfCancellationRequested();
            _outbox!.ThrowIfFaulted();
            await loop.Look();
        }
    }

    private async Task Take(RunRequest request, CheckpointWriter checkpoints, StepLoop loop)
    {
        bool holds = Wish is null || Wish.Number == request.Number;
        switch (request.Kind)
        {
            case RequestKind.Set:
                await Change(request, loop);
                return;
            case RequestKind.Stop when holds:
                await Stop(request.Reason); // answered when the run has stopped
                return;
            case RequestKind.Checkpoint:
            case RequestKind.Pause when holds && !_paused:
                if (request.Kind == RequestKind.Pause)
                {
                    loop.DropAhead(); // who pauses a run may want its devices
                }
                loop.Progress(_version, "checkpoint", 0, 1, force: true);
                await Patiently(token => checkpoints.SaveNow(_version, token));
                break;
        }
        string? refused = holds || request.Kind == RequestKind.Checkpoint ? null
            : $"request {Wish!.Number} came after it: {Wish.Kind.ToString().ToLowerInvariant()}";
        bool pauses = _paused;
        if (holds && request.Kind is RequestKind.Pause or RequestKind.Resume)
        {
            pauses = request.Kind == RequestKind.Pause;
        }
        await Written(record => Answered(record, request.Number, _version, refused) with
        {
            State = pauses ? RunState.Paused : RunState.Running,
            Reason = !pauses ? null : request.Kind == RequestKind.Pause && holds && (request.Reason.Length > 0 || !_paused) ? request.Reason : record.Reason,
        });
        if (pauses != _paused)
        {
            _paused = pauses;
            _events.Append(n => pauses ? new RunPaused(n, Id, _version, request.Reason) : new RunWentOn(n, Id, _version));
            SayWhyOn(pauses ? "" : request.Reason);
        }
    }

    private void SayWhyOn(string reason)
    {
        if (reason.Length > 0)
        {
            _events.Append(n => new Noticed(n, $"goes on: {reason}"));
        }
    }

    /// <summary>
    /// Records a change of the spec before any step goes by it. It holds from a step that nobody can have begun, nor saved anything of:
    /// so whoever takes that step, and however often, takes it with the change. Batches that later steps sampled before the run went
    /// back are dropped first: they are of weights that will not come.
    /// </summary>
    private async Task Change(RunRequest request, StepLoop loop)
    {
        int saved = await Patiently(async token => Math.Max(
            (await Store.ListCheckpointsAsync(token)).DefaultIfEmpty(0).Max(), (await Store.ListMetricsAsync(token)).DefaultIfEmpty(0).Max()));
        int free = Math.Max(Math.Max(_version, _placedAt + 1), saved);
        IReadOnlyList<SpecChange> changes;
        try
        {
            changes = _settings!.Read(request, free);
        }
        catch (SpecException e)
        {
            await Written(record => Answered(record, request.Number, _version, e.Message));
            _events.Append(n => new Noticed(n, $"request {request.Number} is refused: {e.Message}"));
            return;
        }
        int from = changes[0].FromStep;
        await Patiently(async token =>
        {
            await Store.DropJournalAfterAsync(from, token);
            return true;
        });
        loop.ForgetAfter(from);
        await Written(record => Answered(record, request.Number, from) with
        {
            Changes = [.. (record.Changes ?? []).Where(change => change.Request != request.Number), .. changes],
        });
        _settings.Record(changes);
        _events.Append(n => new SpecChanged(n, Id, from, Steps, [.. changes.Select(change => $"{change.Field}={change.Value}")]));
    }

    /// <summary>Before the run stops: changes that were asked for before hold when it goes on.</summary>
    private async Task RecordWhatWaits(StepLoop loop)
    {
        while (Pending.FirstOrDefault(request => request.Kind == RequestKind.Set) is { } set)
        {
            await Change(set, loop);
        }
    }

    /// <summary>Takes back what would keep the run from going on, durably: whoever asks to go on means it.</summary>
    private async Task TakeBack()
    {
        try
        {
            if (await Store.ReadAsync() is not { } stored)
            {
                return;
            }
            RunRequests requests = await ReadRequests();
            if (stored.Record.State == RunState.Paused
                || requests.Requests.Any(request => request.Number > stored.Record.RequestsTaken && request.Kind is RequestKind.Pause or RequestKind.Stop))
            {
                await Store.AskAsync(RequestKind.Resume, "", []);
                if (!_loop.IsCompleted)
                {
                    await Look();
                }
            }
        }
        catch (StorageException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private static RunRecord Answered(RunRecord record, long number, int version, string? refused = null) => number <= record.RequestsTaken ? record : record with
    {
        RequestsTaken = number,
        Answers = [.. (record.Answers ?? []).TakeLast(MostAnswers - 1), new RequestAnswer(number, version, refused)],
    };
}
