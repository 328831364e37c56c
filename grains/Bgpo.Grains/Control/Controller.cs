using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>Takes a run's steps, from where its shards can stand to its last version or to a stop.</summary>
internal sealed class Controller : IRunActions, IDisposable
{
    private readonly ControllerServices _services;
    private readonly CancellationTokenSource _leaving = new();
    private readonly WriteQueue _writes;
    private readonly StoreWait _wait;
    private readonly ShardSet _shards;
    private readonly CheckpointWriter _checkpoints;
    private readonly StepLoop _loop;
    private readonly StepRecorder _recorder;
    private readonly ChangeRecorder _changes;

    /// <summary>The evaluation before the first step, which the store may not have yet.</summary>
    private EvaluationSummary? _before;

    /// <summary>A controller of a run that this silo holds the lease of.</summary>
    /// <param name="services">What it works with.</param>
    /// <param name="from">From where the run goes on.</param>
    /// <param name="counted">Highest version that was ever committed, as far as the store knows.</param>
    /// <param name="last">The newest step that is recorded; null: none.</param>
    internal Controller(ControllerServices services, RestorePoint from, int counted, StepMetrics? last)
    {
        _services = services;
        Version = from.Checkpoint?.Version ?? services.Lease.Record.LatestCheckpoint ?? 0;
        _writes = new WriteQueue(services.Time)
        {
            OnHealth = trouble => services.Reporter.StoreChanged(trouble, Version - (_writes!.Oldest ?? Version)),
            OnRefusal = (version, refusal) => services.Hold.Note($"the record of version {version}", refusal),
            CheckLease = services.Lease.CheckAsync,
        };
        services.Restorer.OnTrouble = trouble => _writes.Note("restore", trouble);
        (services.Hold.Version, services.Hold.Post) = (() => Version, PostRecord);
        _wait = new StoreWait(
            services.Store, () => _writes.Healthy && !IsHeld, services.Requests, () => Version, services.Time, _leaving.Token);
        _shards = new ShardSet(services.Grains, services.Run, services.Lease.Record.Epoch)
        {
            History = services.Lease.Record.History,
        };
        _checkpoints = NewCheckpoints();
        Rollouts rollouts = services.NewRollouts(services.NewDispatcher());
        _loop = new StepLoop(ServicesOfSteps(rollouts, from.JournalledTo));
        _changes = new ChangeRecorder(services.Store, services.Settings, services.Reporter, _wait, _writes)
        {
            Saving = () => _checkpoints.InWork,
            OnChanged = _loop.Batches.ForgetAfter,
        };
        var evaluator = new Evaluator(services.Run, services.Settings.Started, rollouts, _shards);
        _recorder = new StepRecorder(
            services.Run, services.Store, _writes, evaluator, services.Learning, _loop, services.Reporter, counted, last);
    }

    /// <inheritdoc/>
    public int Version { get; private set; }

    /// <inheritdoc/>
    public bool IsHeld => _services.Hold.IsHeld;

    /// <summary>What cannot be saved and why; empty: nothing.</summary>
    internal string HeldBy => _services.Hold.Reason;

    /// <summary>Done when the controller has ended, whatever its end was.</summary>
    internal Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Whether it has taken its last step.</summary>
    internal bool IsEnding { get; private set; }

    /// <summary>What went wrong; empty: nothing.</summary>
    internal string Failure { get; private set; } = "";

    private string Id => _services.Run.Id;

    private int Steps => _services.Settings.Newest.Run.Steps;

    private EventLog Events => _services.Reporter.Events;

    private ControllerEnd End => new(_services, _shards);

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaving.Dispose();
        _loop.Dispose();
        _writes.Dispose();
    }

    /// <summary>Begins.</summary>
    /// <param name="from">From where.</param>
    /// <param name="device">What this silo's devices are, for watchers.</param>
    internal void Start(RestorePoint from, string device) => Ended = GuardAsync(() => RunAsync(from, device));

    /// <summary>Gives up the step in work, since the silo leaves; a successor goes on from where the shards stand.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        await Ended.WaitAsync(cancellationToken).AnyEnd();
    }

    /// <summary>
    /// Ends, since its run was deleted: nothing more of it is written, and what the cluster holds of it is freed.
    /// </summary>
    internal async Task AbandonAsync()
    {
        _writes.Dispose();
        await _leaving.CancelAsync();
        await Ended.AnyEnd();
        await End.ReleaseAsync();
    }

    /// <summary>Tells again what a completed run came to.</summary>
    /// <param name="last">Its last checkpoint.</param>
    /// <param name="device">What this silo's devices are, for watchers.</param>
    internal void ReportCompleted(CheckpointManifest last, string device)
    {
        _services.Reporter.Started(_services.Run, _services.Lease.Record, Version, Steps, _services.Store.Blobs.Location, device);
        JsonObject? result = _services.Lease.Record.Result;
        Events.Append(n => new RunCompleted(
            n, Id, last.Version, last.WeightsSha256, Remembered(RunResult.EvaluationBefore)!,
            Remembered(RunResult.EvaluationAfter)!,
            (double?)result?[RunResult.Seconds] ?? 0, _services.Store.CheckpointLocation(last.Version))
        {
            Warnings = RunResult.WarningsOf(result),
        });
        Events.Close();
    }

    /// <inheritdoc/>
    public async Task SaveCheckpointAsync(bool dropsPrefetched)
    {
        if (dropsPrefetched)
        {
            _loop.Batches.DropPrefetched();
        }
        _loop.Progress(Version, RunPhase.Checkpoint, 0, 1, force: true);
        await _wait.ForAsync(token => _checkpoints.SaveNow(Version, token));
    }

    /// <inheritdoc/>
    public Task WriteRecordAsync(Func<RunRecord, RunRecord> change) =>
        _wait.ForAsync(token => PostRecord(change).WaitAsync(token));

    /// <inheritdoc/>
    public void NoteTrouble(StorageException? trouble) => _writes.Note("requests", trouble);

    /// <inheritdoc/>
    public async Task IdleAsync()
    {
        _writes.ThrowIfFaulted();
        await _loop.Look();
    }

    /// <inheritdoc/>
    public async Task ChangeAsync(RunRequest request)
    {
        await _changes.RecordAsync(request, this);
        _services.Learning.CheckSpec(Version);
    }

    private CheckpointWriter NewCheckpoints() => new(_services.Run, _services.Store, _shards, _writes, _services.Time)
    {
        Settings = _services.Settings,
        OnSaved = SavedAsync,
        OnRefusal = (version, refusal) => _services.Hold.Note($"version {version}", refusal),
        OnPassedOver = (version, next) => _services.Reporter.Notice(
            $"no checkpoint of version {version}: the store is slower than checkpoint.every; version {next} comes next"),
        OnMissed = (version, reason) => _services.Reporter.Notice($"no checkpoint of version {version}: {reason.Message}"),
    };

    private StepServices ServicesOfSteps(Rollouts rollouts, int journalledTo) => new()
    {
        Run = _services.Run,
        Settings = _services.Settings,
        Store = _services.Store,
        WriteQueue = _writes,
        Checkpoints = _checkpoints,
        Shards = _shards,
        Dispatcher = rollouts.Dispatcher,
        Rollouts = rollouts,
        Grains = _services.Grains,
        Events = Events,
        Time = _services.Time,
        Stopping = _services.Requests.Stopping,
        JournalledTo = journalledTo,
        // What is asked may be to pause, to stop, or to sample another way.
        GoesOn = step => step < Steps && !IsEvaluatedAt(step) && _services.Requests is { StopReason: null, HasPending: false },
    };

    private async Task RunAsync(RestorePoint from, string device)
    {
        CheckpointManifest? loaded = await RestoreAsync(from.Checkpoint, committed: null);
        _services.Reporter.Started(_services.Run, _services.Lease.Record, Version, Steps, _services.Store.Blobs.Location, device);
        _services.Learning.CheckSpec(Version);
        if (_services.Requests.IsPaused)
        {
            Events.Append(n => new RunPaused(n, Id, Version, _services.Lease.Record.Reason ?? ""));
        }
        while (true)
        {
            if (loaded is not null)
            {
                _checkpoints.Loaded(loaded);
                _loop.Batches.Forget();
            }
            try
            {
                await TrainAsync();
                break;
            }
            catch (Exception e) when (
                e is StaleVersionException or TimeoutException or OrleansException or StoreUnavailableException)
            {
                loaded = await RestoreAsync(null, committed: Version);
                _services.Reporter.Notice($"goes on from version {Version}: {e.Message}");
            }
            catch (OperationCanceledException) when (_leaving.IsCancellationRequested && _writes.Healthy)
            {
                // What is on its way to the store spares the successor taking the last step again.
                using var moment = new CancellationTokenSource(ControllerEnd.Farewell, _services.Time);
                await _writes.Flush(moment.Token);
                throw;
            }
        }
        IsEnding = true;
        await End.TidyAsync(() => _wait.ForAsync(async token =>
        {
            await _writes.Flush(token);
            await _services.Pruning.Ended.WaitAsync(token);
            await _services.Store.Blobs.TidyAsync($"{Id}/", token);
        }));
        await End.ReleaseAsync();
    }

    private async Task<CheckpointManifest?> RestoreAsync(CheckpointManifest? checkpoint, int? committed)
    {
        (Version, CheckpointManifest? loaded) =
            await _wait.ForAsync(token => _services.Restorer.RestoreAsync(checkpoint, committed, token));
        (_changes.PlacedAt, _shards.History) = (Version, _services.Lease.Record.History);
        return loaded;
    }

    /// <summary>Takes steps to the last version or to a stop, and tells how it ended.</summary>
    private async Task TrainAsync()
    {
        try
        {
            EvaluationSummary before = _before ??= Remembered(RunResult.EvaluationBefore) ?? await EvaluateBaseAsync();
            await TakeStepsAsync();
            if (Version == Steps)
            {
                await CompleteAsync(before);
                return;
            }
        }
        catch (OperationCanceledException) when (_services.Requests.StopReason is not null && !_leaving.IsCancellationRequested)
        {
            // An evaluation gives way to a stop; a step in work never does.
        }
        await StopAsync();
    }

    private async Task TakeStepsAsync()
    {
        RequestHandler requests = _services.Requests;
        while (Version < Steps && requests.StopReason is null)
        {
            await requests.HandleAsync(this, _leaving.Token);
            if (requests.StopReason is not null || Version >= Steps)
            {
                break; // perhaps by a change of run.steps
            }
            StepMetrics metrics = await _loop.Take(Version, _leaving.Token);
            Version = metrics.Version;
            _recorder.Committed(metrics);
            if (Version == Steps)
            {
                break;
            }
            _checkpoints.Committed(Version);
            if (IsEvaluatedAt(Version))
            {
                int count = Math.Min(
                    _services.Settings.Started.Evaluation.Count, _services.Settings.Newest.Evaluation.IntermediateCount);
                await _recorder.EvaluateAsync(Version, count, isFinal: false, requests.Stopping);
            }
        }
    }

    private async Task CompleteAsync(EvaluationSummary before)
    {
        CheckpointManifest saved = await SaveLastAsync();
        EvaluationSummary after = await EvaluateFullyAsync();
        double seconds = (_services.Time.GetUtcNow() - _services.Lease.Record.Since).TotalSeconds;
        await WriteRecordAsync(record => record with
        {
            State = RunState.Completed,
            Reason = null,
            Result = new JsonObject
            {
                [RunResult.EvaluationBefore] = JsonSerializer.SerializeToNode(before),
                [RunResult.EvaluationAfter] = JsonSerializer.SerializeToNode(after),
                [RunResult.Weights] = saved.WeightsSha256,
                [RunResult.Seconds] = seconds,
                [RunResult.Warnings] = JsonSerializer.SerializeToNode(_services.Learning.Warnings),
            },
        });
        Events.Append(n => new RunCompleted(
            n, Id, Version, saved.WeightsSha256, before, after, seconds, _services.Store.CheckpointLocation(Version))
        {
            Warnings = _services.Learning.Warnings,
        });
    }

    private async Task StopAsync()
    {
        _loop.Batches.DropPrefetched();
        CheckpointManifest saved = await SaveLastAsync();
        // What is asked from here on waits for whoever goes on with the run.
        long taken = await _services.Requests.TakeChangesAsync(this);
        string reason = _services.Requests.StopReason!;
        await WriteRecordAsync(record => _services.Requests.AnsweredByStop(record, taken, Version) with
        {
            State = RunState.Stopped,
            Reason = reason,
        });
        _services.Requests.End();
        Events.Append(n => new RunStopped(
            n, Id, Version, reason, saved.WeightsSha256, _services.Store.CheckpointLocation(Version))
        {
            Warnings = _services.Learning.Warnings,
        });
    }

    private Task<CheckpointManifest> SaveLastAsync()
    {
        NoteTrouble(null); // what was asked and not taken is not waited for any more
        _loop.Progress(Version, RunPhase.Checkpoint, 0, _services.Run.Shards, force: true);
        return _wait.ForAsync(token => _checkpoints.SaveNow(Version, token));
    }

    private async Task<EvaluationSummary> EvaluateBaseAsync()
    {
        EvaluationSummary before = await EvaluateFullyAsync();
        _ = PostRecord(record =>
            record with { Result = new JsonObject { [RunResult.EvaluationBefore] = JsonSerializer.SerializeToNode(before) } });
        return before;
    }

    private Task<EvaluationSummary> EvaluateFullyAsync() =>
        _recorder.EvaluateAsync(Version, _services.Settings.Started.Evaluation.Count, isFinal: true, _services.Requests.Stopping);

    private bool IsEvaluatedAt(int version) =>
        _services.Settings.Newest.Evaluation.Every is > 0 and int every && version % every == 0;

    private EvaluationSummary? Remembered(string name) =>
        _services.Lease.Record.Result?[name] is { } node ? node.Deserialize<EvaluationSummary>() : null;

    /// <summary>Changes run.json, once everything posted before is in the store.</summary>
    private Task PostRecord(Func<RunRecord, RunRecord> change) =>
        _writes.Enqueue(Version, () => _services.Lease.WriteAsync(change));

    private async Task SavedAsync(CheckpointManifest manifest, double seconds)
    {
        await PostRecord(record => record with { LatestCheckpoint = manifest.Version });
        _services.Pruning.Saved(manifest.Version);
        Events.Append(n => new CheckpointSaved(
            n, manifest.Version, _services.Store.CheckpointLocation(manifest.Version), seconds));
    }

    /// <summary>Runs to the end and turns what goes wrong into the run's last event.</summary>
    private async Task GuardAsync(Func<Task> run)
    {
        using var heartbeats = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        _ = _services.Lease.HeartbeatAsync(change => _writes.IsRefused ? _services.Lease.WriteAsync(change) : PostRecord(change),
            heartbeats.Token);
        try
        {
            try
            {
                await run();
            }
            finally
            {
                _loop.Dispose();
                // What it is writing may be of a version that the run is about to go back from.
                await _writes.EndAsync().WaitAsync(ControllerEnd.LastWrite, _services.Time).AnyEnd();
            }
        }
        catch (Exception e) when (_leaving.IsCancellationRequested)
        {
            _services.Reporter.Retried("controller", e.Message); // its successor goes on
        }
        catch (Exception e)
        {
            (IsEnding, Failure) = (true, e.Message);
            await End.FailAsync(Version, e);
        }
        finally
        {
            RunMeter.Left(Id);
            await heartbeats.CancelAsync();
            Events.Close();
        }
    }
}
