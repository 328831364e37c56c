using Bgpo.Grains.Shards;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>
/// Where a step's batch comes from: in hand from the step before, prefetched, in the journal, or sampled now. Lives inside one
/// grain, so it needs no locks.
/// </summary>
/// <param name="services">What a step loop works with.</param>
/// <param name="onSampled">Told of each group that is sampled and scored: its batch, its place, its record.</param>
public sealed class BatchSource(StepServices services, Action<Batch, int, JournalGroup> onSampled) : IDisposable
{
    private const string Journal = "journal";

    private Prefetched? _prefetched;

    /// <summary>A batch of an attempt that was given up: what it has sampled need not be sampled again.</summary>
    private Batch? _incomplete;

    /// <summary>Newest batch step that the store's journal may have; -1 when it has none.</summary>
    public int JournalledTo { get; private set; } = services.JournalledTo;

    /// <summary>The batch in hand; null when there is none.</summary>
    public Batch? Current { get; private set; }

    /// <summary>Gives up what was prefetched.</summary>
    public void Dispose() => DropPrefetched();

    /// <summary>The batch that a step belongs to.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Gives the step up.</param>
    /// <exception cref="RunException">The journal lacks a batch that is needed from it.</exception>
    public async Task<Batch> OpenAsync(int step, CancellationToken cancellationToken)
    {
        int batchStep = services.Run.Plan.BatchStep(step);
        if (Current?.Step == batchStep)
        {
            return Current;
        }
        RunSpec spec = services.Settings.At(batchStep);
        bool isMidBatch = batchStep != step;
        JournalStep? journal =
            batchStep <= JournalledTo ? await ReadJournalAsync(batchStep, isMidBatch, cancellationToken) : null;
        cancellationToken.ThrowIfCancellationRequested();
        if (journal is not null && (isMidBatch || Batch.IsSampledBy(spec.Rollout, journal)))
        {
            return Current = Batch.FromJournal(services.Run, spec, journal);
        }
        if (isMidBatch)
        {
            throw new RunException(
                $"run '{services.Run.Id}': step {step} needs the journal of step {batchStep}, which is not in " +
                    $"{services.Store.Blobs.Location}.");
        }
        return Current = Sample(step, spec, cancellationToken);
    }

    /// <summary>
    /// Begins to sample the batch of a step that follows at once. Shards that lose a copy of its weights may still go back to the
    /// version before: it is contributions that keep them from it, and those wait for the step.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public void Prefetch(int step, CancellationToken cancellationToken)
    {
        DropPrefetched();
        if (!services.GoesOn(step) || services.Run.Plan.BatchStep(step) != step || step <= JournalledTo)
        {
            return;
        }
        var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _prefetched = new Prefetched(Sample(step, services.Settings.At(step), giveUp.Token), giveUp);
    }

    /// <summary>
    /// Takes a step's prefetched batch in hand; null when there is none, or it was not sampled as the step is to be taken now.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <returns>What gives its work up.</returns>
    public CancellationTokenSource? TakePrefetched(int step)
    {
        if (_prefetched is not { } ready || ready.Batch.Step != step || ready.Batch.Rollout != services.Settings.At(step).Rollout)
        {
            DropPrefetched();
            return null;
        }
        (Current, _prefetched) = (ready.Batch, null);
        return ready.GiveUp;
    }

    /// <summary>Gives up what was prefetched.</summary>
    public void DropPrefetched()
    {
        if (_prefetched is { } dropped)
        {
            _prefetched = null;
            _ = EndAsync(dropped.GiveUp);
        }

        static async Task EndAsync(CancellationTokenSource giveUp)
        {
            await giveUp.CancelAsync();
            giveUp.Dispose();
        }
    }

    /// <summary>An attempt at a step failed: a batch that is not whole is sampled anew, but for what it has.</summary>
    public void GiveUp()
    {
        DropPrefetched();
        if (Current is { } batch && batch.Ready < batch.Count)
        {
            (_incomplete, Current) = (batch, null);
        }
    }

    /// <summary>Drops every batch: the run goes on from a checkpoint, perhaps with a change that they do not know.</summary>
    public void Forget()
    {
        DropPrefetched();
        (Current, _incomplete) = (null, null);
    }

    /// <summary>A change of the spec holds from a step: batches that later steps sampled are not what they will sample.</summary>
    /// <param name="step">The step.</param>
    public void ForgetAfter(int step)
    {
        JournalledTo = Math.Min(JournalledTo, step);
        Current = Current?.Step > step ? null : Current;
        _incomplete = _incomplete?.Step > step ? null : _incomplete;
    }

    /// <summary>Writes a batch's record, in order with everything else.</summary>
    /// <param name="batch">The batch.</param>
    public async Task JournalAsync(Batch batch)
    {
        if (await batch.Journal() is { } record)
        {
            _ = services.WriteQueue.Enqueue(batch.Step, () => services.Store.WriteJournalAsync(record));
            JournalledTo = Math.Max(JournalledTo, batch.Step);
        }
    }

    private Batch Sample(int step, RunSpec spec, CancellationToken cancellationToken)
    {
        Batch batch = Batch.Sample(
            services.Run, services.Shards.History, step, spec, _incomplete, services.Rollouts, onSampled, cancellationToken);
        _incomplete = null;
        return batch;
    }

    /// <summary>
    /// A batch's record. From a store that is away, or refuses, it is waited for only where sampling again would not make it.
    /// </summary>
    private async Task<JournalStep?> ReadJournalAsync(int batchStep, bool isNeeded, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, services.Stopping);
        if (isNeeded)
        {
            await services.WriteQueue.Flush(either.Token); // it may be on its way
        }
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return await services.Store.ReadJournalAsync(batchStep, either.Token);
                }
                catch (StoreUnavailableException) when (!isNeeded)
                {
                    return null;
                }
                catch (Exception e) when (!isNeeded && e is (CorruptBlobException or StoreRefusedException))
                {
                    services.Events.Append(n =>
                        new Noticed(n, $"{e.Message.TrimEnd('.')}; the batch is sampled again, to the same record."));
                    return null;
                }
                catch (CorruptBlobException e)
                {
                    throw new RunException(
                        $"{e.Message.TrimEnd('.')}; step {batchStep}'s batch is needed amid it: go back to version {batchStep} " +
                            "or an older "
                        + "one, which samples it again.", e);
                }
                catch (StorageException e) when (e is StoreUnavailableException or StoreRefusedException)
                {
                    services.WriteQueue.Note(Journal, e);
                    await Task.Delay(WriteQueue.Pause(attempt), services.Time, either.Token);
                }
            }
        }
        finally
        {
            services.WriteQueue.Note(Journal, null); // read, or not waited for any more
        }
    }

    /// <summary>A batch that is sampled before its step is taken.</summary>
    /// <param name="Batch">The batch.</param>
    /// <param name="GiveUp">Ends its work.</param>
    private sealed record Prefetched(Batch Batch, CancellationTokenSource GiveUp);
}
