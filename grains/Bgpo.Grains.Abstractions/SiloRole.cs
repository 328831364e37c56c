namespace Bgpo.Grains;

/// <summary>What a silo is for.</summary>
public enum SiloRole
{
    /// <summary>Its devices do rollouts and gradient units.</summary>
    Work,

    /// <summary>It holds shards, copies of shards, and controllers.</summary>
    State,

    /// <summary>
    /// It scores completions. Where a cluster has silos of this role, all scoring goes to them; else it is done where it was
    /// sampled.
    /// </summary>
    Reward,
}
