using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>The producer's end of a stream. Used in turns of its grain only.</summary>
internal abstract class StreamSource
{
    public CancellationTokenSource Cancellation { get; set; } = null!;

    public int BatchSize { get; set; }

    /// <summary>Whether somebody asked for elements since this was last cleared.</summary>
    public bool WasUsed { get; set; } = true;

    /// <summary>Waits for one element at least, at most <paramref name="patience"/>, and takes what follows without waiting.</summary>
    public abstract Task<StreamBatch> NextAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellation);

    /// <summary>Ends the producer: its token is cancelled and it is disposed as soon as it stands still.</summary>
    public abstract Task StopAsync();
}

/// <inheritdoc/>
internal sealed class StreamSource<T>(IAsyncEnumerable<T> stream) : StreamSource
{
    private IAsyncEnumerator<T>? _enumerator;
    private Task<bool>? _moving;

    public override async Task<StreamBatch> NextAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        List<object?> items = [];
        try
        {
            _enumerator ??= stream.GetAsyncEnumerator(Cancellation.Token);
            while (true)
            {
                Task<bool> moving = _moving ??= _enumerator.MoveNextAsync().AsTask();
                if (!moving.IsCompleted)
                {
                    if (items.Count > 0 || !await CompletesWithin(moving, patience, time, cancellation))
                    {
                        return new StreamBatch { State = StreamState.Open, Items = items };
                    }
                }

                bool more = await moving;
                _moving = null;
                if (!more)
                {
                    return new StreamBatch { State = StreamState.Completed, Items = items };
                }

                items.Add(Slot<T>.Copy(_enumerator.Current, new CopyContext()));
                if (items.Count >= BatchSize)
                {
                    return new StreamBatch { State = StreamState.Open, Items = items };
                }
            }
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested || cancellation.IsCancellationRequested)
        {
            return new StreamBatch { State = StreamState.Canceled };
        }
        catch (Exception failure)
        {
            // What came before the failure arrives before it does.
            return new StreamBatch { State = StreamState.Failed, Items = items, Failure = failure };
        }
    }

    public override async Task StopAsync()
    {
        await Cancellation.CancelAsync();
        if (_moving is { } moving)
        {
            await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        if (_enumerator is not null)
        {
            await _enumerator.DisposeAsync();
        }

        Cancellation.Dispose();
    }

    private static async Task<bool> CompletesWithin(Task task, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            await task.WaitAsync(patience, time, cancellation);
            return true;
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            return false;
        }
    }
}
