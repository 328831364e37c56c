using Bgpo.ExactSums;
using Bgpo.Units;

namespace Bgpo.Grains;

/// <summary>
/// Computes units on one silo's devices and streams each contribution to the accumulators, shard by shard; key =
/// <see cref="SiloKey"/>. Pinned to that silo, holds nothing.
/// </summary>
public interface ILearnerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Computes a unit with the weights of its step's version and contributes it. Done when every shard has it.
    /// </summary>
    /// <param name="request">Which unit, and the journal's record that it is made from.</param>
    /// <param name="cancellationToken">Gives the work up.</param>
    /// <exception cref="ContributionException">The gradient is not finite or does not fit the sum.</exception>
    [ResponseTimeout("00:10:00")]
    Task<UnitResult> Compute(UnitRequest request, CancellationToken cancellationToken = default);

    /// <summary>l_j of a unit's samples without contributing anything: the old policy's values for later updates.</summary>
    /// <param name="request">Which unit.</param>
    /// <param name="cancellationToken">Gives the work up.</param>
    [ResponseTimeout("00:10:00")]
    Task<UnitResult> LogLikelihoods(UnitRequest request, CancellationToken cancellationToken = default);
}

/// <summary>A unit to compute.</summary>
/// <param name="Token">The controller's, passed on to the accumulators; its history is that of the weights.</param>
/// <param name="Unit">Which unit; its step is also the version of the weights.</param>
/// <param name="Record">The group's record in the journal.</param>
/// <param name="OldLogLikelihoods">l_j(theta_old) of the unit's samples; null on-policy.</param>
/// <param name="MaxLogRatio">Bound on d = l_j(theta) - l_j(theta_old) in this step.</param>
[GenerateSerializer, Immutable, Alias("bgpo.UnitRequest")]
public sealed record UnitRequest(
    [property: Id(0)] FencingToken Token, [property: Id(1)] UnitName Unit, [property: Id(2)] GroupWork Record,
    [property: Id(3)] double[]? OldLogLikelihoods, [property: Id(4)] double MaxLogRatio);

/// <summary>A unit's id in messages.</summary>
/// <param name="Step">The step v whose sum the unit goes into.</param>
/// <param name="Group">The group's place in the batch.</param>
/// <param name="Block">The block's place in the group.</param>
[GenerateSerializer, Immutable, Alias("bgpo.UnitName")]
public readonly record struct UnitName([property: Id(0)] int Step, [property: Id(1)] int Group, [property: Id(2)] int Block)
{
    /// <summary>As the algorithm's id.</summary>
    public UnitId ToId() => new(Step, Group, Block);

    /// <summary>From the algorithm's id.</summary>
    /// <param name="id">The id.</param>
    public static UnitName From(UnitId id) => new(id.Step, id.Group, id.Block);
}

/// <summary>What gradient work needs of a group.</summary>
/// <param name="BatchStep">The step at which the batch was sampled.</param>
/// <param name="Group">The group's place in the batch.</param>
/// <param name="Prompt">Prompt tokens.</param>
/// <param name="Completions">G completions of L tokens.</param>
/// <param name="Advantages">A of each completion.</param>
[GenerateSerializer, Immutable, Alias("bgpo.GroupWork")]
public sealed record GroupWork(
    [property: Id(0)] int BatchStep, [property: Id(1)] int Group, [property: Id(2)] int[] Prompt,
    [property: Id(3)] int[][] Completions, [property: Id(4)] double[] Advantages);

/// <summary>What a unit told besides its gradient.</summary>
/// <param name="LogLikelihoods">l_j(theta) of the unit's samples, in order.</param>
/// <param name="Objective">Sum of the unit's terms of the lower bound.</param>
/// <param name="BoundHits">Times that the bound on exp(d) acted.</param>
/// <param name="DeviceSeconds">Time on the device.</param>
[GenerateSerializer, Immutable, Alias("bgpo.UnitResult")]
public sealed record UnitResult(
    [property: Id(0)] double[] LogLikelihoods, [property: Id(1)] double Objective, [property: Id(2)] int BoundHits,
    [property: Id(3)] double DeviceSeconds)
{
    /// <summary>Times that its contribution was halved to fit the exact sum; 0: never.</summary>
    [Id(4)] public int Halvings { get; init; }
}
