namespace Bgpo.Grains.Steps;

/// <content>The next step's batch, sampled while copies of its weights are made.</content>
public sealed partial class StepLoop
{
    private Ahead? _ahead;

    /// <summary>Gives up what was begun of the next step.</summary>
    public void DropAhead()
    {
        if (_ahead is { } ahead)
        {
            _ahead = null;
            _ = End(ahead.GiveUp);
        }

        static async Task End(CancellationTokenSource giveUp)
        {
            await giveUp.CancelAsync();
            giveUp.Dispose();
        }
    }

    /// <summary>Gives up what was begun of a step that is not taken.</summary>
    public void Dispose() => DropAhead();

    /// <summary>Takes over what was begun of a step; null when nothing was, or not as it is to be taken now.</summary>
    private CancellationTokenSource? Begun(int step)
    {
        if (_ahead is not { } ahead || ahead.Batch.Step != step || ahead.Batch.Rollout != Settings.At(step).Rollout)
        {
            DropAhead();
            return null;
        }
        (_batch, _ahead) = (ahead.Batch, null);
        return ahead.GiveUp;
    }

    /// <summary>
    /// Begins to sample the batch of a step that follows at once. Shards that lose a copy of its weights may still go back to the version
    /// before: it is contributions that keep them from it, and those wait for <see cref="Take"/>.
    /// </summary>
    private void Begin(int step, CancellationToken cancellationToken)
    {
        DropAhead();
        if (!GoesOn(step) || run.Plan.BatchStep(step) != step || step <= JournalledTo)
        {
            return;
        }
        var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ahead = new Ahead(Sample(step, Settings.At(step).Rollout, _givenUp, giveUp.Token), giveUp);
        _givenUp = null;
    }

    /// <summary>A batch that is sampled before its step is taken.</summary>
    /// <param name="Batch">The batch.</param>
    /// <param name="GiveUp">Ends its work.</param>
    private sealed record Ahead(Batch Batch, CancellationTokenSource GiveUp);
}
