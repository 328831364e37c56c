using System.Text.Json;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Work;
using Bgpo.Model;
using Bgpo.Model.Tokenizers;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;
using Bgpo.Tasks.Data;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Runs;

/// <inheritdoc cref="IRunGrain"/>
[KeepAlive, HoldsState]
public sealed partial class RunGrain(
    RunCatalog catalog, RunContexts contexts, SiloRoster roster, IRunOwners owners, IPolicyDevices devices, ILocalSiloDetails silo,
    TimeProvider time, ILogger<RunGrain> log)
    : Grain, IRunGrain, IDisposable
{
    /// <summary>Of what a run came to, the name of the held-out evaluation before its first step.</summary>
    public const string EvaluationBefore = "evalBefore";

    /// <summary>The name of the one of its last version.</summary>
    public const string EvaluationAfter = "evalAfter";

    /// <summary>The name of the final weights' hash.</summary>
    public const string Weights = "weightsSha256";

    /// <summary>The name of the seconds that it took.</summary>
    public const string Seconds = "seconds";

    /// <summary>Times that shards are asked where they stand before a run that nobody drives is left to itself.</summary>
    private const int MostSurveys = 25;

    private readonly EventLog _events = new(time);
    private Task _loop = Task.CompletedTask;
    private StoredRun? _stored;
    private string? _stopReason;
    private CancellationTokenSource _stopping = new();
    private CancellationTokenSource _leaving = new();
    private Outbox? _outbox;
    private EvaluationSummary? _before;
    private StepMetrics? _lastStep;

    /// <summary>Highest version that was ever committed, as far as the store knows.</summary>
    private int _counted;
    private bool _ending;
    private int _version;
    private string _message = "";

    private string Id => this.GetPrimaryKeyString();

    private RunStore Store => catalog.Run(Id);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _events.OnAppended = Log;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<RunStatus> Start(string specYaml, string key)
    {
        try
        {
            RunSpec spec = SpecLoader.Load<RunSpec>(specYaml, $"spec of run {Id}", []);
            ModelFolder model = ModelFolder.Load(spec.Model.Path);
            CheckFits(spec, model.Config, model.Tokenizer);
            if (await IsBegun(key))
            {
                return await Resume();
            }
            await RefuseRemains(0);
            // The record comes last: a start that is cut short leaves no run, and can be made again with the same model.
            await SaveBase(spec, model);
            await Store.CreateAsync(await NewRecord(spec, specYaml, model.Parameters.LongLength, key) with { LatestCheckpoint = 0 });
        }
        catch (Exception e) when (e is SpecException or ModelException or TaskDataException or StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return await Resume();
    }

    /// <inheritdoc/>
    public Task<RunStatus> Resume() => ResumeAs(new Resumption());

    /// <inheritdoc/>
    public Task<RunStatus> ResumeAs(Resumption how) => Resume(how, keepsStop: false);

    /// <param name="how">From where.</param>
    /// <param name="keepsStop">Whether a stop that was asked for before there was a controller still holds.</param>
    private async Task<RunStatus> Resume(Resumption how, bool keepsStop)
    {
        if (_ending || (!keepsStop && _stopReason is not null))
        {
            await _loop; // it is about to end: what goes on goes on from there
        }
        if (!_loop.IsCompleted)
        {
            if (how.Version is { } back && !IsDone(how, _stored!.Record))
            {
                throw new RunException($"run '{Id}' is running and stands at version {_version}; stop it before it is to go back to version {back}.");
            }
            if (!keepsStop)
            {
                await TakeBack();
            }
            return Status();
        }
        if (!keepsStop)
        {
            _stopReason = null;
        }
        try
        {
            _stored = await Store.ReadAsync()
                ?? throw new RunException($"there is no run '{Id}' in {Store.Blobs.Location}; `bgpo train` starts one.");
            how = IsDone(how, _stored.Record) ? new Resumption(Key: how.Key) : how;
            RefuseIfDriven(_stored.Record, how);
            if (!keepsStop)
            {
                await TakeBack();
            }
            RunContext run = await contexts.Get(Id);
            (_ending, _before) = (false, null);
            (_settings, _requests, _paused) = (
                new RunSettings(_stored.Record), await ReadRequests(), _stored.Record.State == RunState.Paused);
            _stopReason ??= Wish is { Kind: RequestKind.Stop } asked ? asked.Reason : null;
            (_stopping, _leaving) = (new CancellationTokenSource(), new CancellationTokenSource());
            _message = "";
            await CheckNumerics(run.Spec);
            CheckpointManifest? whole = how.Version is { } at ? await Store.RequireCheckpointAsync(at) : null;
            if (whole is null && _stored.Record.GoingBackTo is not null)
            {
                whole = await NewestWhole(); // somebody was killed while he went back
            }
            if (whole is null && _stored.Record.State == RunState.Completed)
            {
                whole = await NewestWhole();
                if (whole.Version == _settings.Newest.Run.Steps)
                {
                    _version = whole.Version;
                    _events.Reopen(_stored.Record.Epoch);
                    Recount(run, whole);
                    return Status();
                }
                // A completed run whose last checkpoint is damaged is not done: its last steps are taken again from the journal.
            }
            // Shards that this cluster keeps of a run that another has driven since are not of the history that goes on.
            if (whole is null && !(owners.IsThis(_stored.Record) && await IsHeld(run)))
            {
                whole = await NewestWhole(); // before the epoch is raised: a run that cannot go on is left as it is
            }
            int journalledTo = (await Store.ListJournalAsync()).DefaultIfEmpty(-1).Max();
            await TakeOver(how, isSuccessor: keepsStop);
            if (whole is not null)
            {
                await new ShardSet(GrainFactory, run, _stored.Record.Epoch).Release(await AllSilos());
            }
            string? goneBack = await GoBack();
            _counted = (await Store.ListMetricsAsync()).DefaultIfEmpty(0).Max();
            _version = whole?.Version ?? _stored.Record.LatestCheckpoint ?? 0;
            if (_stopReason is not null)
            {
                await _stopping.CancelAsync();
            }
            _events.Reopen(_stored.Record.Epoch);
            if (goneBack is not null)
            {
                _events.Append(n => new Noticed(n, goneBack));
            }
            SayWhyOn(how.Reason);
            _loop = Guard(() => Run(run, whole, journalledTo));
        }
        catch (Exception e) when (e is StorageException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return Status();
    }

    /// <summary>Whether a call was made before, and its controller went with its silo: it is not done twice.</summary>
    private static bool IsDone(Resumption how, RunRecord record) => how.Key.Length > 0 && record.ResumedBy == how.Key;

    /// <inheritdoc/>
    public async Task KeepGoing()
    {
        if (_loop.IsCompleted && await Store.ReadAsync() is { Record.State: RunState.Running or RunState.Paused } stored && !IsDriven(stored.Record))
        {
            await Resume(new Resumption(), keepsStop: true);
        }
    }

    /// <inheritdoc/>
    public async Task Stop(string reason)
    {
        _stopReason ??= reason;
        await _stopping.CancelAsync();
    }

    /// <summary>A controller whose silo leaves gives up the step in hand; its successor goes on from where the shards stand.</summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        await _loop.WaitAsync(cancellationToken).ConfigureAwait(AnyEnd);
    }

    /// <inheritdoc/>
    public Task<RunStatus> GetStatus() => Task.FromResult(Status());

    /// <inheritdoc/>
    public IAsyncEnumerable<RunEvent> Watch(long after, CancellationToken cancellationToken) => _events.Read(after, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _leaving.Dispose();
        _outbox?.Dispose();
    }

    /// <summary>A strict run does not go on where nobody computes as those that began it did.</summary>
    private async Task CheckNumerics(RunSpec spec)
    {
        SiloDevices[] workers = [.. (await roster.Get()).Where(silo => silo.Devices > 0)];
        if (workers.Length > 0 && Array.TrueForAll(workers, silo => !Suits(spec, silo)))
        {
            throw new RunException(
                $"run '{Id}' began on [{_stored!.Record.NumericsFingerprint}]; here is only [{workers[0].Numerics}], and its weights would differ "
                + "in their last bits. Resume it on such a machine, or fork it with --set run.reproducible=warn.");
        }
    }

    /// <summary>Whether a silo may work for this run.</summary>
    private bool Suits(RunSpec spec, SiloDevices silo) => spec.Run.Reproducible != "strict" || silo.Numerics == _stored!.Record.NumericsFingerprint;

    /// <summary>Says, once for each silo, that its numerics are not the run's.</summary>
    private void OtherNumerics(SiloDevices silo, bool works) => _events.Append(n => new Noticed(n, works
        ? $"silo {silo.Silo} computes on [{silo.Numerics}], and the run began on [{_stored!.Record.NumericsFingerprint}]: its weights may "
            + "differ in their last bits from an undisturbed run's."
        : $"silo {silo.Silo} gets no work of this run: it computes on [{silo.Numerics}], and the run began on "
            + $"[{_stored!.Record.NumericsFingerprint}] (run.reproducible: strict)."));

    /// <summary>Whether the shards can stand at some version without a checkpoint; tried again while silos come and go.</summary>
    private async Task<bool> IsHeld(RunContext run)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await Held(run, ours: false) is not null;
            }
            catch (Exception e) when (attempt < MostSurveys && e is (TimeoutException or OrleansException))
            {
                UnitRetried("shards", e.Message);
                await Task.Delay(s_recoveryPause, time);
            }
        }
    }

    private async Task<CheckpointManifest> NewestWhole() =>
        await Store.LatestWholeCheckpointAsync(fault => _events.Append(n => new Noticed(n, fault)), _stored?.Record.GoingBackTo ?? int.MaxValue)
            ?? throw new RunException($"run '{Id}' has no whole checkpoint in {Store.Blobs.Location}; it cannot be resumed.");

    private Task<string[]> LiveSilos() => roster.Keepers();

    /// <summary>Also those that only work, which have weights of the run.</summary>
    private async Task<string[]> AllSilos() => [.. (await roster.Get()).Select(silo => silo.Silo)];

    /// <summary>Changes run.json, unless another controller has; once everything posted before is in the store.</summary>
    private Task Write(Func<RunRecord, RunRecord> change) => _outbox!.Post(_version, () => WriteNow(change));

    private async Task WriteNow(Func<RunRecord, RunRecord> change)
    {
        while (true)
        {
            if (await Store.UpdateAsync(change(_stored!.Record), _stored.ETag) is { } written)
            {
                _stored = written;
                return;
            }
            _stored = await ReadOwn(); // an earlier try of this very write that seemed to fail had reached the store
        }
    }

    /// <summary>Reads run.json, which must be this controller's still.</summary>
    private async Task<StoredRun> ReadOwn()
    {
        StoredRun? found = await Store.ReadAsync();
        return found?.Record.Controller == _stored!.Record.Controller
            ? found
            : throw new RunException(
                $"run '{Id}' was resumed by another process (epoch {_stored.Record.Epoch} is over), which goes on with it; this one stops.");
    }

    private Task RefuseIfFenced() => ReadOwn();

    private EvaluationSummary? Remembered(string name) =>
        _stored!.Record.Result?[name] is { } node ? node.Deserialize<EvaluationSummary>() : null;

    private RunStatus Status() => new(
        Id, _loop.IsCompleted ? _stored?.Record.State.ToString().ToLowerInvariant() ?? "unknown" : _paused ? "paused" : "running", _version,
        _settings?.Newest.Run.Steps ?? 0, _stored?.Record.Epoch ?? 0,
        _stored?.Record.LatestCheckpoint ?? -1, _message.Length > 0 ? _message : _stored?.Record.Reason ?? "", silo.SiloAddress.ToParsableString())
    {
        SiloName = silo.Name,
    };

    private string Location(int version) => Store.CheckpointLocation(version);

    private void Retried(string failed, Exception reason) => UnitRetried(failed, reason.Message);

    /// <summary>Writes the base model as the checkpoint of version 0, so that the store alone is enough to go on.</summary>
    private async Task SaveBase(RunSpec spec, ModelFolder model)
    {
        var run = new RunContext(Id, spec, TaskRegistry.Create(spec.Task), model.Config, model.Tokenizer, model.Parameters.LongLength);
        IReadOnlyList<ShardEntry> entries = await Store.SaveShardsAsync(Enumerable.Range(0, run.Shards).Select(shard =>
        {
            (long offset, int length) = ShardKey.Span(shard, run.Parameters);
            return new ShardState(shard, [.. model.Parameters.AsSpan((int)offset, length)], [], []);
        }));
        await Store.PublishCheckpointAsync(CheckpointWriter.Manifest(run, 0, [.. entries]));
    }

    /// <summary>Refuses what no device could work on: prompts that the model cannot read, or that leave no room for a response.</summary>
    private static void CheckFits(RunSpec spec, ModelConfig config, ITokenizer tokenizer)
    {
        ITask task = TaskRegistry.Create(spec.Task); // a bad data file is the caller's news, before anything is written
        int room = config.MaxSequenceLength - spec.Rollout.ResponseLength;
        foreach (Prompt prompt in task.HeldOut(spec.Evaluation.Count).Prepend(task.TrainingPrompt((ulong)spec.Run.Seed, 0, 0)))
        {
            int length = tokenizer.EncodePrompt(prompt.Text).Length;
            if (length > room)
            {
                throw new ModelException(
                    $"the prompt '{prompt.Id}' has {length} tokens; with rollout.responseLength {spec.Rollout.ResponseLength} the model's "
                    + $"max_sequence_length {config.MaxSequenceLength} leaves room for {room}.");
            }
        }
    }
}
