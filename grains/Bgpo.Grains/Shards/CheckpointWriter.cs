using System.Diagnostics;
using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Shards;

/// <summary>
/// Saves checkpoints beside the steps: a commit has the shards keep the version, they upload it while the next steps go on, and
/// the manifest follows behind every journal and metrics record of the steps before it. One is saved at a time. Of the versions
/// that come due meanwhile the shards keep the newest, which is saved next: so what is saved was due, however slow the store.
/// </summary>
/// <remarks>Runs inside one grain: all its continuations are turns of that grain, so it needs no locks.</remarks>
/// <param name="run">The run.</param>
/// <param name="store">The run's store.</param>
/// <param name="shards">The run's shards.</param>
/// <param name="writes">What is written in order.</param>
/// <param name="time">Clock and timers.</param>
public sealed class CheckpointWriter(RunContext run, RunStore store, ShardSet shards, WriteQueue writes, TimeProvider time)
{
    private const string Shards = "shards";

    private Task<CheckpointManifest?> _saving = Task.FromResult<CheckpointManifest?>(null);
    private int _savingVersion;
    private int? _kept;
    private int? _next;
    private int _turn;
    private bool _missed;

    /// <summary>How often checkpoints are due.</summary>
    public RunSettings Settings { get; init; } = new(run.Spec);

    /// <summary>Told when a checkpoint is whole in the store: its manifest and the seconds it took.</summary>
    public Func<CheckpointManifest, double, Task> OnSaved { get; init; } = static (_, _) => Task.CompletedTask;

    /// <summary>Told that a checkpoint could not be made of a version, because shards went with their silo, and why.</summary>
    public Action<int, Exception> OnMissed { get; init; } = static (_, _) => { };

    /// <summary>
    /// Told, at each try, that a version cannot be saved until somebody mends something, and why; with null, that it is no longer
    /// tried: it is saved, or its shards are gone.
    /// </summary>
    public Action<int, Exception?> OnRefusal { get; init; } = static (_, _) => { };

    /// <summary>Told of a version that was due and is not saved, and of the newer one that takes its turn.</summary>
    public Action<int, int> OnPassedOver { get; init; } = static (_, _) => { };

    /// <summary>Version of the checkpoint that is being saved; null when none is.</summary>
    public int? InWork => _saving.IsCompleted ? null : _savingVersion;

    /// <summary>Whether the commit that makes a version is to keep it for saving.</summary>
    /// <param name="version">The version.</param>
    public bool Keeps(int version)
    {
        // One that was missed because shards went with their silo is made up for at once.
        bool isDue = version % Settings.Newest.Checkpoint.Every == 0 || (_missed && InWork is null);
        _kept = isDue ? version : null;
        return isDue;
    }

    /// <summary>
    /// A version is committed: if the shards keep it, begins to save it, or has it wait for the one that is being saved.
    /// </summary>
    /// <param name="version">The version.</param>
    public void Committed(int version)
    {
        if (version != _kept)
        {
            return;
        }
        if (InWork is null)
        {
            Begin(version);
            return;
        }
        if (_next is { } passedOver)
        {
            OnPassedOver(passedOver, version);
        }
        _next = version;
    }

    /// <summary>Takes note of a whole checkpoint that the shards were loaded from: it need not be saved again.</summary>
    /// <param name="whole">Its manifest.</param>
    public void Loaded(CheckpointManifest whole)
    {
        _turn++;
        (_saving, _next) = (Task.FromResult<CheckpointManifest?>(whole), null);
    }

    /// <summary>Begins to save a version that the shards keep or stand at.</summary>
    /// <param name="version">The version.</param>
    private void Begin(int version)
    {
        (_savingVersion, _missed, _next) = (version, false, null);
        _saving = SaveInTurn(version, ++_turn, CancellationToken.None);
    }

    private async Task<CheckpointManifest?> SaveInTurn(int version, int turn, CancellationToken cancellationToken)
    {
        CheckpointManifest? saved = await Save(version, cancellationToken);
        while (turn == _turn && _next is { } next)
        {
            (_savingVersion, _missed, _next) = (next, false, null);
            saved = await Save(next, cancellationToken);
        }
        return saved;
    }

    /// <summary>Saves the version that the shards stand at, unless it is saved already, and waits for it.</summary>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Ends the wait; the saving itself goes on.</param>
    /// <exception cref="StaleVersionException">Shards lost their state with their silo; the controller must place them
    /// anew.</exception>
    public async Task<CheckpointManifest> SaveNow(int version, CancellationToken cancellationToken)
    {
        if (await _saving.WaitAsync(cancellationToken) is { } manifest && manifest.Version == version)
        {
            return manifest;
        }
        Begin(version);
        return await _saving.WaitAsync(cancellationToken)
            ?? throw new StaleVersionException(
                $"version {version} of run {run.Id} could not be saved: shards went with their silo.");
    }

    /// <summary>Waits until no checkpoint is being saved.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task Idle(CancellationToken cancellationToken) => _saving.WaitAsync(cancellationToken);

    /// <summary>The manifest of saved shards.</summary>
    /// <param name="run">The run.</param>
    /// <param name="version">The version.</param>
    /// <param name="entries">The shards.</param>
    public static CheckpointManifest Manifest(RunContext run, int version, ShardEntry[] entries) => new()
    {
        Version = version,
        ParameterCount = run.Parameters,
        Shards = entries,
        ModelConfig = run.Config.ToJson(),
        Tokenizer = run.TokenizerJson,
        Adapter = run.Adapter,
        WeightsSha256 = CheckpointManifest.HashOf(entries),
        JournalPosition = run.Plan.BatchStep(version),
    };

    /// <summary>
    /// Tries until the version is saved or its shards are gone; fails only where nothing may be written any more.
    /// </summary>
    private async Task<CheckpointManifest?> Save(int version, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                ShardEntry[] entries = await shards.Save(version);
                writes.Note(Shards, null);
                CheckpointManifest manifest = await PublishAsync(Manifest(run, version, entries), cancellationToken);
                OnRefusal(version, null);
                await OnSaved(manifest, Stopwatch.GetElapsedTime(started).TotalSeconds);
                return manifest;
            }
            catch (StorageException e) when (WriteQueue.IsTransient(e))
            {
                writes.Note(Shards, e);
            }
            catch (Exception e) when (e is StaleVersionException or TimeoutException or OrleansException
                or OperationCanceledException or CorruptBlobException)
            {
                _missed = true;
                writes.Note(Shards, null); // it is not tried any more
                OnRefusal(version, null);
                OnMissed(version, e);
                return null;
            }
            catch (Exception e)
            {
                writes.ThrowIfFaulted();
                OnRefusal(version, e);
            }
            await Task.Delay(WriteQueue.Pause(attempt), time, cancellationToken);
            writes.ThrowIfFaulted();
        }
    }

    /// <summary>
    /// Publishes a manifest behind everything posted before. What refuses it for good does not hold up what is posted after.
    /// </summary>
    /// <exception cref="CorruptBlobException">Somebody deleted a blob meanwhile: saved again, it heals.</exception>
    private async Task<CheckpointManifest> PublishAsync(CheckpointManifest manifest, CancellationToken cancellationToken)
    {
        StorageException? refused = null;
        await writes.Enqueue(manifest.Version, async () =>
        {
            try
            {
                manifest = await store.PublishCheckpointAsync(manifest, cancellationToken);
                refused = null;
            }
            catch (StorageException e) when (!WriteQueue.IsTransient(e))
            {
                refused = e;
            }
        });
        return refused is null ? manifest : throw refused;
    }
}
