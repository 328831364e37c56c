namespace Bgpo.Units;

/// <summary>Names a unit: a fixed block of Monte Carlo samples of one group, in the step that uses its gradient.</summary>
/// <param name="Step">The step v whose sum the unit goes into.</param>
/// <param name="Group">The group's place in the batch.</param>
/// <param name="Block">The block's place in the group.</param>
public readonly record struct UnitId(int Step, int Group, int Block)
{
    /// <summary>step/group/block.</summary>
    public override string ToString() => $"{Step}/{Group}/{Block}";
}
