using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Steps;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Runs;

/// <content>The step loop, from where the shards can stand to the last version or to a stop.</content>
public sealed partial class RunGrain
{
    private const ConfigureAwaitOptions AnyEnd = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    /// <summary>Tries to place the shards anew before the run gives up: two minutes' worth at five a second.</summary>
    private const int MostRecoveries = 600;
    private static readonly TimeSpan s_recoveryPause = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a run that is told to stop waits for a store that takes nothing.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a controller that leaves waits for what it has posted.</summary>
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private async Task Run(RunContext run, CheckpointManifest? whole, int journalledTo)
    {
        long epoch = _stored!.Record.Epoch;
        using var outbox = new Outbox(time) { OnHealth = StoreHealth, Permit = RefuseIfFenced };
        _outbox = outbox;
        var others = new HashSet<string>();
        var dispatcher = new Dispatcher(roster.Get, time)
        {
            OnRetry = Retried,
            OnMoved = Moved,
            OnRoster = RosterIsOther,
            Suits = silo =>
            {
                bool suits = Suits(run.Spec, silo);
                if (silo.Numerics != _stored.Record.NumericsFingerprint && others.Add(silo.Silo))
                {
                    OtherNumerics(silo, suits);
                }
                return suits;
            },
        };
        var shards = new ShardSet(GrainFactory, run, epoch);
        var checkpoints = new CheckpointWriter(run, Store, shards, outbox, time)
        {
            Settings = _settings!,
            OnSaved = Saved,
            OnMissed = (version, reason) => _events.Append(n => new Noticed(n, $"no checkpoint of version {version}: {reason.Message}")),
        };
        using var loop = new StepLoop(run, epoch, Store, outbox, checkpoints, shards, dispatcher, GrainFactory, _events, time, _stopping.Token)
        {
            JournalledTo = journalledTo,
            Settings = _settings!,
            // What is asked may be to pause, to stop, or to sample another way.
            GoesOn = step => step < Steps && !IsEvaluatedAt(step) && _stopReason is null && !Pending.Any(),
        };
        var evaluator = new Evaluator(run, GrainFactory, dispatcher);
        whole = await Patiently(token => Place(run, shards, whole, ours: false, token));
        Announce(run, _version);
        if (_paused)
        {
            _events.Append(n => new RunPaused(n, Id, _version, _stored.Record.Reason ?? ""));
        }
        while (true)
        {
            if (whole is not null)
            {
                checkpoints.Loaded(whole);
                loop.Forget();
            }
            try
            {
                await Train(run, checkpoints, loop, evaluator);
                break;
            }
            catch (Exception e) when (e is StaleVersionException or TimeoutException or OrleansException or StoreUnavailableException)
            {
                whole = await Patiently(token => Place(run, shards, null, ours: true, token));
                _events.Append(n => new Noticed(n, $"goes on from version {_version}: {e.Message}"));
            }
            catch (OperationCanceledException) when (_leaving.IsCancellationRequested && outbox.Healthy)
            {
                // What is on its way to the store spares the successor taking the last step again.
                using var moment = new CancellationTokenSource(s_farewell, time);
                await outbox.Flush(moment.Token);
                throw;
            }
        }
        _ending = true;
        await Patiently(async token =>
        {
            await outbox.Flush(token);
            await Store.Blobs.TidyAsync($"{Id}/", token);
            return true;
        });
        await shards.Release(await AllSilos());
    }

    /// <summary>Takes steps to the last version or to a stop, and says how it ended.</summary>
    private async Task Train(RunContext run, CheckpointWriter checkpoints, StepLoop loop, Evaluator evaluator)
    {
        CheckpointManifest saved;
        try
        {
            EvaluationSummary before = _before ??= Remembered(EvaluationBefore) ?? await EvaluateBase(evaluator, run, loop);
            while (_version < Steps && _stopReason is null)
            {
                await TakeRequests(checkpoints, loop);
                if (_stopReason is not null || _version >= Steps)
                {
                    break; // perhaps by a change of run.steps
                }
                StepMetrics metrics = await loop.Take(_version, _leaving.Token);
                _version = metrics.Version;
                RunMeter.Committed(Id, metrics, isNew: metrics.Version > _counted);
                _counted = Math.Max(_counted, metrics.Version);
                Record(metrics);
                _events.Append(n => new StepCommitted(n, metrics));
                bool last = _version == Steps;
                if (loop.Kept && !last)
                {
                    checkpoints.Begin(_version);
                }
                if (!last && IsEvaluatedAt(_version))
                {
                    await Evaluate(run, evaluator, loop, _version, final: false);
                }
            }
            if (_version == Steps)
            {
                loop.Progress(_version, "checkpoint", 0, run.Shards, force: true);
                saved = await Patiently(token => checkpoints.SaveNow(_version, token));
                EvaluationSummary after = await Evaluate(run, evaluator, loop, _version, final: true);
                await Complete(saved, before, after);
                return;
            }
        }
        catch (OperationCanceledException) when (_stopReason is not null && !_leaving.IsCancellationRequested)
        {
            // An evaluation gives way to a stop; a step in hand never does.
        }
        loop.DropAhead();
        loop.Progress(_version, "checkpoint", 0, run.Shards, force: true);
        saved = await Patiently(token => checkpoints.SaveNow(_version, token));
        await RecordWhatWaits(loop);
        await Written(record => Answered(record, _requests.Newest, _version) with { State = RunState.Stopped, Reason = _stopReason });
        _paused = false;
        _events.Append(n => new RunStopped(n, Id, _version, _stopReason!, saved.WeightsSha256, Location(_version)));
    }

    /// <summary>
    /// Has every shard stand at one version: the newest that they hold, or can step back to, or have from a buddy, and of which the
    /// store has every record before it; else the newest whole checkpoint's, from where the journal is replayed.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="shards">Its shards.</param>
    /// <param name="whole">The newest whole checkpoint where it is known to be needed.</param>
    /// <param name="ours">Whether the shards' versions are this controller's work.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The checkpoint that was loaded; null when the store was not needed.</returns>
    private async Task<CheckpointManifest?> Place(RunContext run, ShardSet shards, CheckpointManifest? whole, bool ours, CancellationToken cancellationToken)
    {
        int recoveries = 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (whole is null && await Held(run, ours) is { } footing)
                {
                    await shards.Load(footing);
                    (_version, _placedAt) = (footing.Version, footing.Version);
                    return null;
                }
                whole ??= await NewestWhole();
                await shards.Load(whole.Version, await AllSilos());
                (_version, _placedAt) = (whole.Version, whole.Version);
                return whole;
            }
            catch (Exception e) when (recoveries < MostRecoveries && e is (StaleVersionException or TimeoutException or OrleansException))
            {
                recoveries++;
                UnitRetried("shards", e.Message);
                await Task.Delay(s_recoveryPause, time, cancellationToken);
            }
            catch (StorageException e) when (Outbox.MayHeal(e))
            {
                _outbox!.Note(e);
                await Task.Delay(Outbox.Pause(attempt), time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// The newest version that the shards can stand at without a checkpoint; null when there is none, when a checkpoint is newer, or
    /// when the store lacks records of the steps before it, which only a replay can make again.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="ours">Whether the versions are this controller's work: then it still has the records that the store lacks.</param>
    private async Task<Footing?> Held(RunContext run, bool ours)
    {
        IReadOnlyList<Footing> footings = await new ShardSet(GrainFactory, run, _stored!.Record.Epoch).Survey(await LiveSilos());
        if (ours)
        {
            // A commit that was cut short may have reached every shard; its step is taken again, for its record.
            return footings.FirstOrDefault(footing => footing.Version <= _version && footing.Version >= (_stored.Record.LatestCheckpoint ?? 0));
        }
        if (footings.Count == 0)
        {
            return null;
        }
        int newest = (await Store.ListCheckpointsAsync()).DefaultIfEmpty(-1).Max();
        var journal = (await Store.ListJournalAsync()).ToHashSet();
        var metrics = (await Store.ListMetricsAsync()).ToHashSet();
        bool Recorded(int version) => Enumerable.Range(newest, version - newest)
            .All(step => journal.Contains(run.Plan.BatchStep(step)) && metrics.Contains(step + 1));
        return footings.FirstOrDefault(footing => footing.Version >= newest && Recorded(footing.Version));
    }

    private bool IsEvaluatedAt(int version) => _settings!.Newest.Evaluation.Every is > 0 and int every && version % every == 0;

    private Task Written(Func<RunRecord, RunRecord> change) => Patiently(async token =>
    {
        await Write(change).WaitAsync(token);
        return true;
    });

    /// <summary>Waits for the store as long as it takes, but only a short while once a stop is asked for and the store takes nothing.</summary>
    private async Task<T> Patiently<T>(Func<CancellationToken, Task<T>> wait)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        Task<T> waiting = wait(patience.Token);
        try
        {
            await Task.WhenAny(waiting, WornOut(patience.Token));
            await patience.CancelAsync();
            return await waiting;
        }
        catch (OperationCanceledException) when (!_leaving.IsCancellationRequested)
        {
            throw new StorageException(
                $"run '{Id}' stops at version {_version}, but {Store.Blobs.Location} does not take it; what is there is gone on with by --resume {Id}.");
        }

        async Task WornOut(CancellationToken done)
        {
            using var asked = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, done);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, asked.Token).ConfigureAwait(AnyEnd);
            do
            {
                await Task.Delay(s_patience, time, done).ConfigureAwait(AnyEnd);
            }
            while (!done.IsCancellationRequested && _outbox!.Healthy); // a slow store is waited for, one that fails is not for long
        }
    }

    private async Task<EvaluationSummary> EvaluateBase(Evaluator evaluator, RunContext run, StepLoop loop)
    {
        EvaluationSummary before = await Evaluate(run, evaluator, loop, _version, final: true);
        _ = Write(record => record with { Result = new JsonObject { [EvaluationBefore] = JsonSerializer.SerializeToNode(before) } });
        return before;
    }

    private async Task Complete(CheckpointManifest saved, EvaluationSummary before, EvaluationSummary after)
    {
        double seconds = (time.GetUtcNow() - _stored!.Record.Since).TotalSeconds;
        await Written(record => record with
        {
            State = RunState.Completed,
            Reason = null,
            Result = new JsonObject
            {
                [EvaluationBefore] = JsonSerializer.SerializeToNode(before),
                [EvaluationAfter] = JsonSerializer.SerializeToNode(after),
                [Weights] = saved.WeightsSha256,
                [Seconds] = seconds,
            },
        });
        _events.Append(n => new RunCompleted(n, Id, _version, saved.WeightsSha256, before, after, seconds, Location(_version)));
    }

    /// <summary>Says again what a completed run came to.</summary>
    private void Recount(RunContext run, CheckpointManifest last)
    {
        Announce(run, last.Version);
        _events.Append(n => new RunCompleted(
            n, Id, last.Version, last.WeightsSha256, Remembered(EvaluationBefore)!, Remembered(EvaluationAfter)!,
            (double?)_stored!.Record.Result?[Seconds] ?? 0, Location(last.Version)));
        _events.Close();
    }

    private void Announce(RunContext run, int version) => _events.Append(n => new RunStarted(
        n, Id, version, Steps, run.Parameters, run.Shards, _stored!.Record.Epoch, run.Task.Name, Store.Blobs.Location,
        devices.Fingerprint)
    {
        Checkpoint = _stored.Record.LatestCheckpoint ?? 0,
        SinceUnixMilliseconds = _stored.Record.Since.ToUnixTimeMilliseconds(),
    });

    /// <summary>Runs the loop to its end and turns what goes wrong into the run's last event.</summary>
    private async Task Guard(Func<Task> loop)
    {
        using var word = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        _ = GiveWord(word.Token);
        try
        {
            await loop();
        }
        catch (Exception e) when (_leaving.IsCancellationRequested)
        {
            UnitRetried("controller", e.Message); // its successor goes on
        }
        catch (Exception e)
        {
            LoopFailed(Id, _version, e);
            _message = e.Message;
            _events.Append(n => new RunFailed(n, Id, _version, e.Message, e is StorageException));
            try
            {
                await WriteNow(record => record with { State = RunState.Failed, Reason = e.Message }).WaitAsync(s_farewell, time);
                // Known to be this controller's still: another's shards are not touched. It goes on from a checkpoint, if at all.
                await new ShardSet(GrainFactory, await contexts.Get(Id), _stored!.Record.Epoch).Release(await AllSilos());
            }
            catch (Exception again) when (again is StorageException or RunException or TimeoutException or OrleansException)
            {
                // The store is what failed, or a newer controller owns the run: the event above has said it.
                LoopFailed(Id, _version, again);
            }
        }
        finally
        {
            RunMeter.Left(Id);
            await word.CancelAsync();
            _events.Close();
        }
    }

    /// <summary>Writes a committed step's metrics, in order with everything else.</summary>
    private void Record(StepMetrics metrics)
    {
        _lastStep = metrics;
        JsonObject values = JsonSerializer.SerializeToNode(metrics)!.AsObject();
        _ = _outbox!.Post(metrics.Version - 1, () => Store.WriteMetricsAsync(metrics.Version, values));
    }

    private async Task<EvaluationSummary> Evaluate(RunContext run, Evaluator evaluator, StepLoop loop, int version, bool final)
    {
        int count = final ? run.Spec.Evaluation.Count : Math.Min(run.Spec.Evaluation.Count, _settings!.Newest.Evaluation.IntermediateCount);
        EvaluationSummary summary = await evaluator.Evaluate(
            version, count, (done, total) => loop.Progress(version, "evaluate", done, total), _stopping.Token);
        _events.Append(n => new Evaluated(n, version, summary, final));
        if (_lastStep is { } step && step.Version == version)
        {
            Record(step with { Evaluation = summary });
            RunMeter.Evaluated(Id, _lastStep);
        }
        return summary;
    }

    private async Task Saved(CheckpointManifest manifest, double seconds)
    {
        await Write(record => record with { LatestCheckpoint = manifest.Version });
        _events.Append(n => new CheckpointSaved(n, manifest.Version, Location(manifest.Version), seconds));
    }

    private void StoreHealth(StorageException? trouble)
    {
        int behind = _version - (_outbox?.Oldest ?? _version);
        _events.Append(n => new StoreStanding(
            n, trouble is null, behind, Waiting: false, trouble is null
                ? "the store takes writes again"
                : $"the store takes nothing, training goes on and tries again: {trouble.Message}"));
    }

    private void RosterIsOther(IReadOnlyList<SiloDevices> silos, string[] joined, string[] lost)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        _events.Append(n => new RosterChanged(n, silos.Count, silos.Sum(silo => silo.Devices), joined, lost, now));
    }

    /// <summary>What befell a silo, for people who watch; Orleans's own words are in the log.</summary>
    private static string Why(Exception reason) => reason switch
    {
        SiloUnavailableException => "it is gone",
        TimeoutException => "it did not answer in time",
        _ => reason.Message,
    };

    private void Moved(SiloDevices from, SiloDevices to, Exception reason)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        UnitRetried($"work on {from.Silo}", reason.Message);
        _events.Append(n => new WorkMoved(n, from.Silo, to.Silo, Why(reason), now)
        {
            FromName = from.Label,
            ToName = to.Label,
        });
    }
}
