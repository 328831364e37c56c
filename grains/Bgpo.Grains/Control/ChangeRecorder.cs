using Bgpo.Grains.Runs;
using Bgpo.Grains.Shards;
using Bgpo.Spec;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>Records changes of a run's spec before any step goes by them.</summary>
/// <param name="store">The run's store.</param>
/// <param name="settings">Its spec, step by step.</param>
/// <param name="reporter">Told of each change.</param>
/// <param name="wait">Waits for the store.</param>
/// <param name="writes">What is on its way to the store.</param>
internal sealed class ChangeRecorder(
    RunStore store, RunSettings settings, RunReporter reporter, StoreWait wait, WriteQueue writes)
{
    /// <summary>Version that is being saved; null: none.</summary>
    internal Func<int?> Saving { get; init; } = static () => null;

    /// <summary>Told of the step from which a change holds: batches that later steps sampled are dropped.</summary>
    internal Action<int> OnChanged { get; init; } = static _ => { };

    /// <summary>Version at which the shards were last placed: somebody may have begun the step from there.</summary>
    internal int PlacedAt { get; set; }

    /// <summary>
    /// Records a change from a step that nobody can have begun, nor saved anything of: so whoever takes that step, and however
    /// often, takes it with the change. Batches that later steps sampled before the run went back are dropped first: they are of
    /// weights that will not come.
    /// </summary>
    /// <param name="request">What was asked.</param>
    /// <param name="run">The run.</param>
    internal async Task RecordAsync(RunRequest request, IRunActions run)
    {
        int free = Math.Max(Math.Max(run.Version, PlacedAt + 1), await SavedToAsync());
        IReadOnlyList<SpecChange> changes;
        try
        {
            changes = settings.Read(request, free);
        }
        catch (SpecException e)
        {
            await run.WriteRecordAsync(record => RequestHandler.Answered(record, request.Number, run.Version, e.Message));
            reporter.Notice($"request {request.Number} is refused: {e.Message}");
            return;
        }
        int from = changes[0].FromStep;
        await wait.ForAsync(token => store.DropJournalAfterAsync(from, token));
        OnChanged(from);
        await run.WriteRecordAsync(record => RequestHandler.Answered(record, request.Number, from) with
        {
            Changes = [.. (record.Changes ?? []).Where(change => change.Request != request.Number), .. changes],
        });
        settings.Record(changes);
        int steps = settings.Newest.Run.Steps;
        reporter.Events.Append(
            n => new SpecChanged(n, store.RunId, from, steps, [.. changes.Select(change => $"{change.Field}={change.Value}")]));
    }

    /// <summary>
    /// Newest version of which the store has something, or will have: what is on its way there may be of a history that the run
    /// has gone back from.
    /// </summary>
    private async Task<int> SavedToAsync()
    {
        _ = await wait.ForAsync(store.ReadAsync); // a store that is away holds up no step: the request is taken later
        await wait.ForAsync(writes.Flush);
        return await wait.ForAsync(async token => Math.Max(
            Math.Max((await store.ListCheckpointsAsync(token)).DefaultIfEmpty(0).Max(),
                (await store.ListMetricsAsync(token)).DefaultIfEmpty(0).Max()),
            Saving() ?? 0));
    }
}
