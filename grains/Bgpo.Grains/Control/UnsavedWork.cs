using Bgpo.Grains.Runs;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Grains.Control;

/// <summary>
/// A run of which something cannot be saved takes no further step: its weights stay in memory, what was refused is tried again,
/// and the run goes on once that is taken.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="lease">Its record, which says that it is paused.</param>
/// <param name="requests">Tell whether somebody has paused the run.</param>
/// <param name="reporter">Told what is refused and when it is taken.</param>
internal sealed class UnsavedWork(RunContext run, RunLease lease, RequestHandler requests, RunReporter reporter)
{
    private const string CannotBeSaved = "cannot be saved";

    private readonly Dictionary<string, string> _refused = [];

    /// <summary>Whether something is refused.</summary>
    internal bool IsHeld => _refused.Count > 0;

    /// <summary>What is refused and why; empty: nothing.</summary>
    internal string Reason => _refused.Values.FirstOrDefault("");

    /// <summary>The version that the run stands at.</summary>
    internal Func<int> Version { get; set; } = static () => 0;

    /// <summary>Changes run.json in order with everything else.</summary>
    internal Func<Func<RunRecord, RunRecord>, Task> Post { get; set; } = static _ => Task.CompletedTask;

    /// <summary>
    /// Takes note that something cannot be saved, and tells it at once; or that it is taken, or not to be saved any more.
    /// </summary>
    /// <param name="what">What: <c>version 4</c>, or <c>the record of version 4</c>.</param>
    /// <param name="refusal">Why it cannot be saved; null: it is taken.</param>
    internal void Note(string what, Exception? refusal)
    {
        if (refusal is not null)
        {
            Refused(what, refusal);
        }
        else if (_refused.Remove(what) && !IsHeld)
        {
            GoOn();
        }
    }

    private void Refused(string what, Exception refusal)
    {
        string said = $"{what} {CannotBeSaved}: {refusal.Message.TrimEnd('.')}; the weights are held in memory, and it is tried "
            + (refusal is StoreRefusedException ? "again until it is taken"
                : $"again; where that does not help, stop the run (run stop {run.Id}) and resume it, from its newest checkpoint");
        bool isHeld = IsHeld;
        if (!_refused.TryAdd(what, said))
        {
            return; // told once: each further try may meet another of its blobs
        }
        if (isHeld)
        {
            reporter.Notice(said);
            return;
        }
        reporter.Events.Append(n => new RunPaused(n, run.Id, Version(), said));
        _ = RecordAsync(said);
    }

    private void GoOn()
    {
        _ = Post(record => record with
        {
            HeldBy = null,
            State = IsOwn(record) && !requests.IsPaused ? RunState.Running : record.State,
            Reason = IsOwn(record) ? null : record.Reason,
        });
        if (!requests.IsPaused)
        {
            reporter.Events.Append(n => new RunWentOn(n, run.Id, Version()));
        }
    }

    private static bool IsOwn(RunRecord record) => record.State == RunState.Paused && !record.IsPausedByRequest;

    /// <summary>
    /// At once, since what waits to be written in order may wait for long. A store that refuses this too has been told of.
    /// </summary>
    private async Task RecordAsync(string said) => await lease.WriteAsync(record => (IsHeld, record.State) switch
    {
        (true, RunState.Running) => record with { State = RunState.Paused, Reason = said, HeldBy = said },
        (true, RunState.Paused) => record with { HeldBy = said },
        _ => record,
    }).AnyEnd();
}
