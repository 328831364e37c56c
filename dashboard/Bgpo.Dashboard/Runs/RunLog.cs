using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>What was asked of a run, and what came of it.</summary>
/// <param name="Requests">The requests, newest first.</param>
/// <param name="Changes">Fields that were changed in mid-run, oldest first.</param>
/// <param name="Events">What happened, newest first.</param>
/// <param name="Fault">Why the requests cannot be read; null where they can.</param>
internal sealed record RunLog(
    IReadOnlyList<RequestRow> Requests, IReadOnlyList<SpecChange> Changes, IReadOnlyList<TimelineRow> Events, string? Fault)
{
    /// <summary>Reads it.</summary>
    /// <param name="store">The run.</param>
    /// <param name="record">Its record.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<RunLog> ReadAsync(
        RunStore store, RunRecord record, IReadOnlyList<StoredStep> steps, CancellationToken cancellationToken)
    {
        TimelineRow[] events = [.. SiloLanes.EventsOf(steps).Reverse()];
        IReadOnlyList<SpecChange> changes = record.Changes ?? [];
        try
        {
            RunRequests asked = await store.ReadRequestsAsync(cancellationToken);
            return new RunLog(
                [.. asked.Requests.Reverse().Select(request => RequestRow.Of(request, record))], changes, events, null);
        }
        catch (CorruptBlobException e)
        {
            return new RunLog([], changes, events, e.Message);
        }
    }
}

/// <summary>A request.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Reason">Why; empty when nothing was said.</param>
/// <param name="Fields">Of a set: the assignments.</param>
/// <param name="Asked">When.</param>
/// <param name="IsTaken">Whether the run has taken it.</param>
/// <param name="Version">Version at which it was taken; of a set, the step from which it holds.</param>
/// <param name="Refused">Why it was not done; null when it was, or is not taken yet.</param>
internal sealed record RequestRow(
    long Number, RequestKind Kind, string Reason, IReadOnlyList<string> Fields, DateTimeOffset Asked, bool IsTaken,
    int? Version, string? Refused)
{
    /// <summary>A request and its answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="record">The run's record.</param>
    internal static RequestRow Of(RunRequest request, RunRecord record)
    {
        RequestAnswer? answer = record.Answers?.FirstOrDefault(one => one.Number == request.Number);
        return new RequestRow(
            request.Number, request.Kind, request.Reason, request.Fields, request.Asked,
            record.RequestsTaken >= request.Number, answer?.Version, answer?.Refused);
    }
}
