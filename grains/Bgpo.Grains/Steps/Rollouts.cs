using Bgpo.Grains.Runs;

namespace Bgpo.Grains.Steps;

/// <summary>
/// Samples completions on the live devices and has them scored beside them: a device is free for other work as soon as it has
/// sampled, however long scoring takes.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="grains">Where rollout grains are found.</param>
/// <param name="dispatcher">Who finds a silo with a device.</param>
/// <param name="grader">Who has completions scored.</param>
public sealed class Rollouts(RunContext run, IGrainFactory grains, Dispatcher dispatcher, Grader grader)
{
    /// <summary>Rollouts go first: what follows from the last of them ends the step.</summary>
    private const int Priority = 0;

    /// <summary>Who finds a silo with a device.</summary>
    public Dispatcher Dispatcher => dispatcher;

    /// <summary>Samples and scores.</summary>
    /// <param name="request">What to sample.</param>
    /// <param name="problems">What to score it by, for each completion; its own completions are not looked at.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(RolloutResult Rollout, ScoreResult Score)> SampleAsync(
        RolloutRequest request, ScoreRequest problems, CancellationToken cancellationToken)
    {
        (string silo, RolloutResult rollout) = await dispatcher.Run(
            Priority, async silo => (silo, await Grain(silo).Sample(request, cancellationToken)), cancellationToken);
        return (rollout, await grader.ScoreAsync(silo, problems with { Completions = rollout.Texts }, cancellationToken));
    }

    private IRolloutGrain Grain(string silo) => grains.GetGrain<IRolloutGrain>(SiloKey.Of(run.Key, silo));
}
