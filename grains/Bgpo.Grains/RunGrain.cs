using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Model;
using Bgpo.Spec;
using Bgpo.Storage;
using Bgpo.Tasks;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Bgpo.Grains;

/// <inheritdoc cref="IRunGrain"/>
[KeepAlive]
public sealed partial class RunGrain(
    RunCatalog catalog, RunContexts contexts, SiloRoster roster, IPolicyDevices devices, ILocalSiloDetails silo, TimeProvider time,
    ILogger<RunGrain> log)
    : Grain, IRunGrain, IDisposable
{
    /// <summary>Tries to place the shards anew before the run gives up: two minutes' worth at five a second.</summary>
    private const int MostRecoveries = 600;

    private readonly EventLog _events = new();
    private Task _loop = Task.CompletedTask;
    private StoredRun? _stored;
    private string? _stopReason;
    private CancellationTokenSource _stopping = new();
    private int _version;
    private string _message = "";

    private string Id => this.GetPrimaryKeyString();

    private RunStore Store => catalog.Run(Id);

    /// <inheritdoc/>
    public async Task<RunStatus> Start(string specYaml)
    {
        try
        {
            RunSpec spec = SpecLoader.Load<RunSpec>(specYaml, $"spec of run {Id}", []);
            ModelFolder model = ModelFolder.Load(spec.Model.Path);
            CheckFits(spec, model);
            if (await Store.ReadAsync() is not null)
            {
                throw new RunException(
                    $"run '{Id}' exists already in {Store.Blobs.Location}; go on with it by --resume {Id}, or choose another id.");
            }
            // The record comes last: a start that is cut short leaves no run, and can be made again with the same model.
            await SaveBase(model);
            _stored = await Store.CreateAsync(new RunRecord
            {
                RunId = Id,
                State = RunState.Running,
                Spec = specYaml,
                Seed = spec.Run.Seed,
                NumericsFingerprint = devices.Fingerprint,
                ParameterCount = model.Parameters.LongLength,
                Cluster = silo.ClusterId,
                LatestCheckpoint = 0,
            });
        }
        catch (Exception e) when (e is SpecException or ModelException or TaskDataException or StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return await Resume();
    }

    /// <inheritdoc/>
    public async Task<RunStatus> Resume()
    {
        if (!_loop.IsCompleted)
        {
            return Status();
        }
        try
        {
            _stored = await Store.ReadAsync()
                ?? throw new RunException($"there is no run '{Id}' in {Store.Blobs.Location}; `bgpo train` starts one.");
            RunContext run = await contexts.Get(Id);
            CheckpointManifest from = await Store.LatestWholeCheckpointAsync(fault => _events.Append(n => new Noticed(n, fault)))
                ?? throw new RunException($"run '{Id}' has no whole checkpoint in {Store.Blobs.Location}; it cannot be resumed.");
            _version = from.Version;
            _stopReason = null;
            _stopping = new CancellationTokenSource();
            _message = "";
            if (_stored.Record.NumericsFingerprint != devices.Fingerprint)
            {
                _events.Append(n => new Noticed(
                    n, $"the run began on [{_stored.Record.NumericsFingerprint}] and goes on on [{devices.Fingerprint}]: "
                    + "its weights may differ in the last bits from an undisturbed run's."));
            }
            // A completed run whose last checkpoint is damaged is not done: its last steps are taken again from the journal.
            bool done = _stored.Record.State == RunState.Completed && from.Version == run.Spec.Run.Steps;
            if (!done)
            {
                await Write(record => record with
                {
                    State = RunState.Running,
                    Epoch = record.Epoch + 1,
                    Cluster = silo.ClusterId,
                });
            }
            _events.Reopen(_stored.Record.Epoch);
            _loop = done ? Recount(run, from) : Guard(() => Run(run, from));
        }
        catch (Exception e) when (e is StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return Status();
    }

    /// <inheritdoc/>
    public async Task KeepGoing()
    {
        if (_loop.IsCompleted && await Store.ReadAsync() is { Record.State: RunState.Running })
        {
            await Resume();
        }
    }

    /// <inheritdoc/>
    public async Task Stop(string reason)
    {
        _stopReason ??= reason;
        await _stopping.CancelAsync();
    }

    /// <inheritdoc/>
    public Task<RunStatus> GetStatus() => Task.FromResult(Status());

    /// <inheritdoc/>
    public IAsyncEnumerable<RunEvent> Watch(long after, CancellationToken cancellationToken) => _events.Read(after, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>The step loop, from a checkpoint to the last version or to a stop.</summary>
    private async Task Run(RunContext run, CheckpointManifest saved)
    {
        long started = Stopwatch.GetTimestamp();
        long epoch = _stored!.Record.Epoch;
        var dispatcher = new Dispatcher(roster.Get, time) { OnRetry = Retried };
        var shards = new ShardSet(GrainFactory, run, epoch);
        var loop = new StepLoop(run, epoch, Store, shards, dispatcher, GrainFactory, _events, time);
        var evaluator = new Evaluator(run, GrainFactory, dispatcher);
        // Shards that outlived the former controller are ahead of the checkpoint: nothing of theirs is done again.
        _version = Math.Max(saved.Version, await Standing(shards) ?? 0);
        Announce(run, _version);
        while (true)
        {
            try
            {
                await shards.Load(_version);
                saved = await Train(run, shards, loop, evaluator, saved, started);
                return;
            }
            catch (Exception e) when (e is StaleVersionException or TimeoutException or OrleansException)
            {
                saved = await GoBack(shards, e);
            }
        }
    }

    /// <summary>Takes steps to the last version or to a stop, and says how it ended.</summary>
    private async Task<CheckpointManifest> Train(
        RunContext run, ShardSet shards, StepLoop loop, Evaluator evaluator, CheckpointManifest saved, long started)
    {
        try
        {
            EvaluationSummary before = Remembered("evalBefore") ?? await EvaluateBase(evaluator, run, loop);
            while (_version < run.Spec.Run.Steps && _stopReason is null)
            {
                StepMetrics metrics = await loop.Take(_version, CancellationToken.None);
                _version = metrics.Version;
                await Store.WriteMetricsAsync(_version, JsonSerializer.SerializeToNode(metrics)!.AsObject());
                _events.Append(n => new StepCommitted(n, metrics));
                bool last = _version == run.Spec.Run.Steps;
                if (last || _version % run.Spec.Checkpoint.Every == 0)
                {
                    saved = await Save(run, shards, loop);
                }
                if (!last && run.Spec.Evaluation.Every > 0 && _version % run.Spec.Evaluation.Every == 0)
                {
                    await Evaluate(run, evaluator, loop, _version, final: false);
                }
            }
            if (_version == run.Spec.Run.Steps)
            {
                saved = saved.Version == _version ? saved : await Save(run, shards, loop);
                EvaluationSummary after = await Evaluate(run, evaluator, loop, _version, final: true);
                await Complete(saved, before, after, started);
                return saved;
            }
        }
        catch (OperationCanceledException) when (_stopReason is not null)
        {
            // An evaluation gives way to a stop; a step in hand never does.
        }
        saved = saved.Version == _version ? saved : await Save(run, shards, loop);
        await Write(record => record with { State = RunState.Stopped });
        _events.Append(n => new RunStopped(n, Id, _version, _stopReason!, saved.WeightsSha256, Location(_version)));
        return saved;
    }

    /// <summary>
    /// After shards went with their silo: places them anew, at the version they all still hold or at the newest checkpoint's,
    /// from where the journal is replayed.
    /// </summary>
    private async Task<CheckpointManifest> GoBack(ShardSet shards, Exception reason)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                CheckpointManifest from = await Store.LatestWholeCheckpointAsync(fault => _events.Append(n => new Noticed(n, fault)))
                    ?? throw new RunException($"run '{Id}' has no whole checkpoint in {Store.Blobs.Location}; it cannot go on.");
                int version = await Standing(shards) is { } held && held >= from.Version ? held : from.Version;
                await shards.Load(version);
                _version = version;
                _events.Append(n => new Noticed(n, $"goes on from version {version}: {reason.Message}"));
                return from;
            }
            catch (Exception e) when (attempt < MostRecoveries && e is (StaleVersionException or TimeoutException or OrleansException))
            {
                UnitRetried("shards", e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(200), time);
            }
        }
    }

    private static async Task<int?> Standing(ShardSet shards)
    {
        try
        {
            return await shards.CommonVersion();
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return null;
        }
    }

    private async Task<EvaluationSummary> EvaluateBase(Evaluator evaluator, RunContext run, StepLoop loop)
    {
        EvaluationSummary before = await Evaluate(run, evaluator, loop, _version, final: true);
        await Write(record => record with { Result = new JsonObject { ["evalBefore"] = JsonSerializer.SerializeToNode(before) } });
        return before;
    }

    private async Task Complete(CheckpointManifest saved, EvaluationSummary before, EvaluationSummary after, long started)
    {
        await Write(record => record with
        {
            State = RunState.Completed,
            Result = new JsonObject
            {
                ["evalBefore"] = JsonSerializer.SerializeToNode(before),
                ["evalAfter"] = JsonSerializer.SerializeToNode(after),
                ["weightsSha256"] = saved.WeightsSha256,
            },
        });
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        _events.Append(n => new RunCompleted(n, Id, _version, saved.WeightsSha256, before, after, seconds, Location(_version)));
    }

    /// <summary>Says again what a completed run came to.</summary>
    private Task Recount(RunContext run, CheckpointManifest last)
    {
        Announce(run, last.Version);
        _events.Append(n => new RunCompleted(
            n, Id, last.Version, last.WeightsSha256, Remembered("evalBefore")!, Remembered("evalAfter")!, 0, Location(last.Version)));
        _events.Close();
        return Task.CompletedTask;
    }

    private void Announce(RunContext run, int version) => _events.Append(n => new RunStarted(
        n, Id, version, run.Spec.Run.Steps, run.Parameters, run.Shards, _stored!.Record.Epoch, run.Task.Name, Store.Blobs.Location,
        devices.Fingerprint));

    /// <summary>Runs the loop to its end and turns what goes wrong into the run's last event.</summary>
    private async Task Guard(Func<Task> loop)
    {
        try
        {
            await loop();
        }
        catch (Exception e)
        {
            LoopFailed(Id, _version, e);
            _message = e.Message;
            _events.Append(n => new RunFailed(n, Id, _version, e.Message, e is StorageException));
            try
            {
                await Write(record => record with { State = RunState.Failed });
            }
            catch (Exception again) when (again is StorageException or RunException)
            {
                // The store is what failed, or a newer controller owns the run: the event above has said it.
                LoopFailed(Id, _version, again);
            }
        }
        finally
        {
            _events.Close();
        }
    }

    private async Task<EvaluationSummary> Evaluate(RunContext run, Evaluator evaluator, StepLoop loop, int version, bool final)
    {
        int count = final ? run.Spec.Evaluation.Count : Math.Min(run.Spec.Evaluation.Count, run.Spec.Evaluation.IntermediateCount);
        EvaluationSummary summary = await evaluator.Evaluate(
            version, count, (done, total) => loop.Progress(version, "evaluate", done, total), _stopping.Token);
        _events.Append(n => new Evaluated(n, version, summary, final));
        return summary;
    }

    private async Task<CheckpointManifest> Save(RunContext run, ShardSet shards, StepLoop loop)
    {
        long started = Stopwatch.GetTimestamp();
        loop.Progress(_version, "checkpoint", 0, run.Shards, force: true);
        ShardEntry[] entries = await shards.Save(_version);
        CheckpointManifest manifest = await Publish(run.Config, run.Tokenizer, run.Parameters, entries, run.Plan.BatchStep(_version));
        await Write(record => record with { LatestCheckpoint = _version });
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        _events.Append(n => new CheckpointSaved(n, _version, Location(_version), seconds));
        return manifest;
    }

    /// <summary>Writes the base model as the checkpoint of version 0, so that the store alone is enough to go on.</summary>
    private async Task SaveBase(ModelFolder model)
    {
        _version = 0;
        var entries = new ShardEntry[ShardKey.Count(model.Parameters.LongLength)];
        for (int shard = 0; shard < entries.Length; shard++)
        {
            (long offset, int length) = ShardKey.Span(shard, model.Parameters.LongLength);
            entries[shard] = await Store.SaveShardAsync(
                new ShardState(shard, [.. model.Parameters.AsSpan((int)offset, length)], [], []));
        }
        await Publish(model.Config, model.Tokenizer, model.Parameters.LongLength, entries, 0);
    }

    private Task<CheckpointManifest> Publish(
        ModelConfig config, ITokenizer tokenizer, long parameters, ShardEntry[] entries, int journalPosition) =>
        Store.PublishCheckpointAsync(new CheckpointManifest
        {
            Version = _version,
            ParameterCount = parameters,
            Shards = entries,
            ModelConfig = config.ToJson(),
            Tokenizer = tokenizer.ToJson(),
            WeightsSha256 = CheckpointManifest.HashOf(entries),
            JournalPosition = journalPosition,
        });

    /// <summary>Changes run.json, unless another controller has.</summary>
    private async Task Write(Func<RunRecord, RunRecord> change) =>
        _stored = await Store.UpdateAsync(change(_stored!.Record), _stored.ETag)
            ?? throw new RunException($"run '{Id}' was resumed by another process (epoch {_stored.Record.Epoch} is over), which goes on with it; this one stops.");

    private EvaluationSummary? Remembered(string name) =>
        _stored!.Record.Result?[name] is { } node ? node.Deserialize<EvaluationSummary>() : null;

    private RunStatus Status() => new(
        Id, _loop.IsCompleted ? _stored?.Record.State.ToString().ToLowerInvariant() ?? "unknown" : "running", _version,
        _stored is null ? 0 : SpecLoader.Load<RunSpec>(_stored.Record.Spec, Id, []).Run.Steps, _stored?.Record.Epoch ?? 0,
        _stored?.Record.LatestCheckpoint ?? -1, _message);

    private string Location(int version) => $"{Store.Blobs.Location.TrimEnd('/')}/{Id}/checkpoints/{version:D8}.json";

    private void Retried(string silo, Exception reason) => UnitRetried(silo, reason.Message);

    /// <summary>Refuses what no device could work on: prompts that the model cannot read, or that leave no room for a response.</summary>
    private static void CheckFits(RunSpec spec, ModelFolder model)
    {
        ITask task = TaskRegistry.Create(spec.Task); // a bad data file is the caller's news, before anything is written
        int room = model.Config.MaxSequenceLength - spec.Rollout.ResponseLength;
        foreach (Prompt prompt in task.HeldOut(spec.Evaluation.Count).Prepend(task.TrainingPrompt((ulong)spec.Run.Seed, 0, 0)))
        {
            int length = model.Tokenizer.EncodePrompt(prompt.Text).Length;
            if (length > room)
            {
                throw new ModelException(
                    $"the prompt '{prompt.Id}' has {length} tokens; with rollout.responseLength {spec.Rollout.ResponseLength} the model's "
                    + $"max_sequence_length {model.Config.MaxSequenceLength} leaves room for {room}.");
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "Run {Run} failed at version {Version}.")]
    private partial void LoopFailed(string run, int version, Exception exception);

    [LoggerMessage(LogLevel.Warning, "A unit is dispatched again: {Silo} failed it: {Reason}")]
    private partial void UnitRetried(string silo, string reason);
}
