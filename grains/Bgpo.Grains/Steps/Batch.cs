using Bgpo.Grains.Runs;
using Bgpo.Objectives;
using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;
using Bgpo.Units;

namespace Bgpo.Grains.Steps;

/// <summary>
/// One batch of groups, from prompts to advantages: sampled on live silos, or read back from the journal. Once it is in the
/// journal, every gradient of the batch is a pure function of it and the weights.
/// </summary>
public sealed class Batch
{
    private readonly RunContext _run;
    private readonly RunSpec _spec;
    private readonly Task<JournalGroup>[] _groups;
    private readonly Dictionary<UnitName, double[]> _likelihoods = [];

    private Batch(RunContext run, RunSpec spec, int step, Task<JournalGroup>[] groups, bool journalled)
    {
        (_run, _spec) = (run, spec);
        Step = step;
        _groups = groups;
        IsJournalled = journalled;
    }

    /// <summary>The step at which the batch was sampled.</summary>
    public int Step { get; }

    /// <summary>How it is sampled.</summary>
    public RolloutSection Rollout => _spec.Rollout;

    /// <summary>Whether it came from the journal, which then has the old policy's values too.</summary>
    public bool IsJournalled { get; }

    /// <summary>Device seconds of its rollouts in this process's life; 0 when it came from the journal.</summary>
    public double RolloutSeconds { get; private set; }

    /// <summary>Seconds of scoring.</summary>
    public double RewardSeconds { get; private set; }

    /// <summary>Seconds that completions waited to be scored, summed.</summary>
    public double RewardQueueSeconds { get; private set; }

    /// <summary>Completions that were scored again, since the grader had failed.</summary>
    public int RewardRetries { get; private set; }

    /// <summary>Groups that are sampled and scored.</summary>
    public int Ready => _groups.Count(group => group.IsCompletedSuccessfully);

    /// <summary>Groups in all.</summary>
    public int Count => _groups.Length;

    /// <summary>A group's record, when it is sampled and scored.</summary>
    /// <param name="group">Its place in the batch.</param>
    public Task<JournalGroup> Group(int group) => _groups[group];

    /// <summary>Takes a batch from the journal.</summary>
    /// <param name="run">The run.</param>
    /// <param name="spec">The spec that the batch's step is taken by.</param>
    /// <param name="journal">The batch's record.</param>
    public static Batch FromJournal(RunContext run, RunSpec spec, JournalStep journal) =>
        new(run, spec, journal.Step, [.. journal.Groups.Select(Task.FromResult)], journalled: true);

    /// <summary>
    /// Whether a batch's record was sampled as its step is to be. It is not where a controller that had gone further, before the
    /// run went back and was changed, left it.
    /// </summary>
    /// <param name="rollout">How the step is to be sampled.</param>
    /// <param name="journal">The batch's record.</param>
    public static bool IsSampledBy(RolloutSection rollout, JournalStep journal) =>
        (journal.Temperature ?? rollout.Temperature) == rollout.Temperature
        && (journal.DenoisingSteps ?? rollout.DenoisingSteps) == rollout.DenoisingSteps;

    /// <summary>Starts sampling a batch; its groups become ready one by one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="history">The history that those weights are of.</param>
    /// <param name="step">The step, whose weights are the old policy.</param>
    /// <param name="spec">The spec that the step is taken by.</param>
    /// <param name="given">The same batch from an attempt that was given up: its groups that are ready are taken as they
    /// are.</param>
    /// <param name="rollouts">Who samples and scores.</param>
    /// <param name="changed">Told which group is ready.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Batch Sample(
        RunContext run, long history, int step, RunSpec spec, Batch? given, Rollouts rollouts,
        Action<Batch, int, JournalGroup> changed, CancellationToken cancellationToken)
    {
        var groups = new Task<JournalGroup>[spec.Rollout.Prompts];
        var batch = new Batch(run, spec, step, groups, journalled: false);
        for (int g = 0; g < groups.Length; g++)
        {
            groups[g] = given?.Step == step && given._groups[g].IsCompletedSuccessfully
                ? given._groups[g]
                : batch.SampleGroup(history, g, rollouts, changed, cancellationToken);
        }
        return batch;
    }

    /// <summary>What gradient work needs of a group.</summary>
    /// <param name="group">Its place in the batch.</param>
    /// <param name="record">Its record.</param>
    public GroupWork WorkOf(int group, JournalGroup record) => new(
        Step, group, record.PromptTokens, [.. record.Completions.Select(completion => completion.Tokens)], record.Advantages);

    /// <summary>Notes l_j of a unit's samples as the batch's first weights give it: the old policy's values.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="likelihoods">l_j of its samples, in order.</param>
    public void Record(UnitName unit, double[] likelihoods) => _likelihoods[unit with { Step = Step }] = likelihoods;

    /// <summary>The old policy's values of a unit's samples.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="record">Its group's record.</param>
    public double[] Old(UnitName unit, JournalGroup record) =>
        _likelihoods.TryGetValue(unit with { Step = Step }, out double[]? known)
            ? known
            : [.. _run.Plan.SamplesOf(unit.Block).Select(sample => record.OldLogLikelihoods![sample.Completion][sample.Draw])];

    /// <summary>The batch's record for the journal, once all its groups are ready; null when the journal has it.</summary>
    public async Task<JournalStep?> Journal()
    {
        if (IsJournalled)
        {
            return null;
        }
        JournalGroup[] groups = await Task.WhenAll(_groups);
        if (_run.Plan.UpdatesPerBatch > 1)
        {
            groups = [.. groups.Select((group, g) => group.HasSignal ? group with { OldLogLikelihoods = OldOf(g) } : group)];
        }
        return new JournalStep
        {
            Step = Step,
            Temperature = Rollout.Temperature,
            DenoisingSteps = Rollout.DenoisingSteps,
            Groups = groups,
        };
    }

    private double[][] OldOf(int group)
    {
        var old = new double[_spec.Rollout.Completions][];
        for (int c = 0; c < old.Length; c++)
        {
            old[c] = new double[_spec.Objective.Samples];
        }
        foreach (UnitId unit in _run.Plan.UnitsOf(Step, group))
        {
            double[] known = _likelihoods[UnitName.From(unit)];
            int i = 0;
            foreach (SampleId sample in _run.Plan.SamplesOf(unit.Block))
            {
                old[sample.Completion][sample.Draw] = known[i++];
            }
        }
        return old;
    }

    private async Task<JournalGroup> SampleGroup(
        long history, int group, Rollouts rollouts, Action<Batch, int, JournalGroup> changed,
        CancellationToken cancellationToken)
    {
        Prompt prompt = _run.Task.TrainingPrompt(_run.Seed, Step, group);
        int count = _spec.Rollout.Completions;
        var request = new RolloutRequest(
            history, Step, Purpose.Rollout, Step, [.. Enumerable.Range(0, count).Select(c => Philox.Item(group, c))],
            [.. Enumerable.Repeat(prompt.Text, count)], Rollout.Temperature, Rollout.DenoisingSteps);
        var problems = new ScoreRequest(
            [.. Enumerable.Repeat(prompt.Id, count)], request.Prompts, [.. Enumerable.Repeat(prompt.Reference, count)], []);
        (RolloutResult rollout, ScoreResult score) = await rollouts.SampleAsync(request, problems, cancellationToken);
        RolloutSeconds += rollout.DeviceSeconds;
        RewardSeconds += score.Seconds;
        RewardQueueSeconds += score.QueueSeconds;
        RewardRetries += score.Retries;
        var record = new JournalGroup
        {
            PromptId = prompt.Id,
            Task = prompt.Task.Length > 0 ? prompt.Task : null,
            Prompt = prompt.Text,
            Reference = prompt.Reference,
            PromptTokens = rollout.PromptTokens[0],
            Completions = [.. rollout.Completions.Select((tokens, i) => new JournalCompletion(tokens, rollout.Texts[i])
            {
                Trace = rollout.SetIn.Length > i ? new DenoisingTrace(rollout.SetIn[i], rollout.Confidences[i]) : null,
            })],
            Rewards = score.Rewards,
            Exact = score.Exact,
            Outcomes = score.Outcomes,
            Infos = Array.TrueForAll(score.Infos, static info => info.Length == 0) ? null : score.Infos,
            // A group that was not judged in full says nothing of the policy: it contributes nothing.
            Advantages = score.Outcomes.Contains(Outcome.Failed)
                ? new double[count] : Advantage.OfGroup(score.Rewards, _spec.Objective.NormalizeByStd),
        };
        changed(this, group, record);
        return record;
    }
}
