using Bgpo.Storage.Blobs;

namespace Bgpo.Storage.Runs;

/// <content>What people ask of a run: durable in the run's folder, whoever drives it, and whether anybody does.</content>
public sealed partial class RunStore
{
    private string RequestsName => $"{RunId}/control.json";

    /// <summary>Reads what was asked of the run.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlobException">It is truncated or altered.</exception>
    public async Task<RunRequests> ReadRequestsAsync(CancellationToken cancellationToken = default) =>
        await Blobs.GetAsync(RequestsName, cancellationToken)
            .ConfigureAwait(false) is { } blob ? ParseRequests(blob) : RunRequests.None;

    /// <summary>
    /// Asks something of the run. Of several that ask at the same moment, all are heard, one after the other. A file that is
    /// damaged is written anew: what was asked there and not taken is lost.
    /// </summary>
    /// <param name="kind">What.</param>
    /// <param name="reason">Why; empty when nothing is said.</param>
    /// <param name="fields">Of a set: <c>field=value</c> each.</param>
    /// <param name="cancellationToken">Ends the wait; when the task completes the request is durable.</param>
    /// <returns>The request, with its number.</returns>
    /// <exception cref="StorageException">Too many requests wait, or there is no such run.</exception>
    public async Task<RunRequest> AskAsync(
        RequestKind kind, string reason, IReadOnlyList<string> fields, CancellationToken cancellationToken = default)
    {
        string nonce = NewNonce();
        while (true)
        {
            Blob? found = await Blobs.GetAsync(RequestsName, cancellationToken).ConfigureAwait(false);
            (IReadOnlyList<RunRequest> before, bool damaged) = found is null ? ([], false) : Legible(found);
            if (before.FirstOrDefault(request => request.Nonce == nonce) is { } written)
            {
                return written; // by a try of this very request that seemed to fail; others have asked since
            }
            long taken = await ReadAsync(cancellationToken).ConfigureAwait(false) is { } stored
                ? stored.Record.RequestsTaken
                : throw new StorageException($"There is no run '{RunId}' in '{Blobs.Location}' to ask anything of.");
            if (before.Count >= RunRequests.Most && before[^RunRequests.Most].Number > taken)
            {
                throw new StorageException(
                    $"Run '{RunId}' has {RunRequests.Most} requests that nobody has taken; it takes them when it goes on.");
            }
            // No number that may have been in a damaged file is given again.
            long last = before.Count > 0 ? before[^1].Number : damaged ? taken + RunRequests.Most : taken;
            var asked = new RunRequest(last + 1, kind, reason, fields, _time.GetUtcNow(), nonce);
            byte[] content = SealedJson.Write(
                new RunRequests { Requests = [.. before.TakeLast(RunRequests.Most - 1), asked] },
                StorageJson.Indented.RunRequests);
            FaultPoint.Hit(StorageFaults.RequestBefore);
            string? etag = found is null
                ? await Blobs.PutIfAbsentAsync(RequestsName, content, cancellationToken).ConfigureAwait(false)
                : await Blobs.PutIfUnchangedAsync(RequestsName, content, found.ETag, cancellationToken).ConfigureAwait(false);
            if (etag is not null)
            {
                FaultPoint.Hit(StorageFaults.RequestAfter);
                return asked;
            }
        }
    }

    private (IReadOnlyList<RunRequest> Requests, bool IsDamaged) Legible(Blob blob)
    {
        try
        {
            return (ParseRequests(blob).Requests, false);
        }
        catch (CorruptBlobException)
        {
            return ([], true);
        }
    }

    private RunRequests ParseRequests(Blob blob)
    {
        return SealedJson.Read(blob.Content.Span, StorageJson.Indented.RunRequests, RequestsName, RunRequests.CurrentFormat);
    }
}
