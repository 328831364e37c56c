namespace Bgpo.Grains;

/// <summary>Names of the <see cref="FaultPoint"/>s of the grains, for <c>BGPO_FAULT</c>. See docs/fault-model.md.</summary>
public static class GrainFaults
{
    /// <summary>Rollout grain: a group is sampled, its completions not yet returned.</summary>
    public const string RolloutSampled = "rollout.sampled";

    /// <summary>Learner grain: a unit is computed, nothing of it contributed yet.</summary>
    public const string UnitComputed = "unit.computed";

    /// <summary>
    /// Learner grain: a unit's contribution is on its way to the first shard, the others have not been sent theirs.
    /// </summary>
    public const string UnitPartlyContributed = "unit.partly-contributed";

    /// <summary>Learner grain: every shard has the unit, the controller does not know yet.</summary>
    public const string UnitContributed = "unit.contributed";

    /// <summary>Accumulator grain: a contribution is in the sum, not yet acknowledged.</summary>
    public const string ShardAdded = "shard.added";

    /// <summary>Accumulator grain: asked to commit, nothing done yet.</summary>
    public const string ShardBeforeCommit = "shard.commit.before";

    /// <summary>Accumulator grain: committed, no replica has the new version yet.</summary>
    public const string ShardCommitted = "shard.committed";

    /// <summary>Accumulator grain: a replica has the new version, the controller does not know yet.</summary>
    public const string ShardProtected = "shard.protected";

    /// <summary>Accumulator grain: about to take its state from a replica or a checkpoint.</summary>
    public const string ShardLoad = "shard.load";

    /// <summary>Controller: a step begins.</summary>
    public const string StepBegins = "step.begins";

    /// <summary>Controller: every shard has every unit, none has been told to commit.</summary>
    public const string StepBeforeCommit = "step.commit.before";

    /// <summary>Controller: every shard has committed, nobody has been told.</summary>
    public const string StepCommitted = "step.committed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        RolloutSampled, UnitComputed, UnitPartlyContributed, UnitContributed, ShardAdded, ShardBeforeCommit, ShardCommitted,
        ShardProtected, ShardLoad, StepBegins, StepBeforeCommit, StepCommitted,
    ];
}
