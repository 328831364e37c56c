using System.Text.Json;
using Bgpo.Grains;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard.Runs;

/// <summary>
/// The committed steps of one run as read from its store, kept for all pages that show them. Only what is new is read again: the
/// newest step, to which an evaluation may come, and what follows it.
/// </summary>
/// <param name="store">The run.</param>
/// <param name="time">The clock.</param>
internal sealed class RunSteps(RunStore store, TimeProvider time) : IDisposable
{
    /// <summary>Records that are read at the same time.</summary>
    private const int ReadsAtOnce = 16;

    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SortedList<int, Step> _steps = [];
    private List<int>? _versions;
    private (long Epoch, long History, int? GoingBackTo) _history;
    private long _revision;
    private long _restarted;
    private long _looked;

    /// <summary>Reads a run's steps, evenly spread where they are more than wanted; the first and the last are there.</summary>
    /// <param name="record">The run's record.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The steps by version, and the revision of what was read.</returns>
    internal async Task<(IReadOnlyList<StoredStep> Steps, long Revision)> ReadAsync(
        RunRecord record, int most, CancellationToken cancellationToken)
    {
        await RefreshAsync(record, cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        try
        {
            int[] wanted = [.. Spread(_versions!, most)];
            await LoadAsync(wanted.Where(version => !_steps.ContainsKey(version)), cancellationToken);
            return ([.. wanted.Where(_steps.ContainsKey).Select(version => _steps[version].Stored)], _revision);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>What has changed since a revision: new steps, and steps that an evaluation came to.</summary>
    /// <param name="record">The run's record.</param>
    /// <param name="since">The revision.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The steps, ascending; null where the run went back, and all is to be read anew.</returns>
    internal async Task<(IReadOnlyList<StoredStep>? Steps, long Revision)> ChangesAsync(
        RunRecord record, long since, CancellationToken cancellationToken)
    {
        await RefreshAsync(record, cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (since < _restarted)
            {
                return (null, _revision);
            }
            List<StoredStep> changed = [];
            for (int i = _steps.Count - 1; i >= 0 && _steps.Values[i].Revision > since; i--)
            {
                changed.Insert(0, _steps.Values[i].Stored);
            }
            return (changed, _revision);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The newest step that is known; null before the first.</summary>
    internal StepMetrics? Newest => _steps.Count > 0 ? _steps.Values[^1].Stored.Metrics : null;

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    /// <summary>Looks for what is new, unless somebody just has.</summary>
    /// <param name="record">The run's record.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task RefreshAsync(RunRecord record, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var history = (record.Epoch, record.History, record.GoingBackTo);
            if (_versions is null || history != _history)
            {
                // Another controller may have gone back: what was read may be of steps that are taken anew.
                _versions = [.. await store.ListMetricsAsync(cancellationToken)];
                _steps.Clear();
                (_history, _restarted) = (history, ++_revision);
                await LoadAsync(_versions.TakeLast(1), cancellationToken);
            }
            else if (time.GetElapsedTime(_looked) >= RunFeed.Period)
            {
                await FollowAsync(cancellationToken);
            }
            else
            {
                return;
            }
            _looked = time.GetTimestamp();
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (_versions!.Count == 0)
        {
            _versions = [.. await store.ListMetricsAsync(cancellationToken)];
            await LoadAsync(_versions.TakeLast(1), cancellationToken);
            return;
        }
        int last = _versions[^1];
        Keep(await TryReadAsync(last, cancellationToken));
        while (await TryReadAsync(++last, cancellationToken) is { } next)
        {
            _versions.Add(last);
            Keep(next);
        }
    }

    private async Task LoadAsync(IEnumerable<int> versions, CancellationToken cancellationToken)
    {
        foreach (int[] part in versions.Chunk(ReadsAtOnce))
        {
            foreach (StoredStep? step in await Task.WhenAll(part.Select(version => TryReadAsync(version, cancellationToken))))
            {
                Keep(step);
            }
        }
    }

    private void Keep(StoredStep? step)
    {
        if (step is not null
            && (!_steps.TryGetValue(step.Metrics.Version, out Step? known) || known.Stored.Text != step.Text))
        {
            _steps[step.Metrics.Version] = new Step(step, ++_revision);
        }
    }

    /// <summary>Reads one; a damaged one is left out, as one that is gone.</summary>
    private async Task<StoredStep?> TryReadAsync(int version, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadMetricsOfAsync(version, cancellationToken) is { } stored
                && stored.Values.Deserialize<StepMetrics>() is { } metrics
                    ? new StoredStep(metrics, stored.Values.ToJsonString()) : null;
        }
        catch (Exception e) when (e is CorruptBlobException or JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<int> Spread(List<int> versions, int most)
    {
        int count = Math.Min(most, versions.Count);
        for (int i = 0; i < count; i++)
        {
            yield return versions[count == 1 ? versions.Count - 1 : (int)((long)i * (versions.Count - 1) / (count - 1))];
        }
    }

    private sealed record Step(StoredStep Stored, long Revision);
}

/// <summary>A committed step.</summary>
/// <param name="Metrics">What it measured.</param>
/// <param name="Text">Its record in the store, JSON.</param>
internal sealed record StoredStep(StepMetrics Metrics, string Text);
