using System.Text.Json;
using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Grains.Work;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;
using Microsoft.Extensions.Logging;

namespace Bgpo.Grains.Control;

/// <inheritdoc cref="IRunGrain"/>
[KeepAlive, HoldsState]
public sealed class RunGrain(
    RunCatalog catalog, RunContexts contexts, SiloRoster roster, IRunOwners owners, IPolicyDevices devices,
    ILocalSiloDetails silo,
    TimeProvider time, ILogger<RunGrain> log)
    : Grain, IRunGrain, IIncomingGrainCallFilter, IDisposable
{
    private readonly EventLog _events = new(time);
    private RunReporter _reporter = null!;
    private RunCreation _creation = null!;
    private RunLease _lease = null!;
    private RequestHandler _requests = null!;
    private Controller? _controller;
    private RunSettings? _settings;

    private string Id => this.GetPrimaryKeyString();

    private RunStore Store => catalog.Run(Id);

    private bool IsRunning => _controller is { Ended.IsCompleted: false };

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!BlobName.IsSegment(Id))
        {
            return Task.CompletedTask; // every call is refused
        }
        _reporter = new RunReporter(Id, _events, time, log);
        _creation = new RunCreation(Id, catalog, roster, owners, devices, silo, _reporter);
        _lease = new RunLease(Id, Store, owners, silo, time);
        _requests = new RequestHandler(Store, _lease, _reporter, time);
        return Task.CompletedTask;
    }

    /// <summary>Refuses what is asked of a run that no store can have.</summary>
    /// <param name="context">The call.</param>
    public Task Invoke(IIncomingGrainCallContext context) => BlobName.IsSegment(Id)
        ? context.Invoke()
        : throw new RunException(
            $"run id '{Id}' is not allowed: start with a letter or digit and go on with letters, digits, '.', '-' or '_', 128 " +
                "characters at most.");

    /// <summary>
    /// A controller whose silo leaves gives up the step in work; its successor goes on from where the shards stand.
    /// </summary>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _controller?.LeaveAsync(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<RunStatus> Start(string specYaml, string key)
    {
        await ForgetFormerRunAsync(isDeletedIfMissing: true);
        await _creation.StartAsync(specYaml, key);
        return await Resume();
    }

    /// <inheritdoc/>
    public async Task<RunStatus> Fork(string specYaml, string source, int? version, string[]? own, string key)
    {
        await ForgetFormerRunAsync(isDeletedIfMissing: true);
        await _creation.ForkAsync(specYaml, source, version, own, key);
        return await Resume();
    }

    /// <inheritdoc/>
    public Task<RunStatus> Resume() => ResumeAs(new Resumption());

    /// <inheritdoc/>
    public Task<RunStatus> ResumeAs(Resumption how) => ResumeAsync(how, isSuccessor: false);

    /// <inheritdoc/>
    public async Task EnsureRunning()
    {
        if (!IsRunning && await Store.ReadAsync() is { Record.State: RunState.Running or RunState.Paused } stored
            && !_lease.IsHeldByAnother(stored.Record))
        {
            await ResumeAsync(new Resumption(), isSuccessor: true);
        }
    }

    /// <inheritdoc/>
    public async Task CheckRequests()
    {
        if (!IsRunning)
        {
            await EnsureRunning();
            return;
        }
        try
        {
            await _requests.PollAsync();
        }
        catch (StorageException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public Task Stop(string reason) => IsRunning ? _requests.AskToStopAsync(reason) : _requests.StopAsync(reason);

    /// <inheritdoc/>
    public Task<RunStatus> GetStatus() => Task.FromResult(Status());

    /// <inheritdoc/>
    public IAsyncEnumerable<RunEvent> Watch(long after, CancellationToken cancellationToken) =>
        _events.Read(after, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _controller?.Dispose();
        _requests?.Dispose();
    }

    /// <summary>
    /// Goes on with the run, unless it is running: reads its record, chooses from where, takes its lease, starts a controller.
    /// </summary>
    /// <param name="how">From where.</param>
    /// <param name="isSuccessor">Whether it goes on for a controller that died: a stop that was asked for meanwhile still
    /// holds.</param>
    private async Task<RunStatus> ResumeAsync(Resumption how, bool isSuccessor)
    {
        if (_controller is { IsEnding: true } || (!isSuccessor && _requests.StopReason is not null))
        {
            await (_controller?.Ended ?? Task.CompletedTask); // it is about to end: what goes on goes on from there
        }
        await ForgetFormerRunAsync(isDeletedIfMissing: false);
        if (IsRunning)
        {
            return await GoOnAsync(how, isSuccessor);
        }
        try
        {
            how = await ReadRecordAsync(how, isSuccessor);
            RunContext run = await ReadContextAsync(RunKey.Of(Id, _lease.Record.Identity), isSuccessor);
            await _requests.LoadAsync();
            var numerics = new Numerics(_lease, _reporter);
            ShardRestorer restorer = new(run, Store.Existing(), _lease, roster, GrainFactory, _reporter, time);
            numerics.Check(_settings!.Started, await roster.Get());
            RestorePoint from = await ChooseRestorePointAsync(run, restorer, how);
            ControllerServices services = new(
                run, _settings!, Store.Existing(), _lease, _requests, _reporter, restorer, numerics, roster, GrainFactory, time);
            if (from.IsComplete)
            {
                contexts.Forget(run.Key);
                _events.Reopen(_lease.Record.Epoch);
                NewController(services, from, from.Checkpoint!.Version, last: null)
                    .ReportCompleted(from.Checkpoint, devices.Fingerprint);
                return Status();
            }
            string? wentBack = await TakeLeaseAsync(how, from, isSuccessor);
            // Shards that were freed for it have had this silo let go of the context, and of what its task holds.
            run = await contexts.Get(run.Key);
            await StartControllerAsync(
                services with { Run = run, Settings = _settings! }, @from with { Run = run }, wentBack, how.Reason);
        }
        catch (Exception e) when (e is StorageException or SpecException or ArgumentException)
        {
            throw new RunException(e.Message, e);
        }
        return Status();
    }

    /// <summary>
    /// Where the store has another run of this id: what is known here is of a run that was deleted. Its controller ends, and
    /// nothing of it is told to those who ask for the next.
    /// </summary>
    /// <param name="isDeletedIfMissing">
    /// Whether a run that is not in the store counts as deleted, too: where one is to begin under its id. Else it may come back.
    /// </param>
    private async Task ForgetFormerRunAsync(bool isDeletedIfMissing)
    {
        if (_lease.Known is not { } known)
        {
            return;
        }
        string? found = await ReadIdentityAsync();
        if (found is null && isDeletedIfMissing && IsRunning && !await Store.Blobs.IsSameAsync())
        {
            throw new RunException(
                $"run '{Id}' is driven here, and {Store.Blobs.Location} is not the store that it was: bring that back, "
                + "or take another id.");
        }
        found ??= isDeletedIfMissing ? null : known.Identity;
        if (found == known.Identity)
        {
            return;
        }
        if (IsRunning)
        {
            await _controller!.AbandonAsync();
        }
        DropController();
        _requests.ForgetStop();
        _events.Clear();
    }

    private async Task<string?> ReadIdentityAsync()
    {
        try
        {
            return (await Store.ReadAsync())?.Record.Identity;
        }
        catch (StorageException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    /// <summary>A run that is running only loses what would stop it.</summary>
    private async Task<RunStatus> GoOnAsync(Resumption how, bool isSuccessor)
    {
        if (how.Version is { } back && !RunLease.IsDone(how, _lease.Record))
        {
            throw new RunException(
                $"run '{Id}' is running and stands at version {_controller!.Version}; stop it before it is to go back to " +
                    $"version {back}.");
        }
        if (!isSuccessor)
        {
            await _requests.CancelPendingStopAsync(isRunning: true);
        }
        return Status();
    }

    private async Task<Resumption> ReadRecordAsync(Resumption how, bool isSuccessor)
    {
        if (!isSuccessor)
        {
            _requests.ForgetStop();
        }
        how = RunLease.IsDone(how, await _lease.ReadAsync()) ? new Resumption(Key: how.Key) : how;
        _lease.CheckFree(how);
        if (!isSuccessor)
        {
            await RunFiles.CheckUnchangedAsync(_lease.Record); // whoever goes on for one that died has the run's copy
            await _requests.CancelPendingStopAsync(isRunning: false);
        }
        _settings = new RunSettings(_lease.Record);
        return how;
    }

    /// <summary>
    /// What the run is. Whoever tells it to go on where this silo would have work, but lacks what that needs, hears of it at
    /// once; a successor leaves the work to silos that have it.
    /// </summary>
    private async Task<RunContext> ReadContextAsync(string key, bool isSuccessor)
    {
        string here = silo.SiloAddress.ToParsableString();
        try
        {
            IReadOnlyList<SiloDevices> silos = await roster.Get();
            if (!isSuccessor && SiloDevices.Scores(silos, here))
            {
                await contexts.GetForRewards(key);
            }
            return !isSuccessor && silos.Any(one => one.Silo == here && one.Devices > 0)
                ? await contexts.GetForWork(key)
                : await contexts.Get(key);
        }
        catch (UnsuitableSiloException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private async Task<RestorePoint> ChooseRestorePointAsync(RunContext run, ShardRestorer restorer, Resumption how)
    {
        RunRecord record = _lease.Record;
        CheckpointManifest? whole = how.Version is { } at ? await Store.RequireCheckpointAsync(at) : null;
        if (whole is null && (record.GoingBackTo is not null || record.State == RunState.Completed))
        {
            // Somebody was killed while going back; or a completed run's last checkpoint is damaged, and its last steps are taken
            // again.
            whole = await restorer.NewestCheckpointAsync();
            if (record.State == RunState.Completed && record.GoingBackTo is null && whole.Version == _settings!.Newest.Run.Steps)
            {
                return new RestorePoint(run, whole, JournalledTo: -1, IsComplete: true);
            }
        }
        // Shards that this cluster keeps of a run that another has driven since are not of the history that goes on. All of this
        // comes before the lease is taken: a run that cannot go on is left as it is.
        if (whole is null && !(owners.IsThis(record) && await restorer.CanStandAsync()))
        {
            whole = await restorer.NewestCheckpointAsync();
        }
        int journalledTo = (await Store.ListJournalAsync()).DefaultIfEmpty(-1).Max();
        return new RestorePoint(run, whole, journalledTo, IsComplete: false);
    }

    /// <returns>What was dropped because the run goes back, for people; null: nothing.</returns>
    private async Task<string?> TakeLeaseAsync(Resumption how, RestorePoint from, bool isSuccessor)
    {
        _settings = await _lease.TakeAsync(how, isSuccessor, beginsHistory: from.Checkpoint is not null);
        DropController(); // what it failed of is over
        if (from.Checkpoint is not null)
        {
            await new ShardSet(GrainFactory, from.Run, _lease.Record.Epoch).Release(await roster.All());
        }
        return await _lease.GoBackAsync();
    }

    private async Task StartControllerAsync(ControllerServices services, RestorePoint from, string? wentBack, string reason)
    {
        int committed = (await Store.ListMetricsAsync()).DefaultIfEmpty(0).Max();
        await _requests.BeginAsync();
        Controller controller = NewController(services, from, committed, await ReadStepAsync(committed));
        _events.Reopen(_lease.Record.Epoch);
        if (wentBack is not null)
        {
            _reporter.Notice(wentBack);
        }
        _reporter.GoesOn(reason);
        controller.Start(from, devices.Fingerprint);
    }

    /// <summary>
    /// What a committed step measured, to which its evaluation may have to be added; null: there is no such record, or it cannot
    /// be read.
    /// </summary>
    private async Task<StepMetrics?> ReadStepAsync(int version)
    {
        try
        {
            await foreach (StoredMetrics stored in Store.ReadMetricsAsync(Math.Max(1, version)))
            {
                return stored.Values.Deserialize<StepMetrics>();
            }
        }
        catch (CorruptBlobException e)
        {
            _reporter.Notice(e.Message);
        }
        return null;
    }

    private Controller NewController(ControllerServices services, RestorePoint from, int committed, StepMetrics? last)
    {
        DropController();
        return _controller = new Controller(services, from, committed, last);
    }

    private void DropController()
    {
        _controller?.Dispose();
        _controller = null;
    }

    private RunStatus Status()
    {
        RunRecord? known = _lease.Known;
        string message = _controller switch
        {
            { Failure.Length: > 0 } failed => failed.Failure,
            { IsHeld: true } held => held.HeldBy,
            _ => known?.Reason ?? "",
        };
        return new RunStatus(
            Id, State(known), _controller?.Version ?? known?.LatestCheckpoint ?? 0, _settings?.Newest.Run.Steps ?? 0,
            known?.Epoch ?? 0, known?.LatestCheckpoint ?? -1,
            message, silo.SiloAddress.ToParsableString())
        {
            SiloName = silo.Name,
        };
    }

    private RunState State(RunRecord? known) => IsRunning
        ? _requests.IsPaused || _controller!.IsHeld ? RunState.Paused : RunState.Running
        : known?.State ?? RunState.Unknown;
}
