using Bgpo.Spec;

namespace Bgpo.Units;

/// <summary>
/// How a run's steps, batches and units fit together. Everything here follows from the spec alone, never from who computes.
/// </summary>
/// <remarks>
/// A batch of B groups serves U = minibatches x epochs consecutive steps. Step v belongs to batch v / U, uses the groups of
/// minibatch (v mod U) mod minibatches, and draws its masks under the batch's first step, so that later updates of a batch
/// see the same samples as the old policy did.
/// </remarks>
/// <param name="spec">The run's spec.</param>
public sealed class UnitPlan(RunSpec spec)
{
    private readonly int _samplesPerGroup = spec.Rollout.Completions * spec.Objective.Samples;

    /// <summary>U: optimizer steps per batch of rollouts.</summary>
    public int UpdatesPerBatch { get; } = spec.Objective.Minibatches * spec.Objective.Epochs;

    /// <summary>Groups that one step's gradient is made of.</summary>
    public int GroupsPerUpdate { get; } = spec.Rollout.Prompts / spec.Objective.Minibatches;

    /// <summary>Units that a group is cut into.</summary>
    public int BlocksPerGroup { get; } =
        ((spec.Rollout.Completions * spec.Objective.Samples) + spec.Units.Samples - 1) / spec.Units.Samples;

    /// <summary>Completions of one update: what the loss divides by.</summary>
    public int CompletionsPerUpdate => GroupsPerUpdate * spec.Rollout.Completions;

    /// <summary>The step at which the batch of step <paramref name="step"/> was sampled: its old policy's version.</summary>
    /// <param name="step">A step.</param>
    public int BatchStep(int step) => step / UpdatesPerBatch * UpdatesPerBatch;

    /// <summary>
    /// Whether a step uses the weights that sampled its batch, so that d = 0 and no old likelihoods are needed.
    /// </summary>
    /// <param name="step">A step.</param>
    public bool IsOnPolicy(int step) => step == BatchStep(step);

    /// <summary>First group of a step's minibatch.</summary>
    /// <param name="step">A step.</param>
    public int FirstGroup(int step) => (step - BatchStep(step)) % spec.Objective.Minibatches * GroupsPerUpdate;

    /// <summary>The units of a group in a step, in order.</summary>
    /// <param name="step">A step.</param>
    /// <param name="group">The group's place in the batch.</param>
    public IEnumerable<UnitId> UnitsOf(int step, int group)
    {
        for (int block = 0; block < BlocksPerGroup; block++)
        {
            yield return new UnitId(step, group, block);
        }
    }

    /// <summary>The samples of a unit: completion and j, ordered by j first.</summary>
    /// <param name="block">The unit's block.</param>
    public IEnumerable<SampleId> SamplesOf(int block)
    {
        int end = Math.Min((block + 1) * spec.Units.Samples, _samplesPerGroup);
        for (int s = block * spec.Units.Samples; s < end; s++)
        {
            yield return new SampleId(s % spec.Rollout.Completions, s / spec.Rollout.Completions);
        }
    }

    /// <summary>
    /// All samples of a group: G completions, n_t draws each. Cut into units or not, these are what must be counted.
    /// </summary>
    public IEnumerable<SampleId> SamplesOfGroup()
    {
        for (int draw = 0; draw < spec.Objective.Samples; draw++)
        {
            for (int completion = 0; completion < spec.Rollout.Completions; completion++)
            {
                yield return new SampleId(completion, draw);
            }
        }
    }
}

/// <summary>One Monte Carlo sample of a group.</summary>
/// <param name="Completion">Place of the completion in the group.</param>
/// <param name="Draw">j, the sample's number for that completion.</param>
public readonly record struct SampleId(int Completion, int Draw);
