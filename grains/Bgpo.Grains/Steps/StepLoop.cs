using System.Diagnostics;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Optimizer;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

using EventLog = Bgpo.Grains.Runs.EventLog;

namespace Bgpo.Grains.Steps;

/// <summary>
/// The step protocol: plan, rollout, reward, journal, gradient, commit. There is no barrier between the phases: a group's
/// gradient units start as soon as its rewards are known, and only the commit waits for all. The next batch is sampled from when the
/// shards have moved on, while copies of them are made.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="epoch">The controller's epoch.</param>
/// <param name="store">The run's store, to read the journal from.</param>
/// <param name="outbox">What is written to the store beside the steps.</param>
/// <param name="checkpoints">Says which versions are to be kept for saving.</param>
/// <param name="shards">The run's shards.</param>
/// <param name="dispatcher">Who finds a silo for each unit.</param>
/// <param name="grains">Where learner and rollout grains are found.</param>
/// <param name="events">Where progress is told.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="stopping">Asks the run to stop: a step that waits for the store is given up then.</param>
public sealed partial class StepLoop(
    RunContext run, long epoch, RunStore store, Outbox outbox, CheckpointWriter checkpoints, ShardSet shards, Dispatcher dispatcher,
    IGrainFactory grains, EventLog events, TimeProvider time, CancellationToken stopping) : IDisposable
{
    private static readonly TimeSpan s_progressPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a step that nothing disturbs is looked after: whether the store has failed it.</summary>
    private static readonly TimeSpan s_watchPeriod = TimeSpan.FromMilliseconds(500);

    private Batch? _batch;
    private Batch? _givenUp;
    private Task _protecting = Task.CompletedTask;
    private int _changesSeen;
    private int _redispatchedSeen;
    private long _lastProgress;
    private long _lostSince;
    private StoreHealth _healthSeen = store.Blobs.Health;

    /// <summary>The spec that each step is taken by.</summary>
    public RunSettings Settings { get; init; } = new(run.Spec);

    /// <summary>Whether a step is going to be taken as soon as the one before it is, as far as is known.</summary>
    public Func<int, bool> GoesOn { get; init; } = step => step < run.Spec.Run.Steps;

    /// <summary>Newest batch step that the store's journal may have; -1 when it has none.</summary>
    public int JournalledTo { get; set; } = -1;

    /// <summary>Whether the last step's version is kept by the shards, to be saved.</summary>
    public bool Kept { get; private set; }

    /// <summary>Takes step v: turns theta_v into theta_(v+1) on every shard.</summary>
    /// <param name="step">v.</param>
    /// <param name="cancellationToken">Gives the step up.</param>
    /// <exception cref="StaleVersionException">Shards lost their state with their silo; the controller must place them anew.</exception>
    public async Task<StepMetrics> Take(int step, CancellationToken cancellationToken)
    {
        FaultPoint.Hit(GrainFaults.StepBegins);
        long started = Stopwatch.GetTimestamp();
        using CancellationTokenSource giveUp = Begun(step) ?? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task disturbed = dispatcher.Disturbed;
        Task<StepMetrics> taking = TakeOnce(step, giveUp.Token, cancellationToken);
        try
        {
            Protect();
            while (!taking.IsCompleted)
            {
                await Task.WhenAny(taking, disturbed, Task.Delay(s_watchPeriod, time, giveUp.Token));
                disturbed = dispatcher.Disturbed; // what happens while this is looked at is looked at next
                cancellationToken.ThrowIfCancellationRequested();
                outbox.ThrowIfFaulted();
                Protect();
                if (!taking.IsCompleted && dispatcher.Redispatched > _redispatchedSeen)
                {
                    _redispatchedSeen = dispatcher.Redispatched;
                    await CheckShards(step);
                }
            }
            StepMetrics metrics = await taking;
            _lostSince = 0;
            return metrics;
        }
        catch
        {
            _lostSince = _lostSince == 0 ? started : _lostSince;
            _changesSeen = -1; // shards that are placed anew have no copies yet
            DropAhead();
            if (_batch is { } batch && batch.Ready < batch.Count)
            {
                // What is sampled need not be sampled again, but its attempt's other groups have no one to report to.
                (_givenUp, _batch) = (batch, null);
            }
            throw;
        }
        finally
        {
            // Work that still waits or runs for this step has no one to report to.
            await giveUp.CancelAsync();
        }
    }

    /// <summary>While no step is taken: looks which silos live, and has the shards held by a second one where one went.</summary>
    public async Task Look()
    {
        await dispatcher.Look();
        Protect();
    }

    /// <summary>After silos came or went: has each shard's state held by a second silo again, beside the step.</summary>
    private void Protect()
    {
        if (_protecting.IsCompleted && dispatcher.Changes != _changesSeen)
        {
            _changesSeen = dispatcher.Changes;
            _protecting = Protect(dispatcher.Silos);
        }
    }

    private async Task Protect(string[] silos)
    {
        try
        {
            await shards.Protect(null, silos);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or RunException)
        {
            // A shard that went with its silo, or a newer controller, is noticed by whoever needs the shard.
            _changesSeen = -1;
        }
    }

    /// <summary>After a call failed: whether a shard went with the silo.</summary>
    private async Task CheckShards(int step)
    {
        if (await shards.LowestVersion() < step)
        {
            throw new StaleVersionException($"shards do not stand at version {step} any more.");
        }
    }

    private async Task<StepMetrics> TakeOnce(int step, CancellationToken cancellationToken, CancellationToken leaving)
    {
        long started = Stopwatch.GetTimestamp();
        double lost = _lostSince == 0 ? 0 : Stopwatch.GetElapsedTime(_lostSince).TotalSeconds;
        int redispatched = dispatcher.Redispatched;
        var tally = new Tally();
        Batch batch = await Open(step, cancellationToken);

        // Gradient: every group's units as soon as the group is ready.
        int first = run.Plan.FirstGroup(step);
        Task<JournalGroup[]> gradient = Task.WhenAll(
            Enumerable.Range(first, run.Plan.GroupsPerUpdate).Select(g => Contribute(batch, g, step, tally, cancellationToken)));
        Task old = step == batch.Step && run.Plan.UpdatesPerBatch > 1 && !batch.IsJournalled
            ? OldLikelihoods(batch, first, cancellationToken)
            : Task.CompletedTask;
        // The journal is written beside the gradient work, unless it waits for the old policy's values.
        Task journal = step == batch.Step ? PostJournal(batch, run.Plan.UpdatesPerBatch > 1 ? Task.WhenAll(gradient, old) : old) : old;
        await Task.WhenAll(gradient, old, journal);
        await Admit(step, cancellationToken);

        long committing = Stopwatch.GetTimestamp();
        Progress(step, "commit", 0, run.Shards, force: true);
        int completions = run.Plan.CompletionsPerUpdate;
        double norm = await shards.GradientNorm(step, tally.Units, completions);
        RunSpec spec = Settings.At(step);
        double rate = LearningRate.At(spec.Optimizer, step, spec.Run.Steps);
        FaultPoint.Hit(GrainFaults.StepBeforeCommit);
        cancellationToken.ThrowIfCancellationRequested(); // an attempt that was given up must not commit what the next one collects
        Kept = checkpoints.IsDue(step + 1);
        await shards.Commit(new CommitRequest(
            epoch, step, AdamW.ClipFactor(norm, spec.Optimizer.ClipNorm), rate, completions, Kept));
        cancellationToken.ThrowIfCancellationRequested(); // one that was given up meanwhile begins nothing
        Begin(step + 1, leaving);
        await shards.Protect(step + 1, dispatcher.Silos);
        FaultPoint.Hit(GrainFaults.StepCommitted);

        JournalGroup[] groups = await gradient;
        StoreHealth health = store.Blobs.Health, before = _healthSeen;
        _healthSeen = health;
        return new StepMetrics
        {
            Version = step + 1,
            MeanReward = groups.SelectMany(g => g.Rewards).Average(),
            SolveRate = groups.SelectMany(g => g.Exact).Average(exact => exact ? 1.0 : 0.0),
            ActiveGroups = groups.Count(Batch.Teaches),
            Groups = groups.Length,
            Samples = tally.Samples,
            Units = tally.Units.Count,
            GradientNorm = norm,
            LearningRate = rate,
            Objective = tally.Objective / completions,
            Elbo = tally.Samples == 0 ? 0 : tally.LogLikelihood / tally.Samples,
            BoundHits = tally.BoundHits,
            RolloutSeconds = step == batch.Step ? batch.RolloutSeconds : 0,
            RewardSeconds = step == batch.Step ? batch.RewardSeconds : 0,
            GradientSeconds = tally.DeviceSeconds,
            CommitSeconds = Stopwatch.GetElapsedTime(committing).TotalSeconds,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            Tokens = batch.RolloutSeconds > 0 && step == batch.Step ? batch.Count * run.Spec.Rollout.Completions * run.Spec.Rollout.ResponseLength : 0,
            Redispatched = dispatcher.Redispatched - redispatched,
            RssMiB = Environment.WorkingSet / 1048576.0,
            LostSeconds = lost,
            Ledger = Ledger.Write(tally.Units),
            UnixMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Silos = dispatcher.Roster.Count,
            Devices = dispatcher.Devices,
            StoreBehind = step - (outbox.Oldest ?? step),
            StoreRetries = health.Retries - before.Retries,
            StoreFailures = health.Failures - before.Failures,
        };
    }

    /// <summary>Waits while the store is too far behind to commit another version.</summary>
    private async Task Admit(int step, CancellationToken cancellationToken)
    {
        int maxBehind = Settings.Newest.Checkpoint.MaxBehind;
        void Waiting(int oldest) => events.Append(n => new StoreStanding(
            n, outbox.Healthy, step - oldest, Waiting: true,
            $"training waits for the store, which lacks the last {step - oldest} versions (checkpoint.maxBehind {maxBehind})"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        if (checkpoints.InWork is { } saving && step - saving >= maxBehind)
        {
            Waiting(saving);
            await checkpoints.Idle(either.Token);
        }
        await outbox.Admit(step, maxBehind, () => Waiting(outbox.Oldest ?? step), either.Token);
    }

    /// <summary>Tells watchers how far the work has come, a few times a second.</summary>
    /// <param name="version">Version in work.</param>
    /// <param name="phase">What is being done.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all.</param>
    /// <param name="force">Tell even if something was told just before.</param>
    public void Progress(int version, string phase, int done, int total, bool force = false)
    {
        if (force || _lastProgress == 0 || Stopwatch.GetElapsedTime(_lastProgress) > s_progressPeriod)
        {
            _lastProgress = Stopwatch.GetTimestamp();
            events.Append(n => new Progressed(n, version, phase, done, total, dispatcher.InFlight, dispatcher.Devices));
        }
    }

    /// <summary>Drops the batch in hand: the run goes on from a checkpoint, perhaps with a change that the batch does not know.</summary>
    public void Forget()
    {
        DropAhead();
        (_batch, _givenUp) = (null, null);
    }

    /// <summary>A change of the spec holds from a step: batches that later steps sampled are not what they will sample.</summary>
    /// <param name="step">The step.</param>
    public void ForgetAfter(int step)
    {
        JournalledTo = Math.Min(JournalledTo, step);
        _batch = _batch?.Step > step ? null : _batch;
        _givenUp = _givenUp?.Step > step ? null : _givenUp;
    }

    /// <summary>The batch that a step belongs to: in hand, in the journal, or sampled now.</summary>
    private async Task<Batch> Open(int step, CancellationToken cancellationToken)
    {
        int batchStep = run.Plan.BatchStep(step);
        if (_batch?.Step == batchStep)
        {
            return _batch;
        }
        RolloutSection rollout = Settings.At(batchStep).Rollout;
        if (batchStep <= JournalledTo && await ReadJournal(batchStep, needed: batchStep != step, cancellationToken) is { } journal
            && (batchStep != step || Batch.IsSampledBy(rollout, journal)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return _batch = Batch.FromJournal(run, journal);
        }
        if (batchStep != step)
        {
            throw new RunException(
                $"run '{run.Id}': step {step} needs the journal of step {batchStep}, which is not in {store.Blobs.Location}.");
        }
        cancellationToken.ThrowIfCancellationRequested();
        _batch = Sample(step, rollout, _givenUp, cancellationToken);
        _givenUp = null;
        return _batch;
    }

    private Batch Sample(int step, RolloutSection rollout, Batch? given, CancellationToken cancellationToken) =>
        Batch.Sample(run, step, rollout, given, grains, dispatcher, ReportSampling, cancellationToken);

    /// <summary>A batch's record. From a store that is away it is waited for only where sampling again would not make it.</summary>
    private async Task<JournalStep?> ReadJournal(int batchStep, bool needed, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        if (needed)
        {
            await outbox.Flush(either.Token); // it may be on its way
        }
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await store.ReadJournalAsync(batchStep, either.Token);
            }
            catch (StoreUnavailableException) when (!needed)
            {
                return null;
            }
            catch (CorruptBlobException e) when (!needed)
            {
                events.Append(n => new Noticed(n, $"{e.Message.TrimEnd('.')}; the batch is sampled again, to the same record."));
                return null;
            }
            catch (CorruptBlobException e)
            {
                throw new RunException(
                    $"{e.Message.TrimEnd('.')}; step {batchStep}'s batch is needed amid it: go back to version {batchStep} or an older one, which samples it again.", e);
            }
            catch (StoreUnavailableException e)
            {
                outbox.Note(e);
                await Task.Delay(Outbox.Pause(attempt), time, either.Token);
            }
        }
    }

    private async Task<JournalGroup> Contribute(Batch batch, int group, int step, Tally tally, CancellationToken cancellationToken)
    {
        JournalGroup record = await batch.Group(group);
        if (!Batch.Teaches(record))
        {
            return record;
        }
        GroupWork work = batch.WorkOf(group, record);
        UnitName[] units = [.. run.Plan.UnitsOf(step, group).Select(UnitName.From)];
        tally.Units.UnionWith(units);
        await Task.WhenAll(units.Select(async unit =>
        {
            double[]? old = run.Plan.IsOnPolicy(step) ? null : batch.Old(unit, record);
            UnitResult result = await dispatcher.Run(
                1, silo => Learner(silo).Compute(new UnitRequest(epoch, unit, work, old), cancellationToken), cancellationToken);
            if (step == batch.Step && run.Plan.UpdatesPerBatch > 1)
            {
                batch.Record(unit, result.LogLikelihoods);
            }
            tally.Add(result);
            Report(step, tally);
        }));
        return record;
    }

    /// <summary>l_j(theta_old) of the groups whose turn comes in a later update of the batch.</summary>
    private Task OldLikelihoods(Batch batch, int first, CancellationToken cancellationToken)
    {
        IEnumerable<int> later = Enumerable.Range(0, batch.Count)
            .Where(g => g < first || g >= first + run.Plan.GroupsPerUpdate);
        return Task.WhenAll(later.Select(async g =>
        {
            JournalGroup record = await batch.Group(g);
            if (!Batch.Teaches(record))
            {
                return;
            }
            GroupWork work = batch.WorkOf(g, record);
            await Task.WhenAll(run.Plan.UnitsOf(batch.Step, g).Select(UnitName.From).Select(async unit =>
            {
                UnitResult result = await dispatcher.Run(
                    2, silo => Learner(silo).LogLikelihoods(new UnitRequest(epoch, unit, work, null), cancellationToken), cancellationToken);
                batch.Record(unit, result.LogLikelihoods);
            }));
        }));
    }

    private async Task PostJournal(Batch batch, Task ready)
    {
        await ready;
        if (await batch.Journal() is { } record)
        {
            _ = outbox.Post(batch.Step, () => store.WriteJournalAsync(record));
            JournalledTo = Math.Max(JournalledTo, batch.Step);
        }
    }

    private ILearnerGrain Learner(string silo) => grains.GetGrain<ILearnerGrain>(SiloKey.Of(run.Id, silo));

    private void ReportSampling(Batch batch)
    {
        if (batch == _batch) // else the step before it is in work
        {
            Progress(batch.Step, "rollout", batch.Ready, batch.Count);
        }
    }

    private void Report(int step, Tally tally)
    {
        if (_batch is { } batch && batch.Ready < batch.Count)
        {
            ReportSampling(batch);
        }
        else
        {
            Progress(step, "gradient", tally.UnitsDone, tally.Units.Count);
        }
    }

    /// <summary>What a step's units add up to, for its metrics only: nothing here reaches the weights.</summary>
    private sealed class Tally
    {
        public HashSet<UnitName> Units { get; } = [];

        public int UnitsDone { get; private set; }

        public int Samples { get; private set; }

        public double Objective { get; private set; }

        public double LogLikelihood { get; private set; }

        public int BoundHits { get; private set; }

        public double DeviceSeconds { get; private set; }

        public void Add(UnitResult result)
        {
            UnitsDone++;
            Samples += result.LogLikelihoods.Length;
            Objective += result.Objective;
            LogLikelihood += result.LogLikelihoods.Sum();
            BoundHits += result.BoundHits;
            DeviceSeconds += result.DeviceSeconds;
        }
    }
}
