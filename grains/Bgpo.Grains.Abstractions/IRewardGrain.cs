namespace Bgpo.Grains;

/// <summary>Scores completions on one silo; key = <see cref="SiloKey"/>. Holds nothing.</summary>
public interface IRewardGrain : IGrainWithStringKey
{
    /// <summary>Judges completions.</summary>
    /// <param name="request">Problems and completions.</param>
    /// <param name="cancellationToken">Gives the work up.</param>
    [ResponseTimeout("00:05:00")]
    Task<ScoreResult> Score(ScoreRequest request, CancellationToken cancellationToken = default);
}

/// <summary>Completions to judge.</summary>
/// <param name="PromptIds">Problem id of each completion.</param>
/// <param name="Prompts">Problem text of each.</param>
/// <param name="References">What scoring needs besides the text.</param>
/// <param name="Completions">The completions' texts.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ScoreRequest")]
public sealed record ScoreRequest(
    [property: Id(0)] string[] PromptIds, [property: Id(1)] string[] Prompts, [property: Id(2)] string[] References,
    [property: Id(3)] string[] Completions);

/// <summary>The judgement.</summary>
/// <param name="Rewards">Reward of each completion.</param>
/// <param name="Exact">Whether each solves its problem outright.</param>
/// <param name="Seconds">Time it took.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ScoreResult")]
public sealed record ScoreResult(
    [property: Id(0)] double[] Rewards, [property: Id(1)] bool[] Exact, [property: Id(2)] double Seconds);
