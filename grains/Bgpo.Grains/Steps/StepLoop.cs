using System.Diagnostics;
using Bgpo.Optimizer;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>
/// The step protocol: plan, rollout, reward, journal, gradient, commit, replicate. There is no barrier between the phases: a
/// group's gradient units start as soon as its rewards are known, and only the commit waits for all. The next batch is prefetched
/// when the shards have moved on, while copies of them are made.
/// </summary>
public sealed class StepLoop : IDisposable
{
    private static readonly TimeSpan s_progressPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a step that nothing disturbs is looked after: whether the store has failed it.</summary>
    private static readonly TimeSpan s_watchPeriod = TimeSpan.FromMilliseconds(500);

    private readonly StepServices _services;
    private readonly CopyWatch _copies;
    private Task _replicating = Task.CompletedTask;
    private int _changesSeen;
    private int _redispatchedSeen;
    private long _lastProgress;
    private long _lostSince;
    private StoreHealth _healthSeen;

    /// <summary>A loop that has taken no step.</summary>
    /// <param name="services">What it works with.</param>
    public StepLoop(StepServices services)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        _copies = new CopyWatch(services.Events);
        _healthSeen = services.Store.Blobs.Health;
        Batches = new BatchSource(services, Sampled);
    }

    /// <summary>Where each step's batch comes from.</summary>
    public BatchSource Batches { get; }

    /// <summary>Gives up what was prefetched.</summary>
    public void Dispose() => Batches.Dispose();

    /// <summary>Takes step v: turns theta_v into theta_(v+1) on every shard, watching over shards and store meanwhile.</summary>
    /// <param name="step">v.</param>
    /// <param name="cancellationToken">Gives the step up.</param>
    /// <exception cref="StaleVersionException">Shards lost their state with their silo; the controller must place them
    /// anew.</exception>
    public async Task<StepMetrics> Take(int step, CancellationToken cancellationToken)
    {
        FaultPoint.Hit(GrainFaults.StepBegins);
        long started = Stopwatch.GetTimestamp();
        using CancellationTokenSource giveUp =
            Batches.TakePrefetched(step) ?? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task change = _services.Dispatcher.NextChange;
        Task<StepMetrics> taking = TakeOnceAsync(step, giveUp.Token, cancellationToken);
        try
        {
            ReplicateAgain();
            while (!taking.IsCompleted)
            {
                await Task.WhenAny(taking, change, Task.Delay(s_watchPeriod, _services.Time, giveUp.Token));
                change = _services.Dispatcher.NextChange; // what happens while this is looked at is looked at next
                cancellationToken.ThrowIfCancellationRequested();
                _services.WriteQueue.ThrowIfFaulted();
                ReplicateAgain();
                await CheckShardsAsync(taking, step);
            }
            StepMetrics metrics = await taking;
            _lostSince = 0;
            return metrics;
        }
        catch
        {
            _lostSince = _lostSince == 0 ? started : _lostSince;
            _changesSeen = -1; // shards that are placed anew have no copies yet
            Batches.GiveUp();
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
        await _services.Dispatcher.Look();
        _changesSeen = _copies.IsMissing ? -1 : _changesSeen; // no commit comes that would have them copied
        ReplicateAgain();
    }

    /// <summary>How many shards each live silo holds, by its name; known from the last commit.</summary>
    public IReadOnlyDictionary<string, int> ShardsBySilo() => _services.Dispatcher.Roster
        .GroupBy(silo => silo.Label, silo => _services.Shards.Holders.GetValueOrDefault(silo.Silo))
        .ToDictionary(silo => silo.Key, silo => silo.Sum());

    /// <summary>Tells watchers how far the work has come, a few times a second.</summary>
    /// <param name="version">Version in work.</param>
    /// <param name="phase">What is being done.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all.</param>
    /// <param name="force">Tell even if something was told just before.</param>
    public void Progress(int version, RunPhase phase, int done, int total, bool force = false)
    {
        if (force || _lastProgress == 0 || Stopwatch.GetElapsedTime(_lastProgress) > s_progressPeriod)
        {
            _lastProgress = Stopwatch.GetTimestamp();
            _services.Events.Append(n =>
                new Progressed(n, version, phase, done, total, _services.Dispatcher.InFlight, _services.Dispatcher.Devices));
        }
    }

    /// <summary>The phases of a step, in the order in which they end.</summary>
    private async Task<StepMetrics> TakeOnceAsync(int step, CancellationToken cancellationToken, CancellationToken leaving)
    {
        var clock = new StepClock(_lostSince, _services.Dispatcher.Redispatched);
        var tally = new StepTally();
        // plan, rollout, reward: its groups come as they are scored
        Batch batch = await Batches.OpenAsync(step, cancellationToken);
        Task<JournalGroup[]> gradient = GradientAsync(batch, step, tally, cancellationToken);
        Task old = OldLikelihoodsAsync(batch, step, cancellationToken);
        await Task.WhenAll(gradient, old, JournalAsync(batch, step, gradient, old));
        await WaitForCapacityAsync(step, cancellationToken);

        clock.Commits();
        (double norm, double rate) = await CommitAsync(step, tally, cancellationToken);
        Batches.Prefetch(step + 1, leaving);
        string[] silos = _services.Dispatcher.Silos;
        _copies.Note(await _services.Shards.Replicate(step + 1, silos), silos.Length);
        FaultPoint.Hit(GrainFaults.StepCommitted);
        return Measure(batch,
            tally.Metrics(step + 1, await gradient, _services.Run.Plan.CompletionsPerUpdate, _services.Run.Config.EndToken),
            clock) with
        {
            GradientNorm = norm,
            LearningRate = rate,
        };
    }

    /// <summary>Gradient: every group's units as soon as the group is ready.</summary>
    private Task<JournalGroup[]> GradientAsync(Batch batch, int step, StepTally tally, CancellationToken cancellationToken) =>
        Task.WhenAll(
        Enumerable.Range(_services.Run.Plan.FirstGroup(step), _services.Run.Plan.GroupsPerUpdate)
            .Select(group => ContributeAsync(batch, group, step, tally, cancellationToken)));

    private async Task<JournalGroup> ContributeAsync(
        Batch batch, int group, int step, StepTally tally, CancellationToken cancellationToken)
    {
        FencingToken token = _services.Shards.Token;
        JournalGroup record = await batch.Group(group);
        if (!record.HasSignal)
        {
            return record;
        }
        GroupWork work = batch.WorkOf(group, record);
        double maxLogRatio = _services.Settings.At(step).Objective.MaxLogRatio;
        UnitName[] units = [.. _services.Run.Plan.UnitsOf(step, group).Select(UnitName.From)];
        tally.Units.UnionWith(units);
        await Task.WhenAll(units.Select(async unit =>
        {
            double[]? old = _services.Run.Plan.IsOnPolicy(step) ? null : batch.Old(unit, record);
            UnitResult result = await _services.Dispatcher.Run(
                1, silo => Learner(silo).Compute(new UnitRequest(token, unit, work, old, maxLogRatio), cancellationToken),
                cancellationToken);
            if (step == batch.Step && _services.Run.Plan.UpdatesPerBatch > 1)
            {
                batch.Record(unit, result.LogLikelihoods);
            }
            tally.Add(result);
            Report(step, tally);
        }));
        return record;
    }

    /// <summary>l_j(theta_old) of the groups whose turn comes in a later update of a batch that is new.</summary>
    private Task OldLikelihoodsAsync(Batch batch, int step, CancellationToken cancellationToken)
    {
        if (step != batch.Step || _services.Run.Plan.UpdatesPerBatch == 1 || batch.IsJournalled)
        {
            return Task.CompletedTask;
        }
        FencingToken token = _services.Shards.Token;
        int first = _services.Run.Plan.FirstGroup(step);
        IEnumerable<int> later = Enumerable.Range(0, batch.Count)
            .Where(group => group < first || group >= first + _services.Run.Plan.GroupsPerUpdate);
        return Task.WhenAll(later.Select(async group =>
        {
            JournalGroup record = await batch.Group(group);
            if (!record.HasSignal)
            {
                return;
            }
            GroupWork work = batch.WorkOf(group, record);
            await Task.WhenAll(_services.Run.Plan.UnitsOf(batch.Step, group).Select(UnitName.From).Select(async unit =>
            {
                UnitResult result = await _services.Dispatcher.Run(
                    2, silo => Learner(silo)
                        .LogLikelihoods(new UnitRequest(token, unit, work, null, MaxLogRatio: 0), cancellationToken),
                    cancellationToken);
                batch.Record(unit, result.LogLikelihoods);
            }));
        }));
    }

    /// <summary>Journal: written beside the gradient work, unless it waits for the old policy's values.</summary>
    private async Task JournalAsync(Batch batch, int step, Task gradient, Task old)
    {
        if (step != batch.Step)
        {
            return;
        }
        await (_services.Run.Plan.UpdatesPerBatch > 1 ? Task.WhenAll(gradient, old) : old);
        await Batches.JournalAsync(batch);
    }

    /// <summary>Waits while the store is too far behind to commit another version.</summary>
    private async Task WaitForCapacityAsync(int step, CancellationToken cancellationToken)
    {
        int maxBehind = _services.Settings.Newest.Checkpoint.MaxBehind;
        void Waiting(int oldest) => _services.Events.Append(n => new StoreStatus(
            n, _services.WriteQueue.Healthy, step - oldest, Waiting: true,
            $"training waits for the store, which lacks the last {step - oldest} versions (checkpoint.maxBehind {maxBehind})"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _services.Stopping);
        if (_services.Checkpoints.InWork is { } saving && step - saving >= maxBehind)
        {
            Waiting(saving);
            await _services.Checkpoints.Idle(either.Token);
        }
        await _services.WriteQueue.WaitForCapacity(
            step, maxBehind, () => Waiting(_services.WriteQueue.Oldest ?? step), either.Token);
    }

    /// <summary>Commit: every shard has every unit once; all of them take the same step.</summary>
    private async Task<(double Norm, double Rate)> CommitAsync(int step, StepTally tally, CancellationToken cancellationToken)
    {
        Progress(step, RunPhase.Commit, 0, _services.Run.Shards, force: true);
        int completions = _services.Run.Plan.CompletionsPerUpdate;
        double norm = await _services.Shards.GradientNorm(step, tally.Units, completions);
        RunSpec spec = _services.Settings.At(step);
        double rate = LearningRate.At(spec.Optimizer, step, spec.Run.Steps);
        FaultPoint.Hit(GrainFaults.StepBeforeCommit);
        // an attempt that was given up must not commit what the next one collects
        cancellationToken.ThrowIfCancellationRequested();
        await _services.Shards.Commit(new CommitRequest(
            _services.Shards.Token, step, tally.Units.Count, AdamW.ClipFactor(norm, spec.Optimizer.ClipNorm), rate, completions,
            _services.Checkpoints.Keeps(step + 1))
        {
            Saving = _services.Checkpoints.InWork ?? -1,
        });
        cancellationToken.ThrowIfCancellationRequested(); // one that was given up meanwhile begins nothing
        return (norm, rate);
    }

    /// <summary>After silos came or went: has each shard's state held by a second silo again, beside the step.</summary>
    private void ReplicateAgain()
    {
        if (_replicating.IsCompleted && _services.Dispatcher.Changes != _changesSeen)
        {
            _changesSeen = _services.Dispatcher.Changes;
            _replicating = ReplicateAsync(_services.Dispatcher.Silos);
        }

        async Task ReplicateAsync(string[] silos)
        {
            try
            {
                _copies.Note(await _services.Shards.Replicate(null, silos), silos.Length);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException or RunException)
            {
                // A shard that went with its silo, or a newer controller, is noticed by whoever needs the shard.
                _changesSeen = -1;
            }
        }
    }

    /// <summary>After a call failed: whether a shard went with the silo.</summary>
    private async Task CheckShardsAsync(Task taking, int step)
    {
        if (taking.IsCompleted || _services.Dispatcher.Redispatched <= _redispatchedSeen)
        {
            return;
        }
        _redispatchedSeen = _services.Dispatcher.Redispatched;
        if (await _services.Shards.LowestVersion() < step)
        {
            throw new StaleVersionException($"shards do not stand at version {step} any more.");
        }
    }

    /// <summary>Adds what the controller measures to what the units say.</summary>
    private StepMetrics Measure(Batch batch, StepMetrics metrics, StepClock clock)
    {
        int step = metrics.Version - 1;
        StoreHealth health = _services.Store.Blobs.Health, before = _healthSeen;
        _healthSeen = health;
        bool isNew = step == batch.Step;
        RolloutSection rollout = _services.Settings.At(batch.Step).Rollout;
        return metrics with
        {
            RolloutSeconds = isNew ? batch.RolloutSeconds : 0,
            RewardSeconds = isNew ? batch.RewardSeconds : 0,
            RewardQueueSeconds = isNew ? batch.RewardQueueSeconds : 0,
            RewardRetries = isNew ? batch.RewardRetries : 0,
            CommitSeconds = clock.CommitSeconds,
            Seconds = clock.Seconds,
            Tokens = batch.RolloutSeconds > 0 && isNew
                ? batch.Count * rollout.Completions * rollout.ResponseLength
                : 0,
            Redispatched = _services.Dispatcher.Redispatched - clock.Redispatched,
            RssMiB = Environment.WorkingSet / 1048576.0,
            LostSeconds = clock.LostSeconds,
            UnixMilliseconds = _services.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            Silos = _services.Dispatcher.Roster.Count,
            Devices = _services.Dispatcher.Devices,
            StoreBehind = step - (_services.WriteQueue.Oldest ?? step),
            StoreRetries = health.Retries - before.Retries,
            StoreFailures = health.Failures - before.Failures,
        };
    }

    private ILearnerGrain Learner(string silo) => _services.Grains.GetGrain<ILearnerGrain>(SiloKey.Of(_services.Run.Key, silo));

    /// <summary>A group is sampled and scored, or left out.</summary>
    private void Sampled(Batch batch, int group, JournalGroup record)
    {
        if (record.IsLeftOut)
        {
            int[] failed = [.. Enumerable.Range(0, record.Rewards.Length).Where(i => record.OutcomeOf(i) == Outcome.Failed)];
            _services.Events.Append(n => new GroupLeftOut(
                n, batch.Step, group, record.PromptId, failed.Length, record.Rewards.Length, record.Infos?[failed[0]] ?? ""));
        }
        ReportSampling(batch);
    }

    private void ReportSampling(Batch batch)
    {
        if (batch == Batches.Current) // else the step before it is in work
        {
            Progress(batch.Step, RunPhase.Rollout, batch.Ready, batch.Count);
        }
    }

    private void Report(int step, StepTally tally)
    {
        if (Batches.Current is { } batch && batch.Ready < batch.Count)
        {
            ReportSampling(batch);
        }
        else
        {
            Progress(step, RunPhase.Gradient, tally.Done, tally.Units.Count);
        }
    }

    /// <summary>When an attempt at a step began, and what it began with.</summary>
    private sealed class StepClock(long lostSince, int redispatched)
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private long _committing;

        public int Redispatched => redispatched;

        public double LostSeconds { get; } = lostSince == 0 ? 0 : Stopwatch.GetElapsedTime(lostSince).TotalSeconds;

        public double Seconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

        public double CommitSeconds => Stopwatch.GetElapsedTime(_committing).TotalSeconds;

        public void Commits() => _committing = Stopwatch.GetTimestamp();
    }
}
