using Bgpo.Grains.Steps;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>Records changes of a run's spec before any step goes by them.</summary>
/// <param name="with">What the run's controller works with.</param>
/// <param name="wait">Waits for the store.</param>
/// <param name="batches">Where each step's batch comes from.</param>
internal sealed class ChangeRecorder(ControllerServices with, StoreWait wait, BatchSource batches)
{
    /// <summary>Version at which the shards were last placed: somebody may have begun the step from there.</summary>
    internal int PlacedAt { get; set; }

    /// <summary>
    /// Records a change from a step that nobody can have begun, nor saved anything of: so whoever takes that step, and however often, takes
    /// it with the change. Batches that later steps sampled before the run went back are dropped first: they are of weights that will not
    /// come.
    /// </summary>
    /// <param name="request">What was asked.</param>
    /// <param name="run">The run.</param>
    internal async Task RecordAsync(RunRequest request, IRunActions run)
    {
        int saved = await wait.ForAsync(async token => Math.Max(
            (await with.Store.ListCheckpointsAsync(token)).DefaultIfEmpty(0).Max(), (await with.Store.ListMetricsAsync(token)).DefaultIfEmpty(0).Max()));
        int free = Math.Max(Math.Max(run.Version, PlacedAt + 1), saved);
        IReadOnlyList<SpecChange> changes;
        try
        {
            changes = with.Settings.Read(request, free);
        }
        catch (SpecException e)
        {
            await run.WriteRecordAsync(record => RequestHandler.Answered(record, request.Number, run.Version, e.Message));
            with.Reporter.Notice($"request {request.Number} is refused: {e.Message}");
            return;
        }
        int from = changes[0].FromStep;
        await wait.ForAsync(token => with.Store.DropJournalAfterAsync(from, token));
        batches.ForgetAfter(from);
        await run.WriteRecordAsync(record => RequestHandler.Answered(record, request.Number, from) with
        {
            Changes = [.. (record.Changes ?? []).Where(change => change.Request != request.Number), .. changes],
        });
        with.Settings.Record(changes);
        int steps = with.Settings.Newest.Run.Steps;
        with.Reporter.Events.Append(n => new SpecChanged(n, with.Run.Id, from, steps, [.. changes.Select(change => $"{change.Field}={change.Value}")]));
    }
}
