namespace Bgpo.Grains;

/// <summary>Scores completions on one silo; key = <see cref="SiloKey"/>. Holds nothing.</summary>
public interface IRewardGrain : IGrainWithStringKey
{
    /// <summary>
    /// Judges completions, so many at a time on the silo, each within its time. Never blocks a turn: a grader that is slow or
    /// hangs keeps nobody else waiting. What it cannot judge is <see cref="Outcome.Failed"/>.
    /// </summary>
    /// <param name="request">Problems and completions.</param>
    /// <param name="cancellationToken">Gives the work up.</param>
    /// <exception cref="UnsuitableSiloException">The silo lacks what the run's task needs to score.</exception>
    [ResponseTimeout("12:00:00")] // a long queue takes long; a silo that dies breaks the call at once
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
    [property: Id(3)] string[] Completions)
{
    /// <summary>The request for some of the completions.</summary>
    /// <param name="places">Their places.</param>
    public ScoreRequest Of(int[] places) => new(
        [.. places.Select(i => PromptIds[i])], [.. places.Select(i => Prompts[i])], [.. places.Select(i => References[i])],
        [.. places.Select(i => Completions[i])]);
}

/// <summary>The judgement.</summary>
/// <param name="Rewards">Reward of each completion; 0 where the grader failed, and then without meaning.</param>
/// <param name="Exact">Whether each solves its problem outright.</param>
/// <param name="Outcomes">What came of judging each.</param>
/// <param name="Infos">A short reason for people, for each; empty where there is nothing to say.</param>
/// <param name="Seconds">Time that scoring took, summed over the completions.</param>
/// <param name="QueueSeconds">Time that completions waited for a place, summed.</param>
[GenerateSerializer, Immutable, Alias("bgpo.ScoreResult")]
public sealed record ScoreResult(
    [property: Id(0)] double[] Rewards, [property: Id(1)] bool[] Exact, [property: Id(2)] Outcome[] Outcomes,
    [property: Id(3)] string[] Infos, [property: Id(4)] double Seconds, [property: Id(5)] double QueueSeconds)
{
    /// <summary>Completions that were judged again, since the grader had failed.</summary>
    [Id(6)] public int Retries { get; init; }
}
