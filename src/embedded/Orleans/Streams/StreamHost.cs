using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>The streams that a grain is producing.</summary>
internal sealed partial class StreamHost : IStreamExtension
{
    private readonly Activation _activation;
    private readonly TimeSpan _patience;
    private readonly Dictionary<Guid, StreamSource> _sources = [];

    public StreamHost(Activation activation)
    {
        _activation = activation;
        TimeSpan expiry = activation.Catalog.References.Sender.ResponseTimeout;

        // Half of the time-out: the caller hears in time that the grain is still at it.
        _patience = expiry == Timeout.InfiniteTimeSpan ? expiry : expiry / 2;
        activation.AddTimer(
            _ =>
            {
                StopUnused();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(expiry, expiry) { Interleave = true });
    }

    public Task<StreamBatch> Start(Guid id, StreamRequest request, CancellationToken cancellation)
    {
        CancellationTokenSource source = new();
        object?[] arguments = [.. request.Arguments];
        if (request.Method.CancellationIndex >= 0)
        {
            arguments[request.Method.CancellationIndex] = source.Token;
        }

        StreamSource stream = request.Method.Open(_activation.GrainInstance!, arguments);
        stream.Cancellation = source;
        stream.BatchSize = request.BatchSize;
        _sources.Add(id, stream);
        return Pull(id, stream, cancellation);
    }

    public Task<StreamBatch> Next(Guid id, CancellationToken cancellation) => _sources.TryGetValue(id, out StreamSource? stream)
        ? Pull(id, stream, cancellation)
        : Task.FromResult(new StreamBatch { State = StreamState.Missing });

    public Task Stop(Guid id)
    {
        if (_sources.Remove(id, out StreamSource? stream))
        {
            return stream.StopAsync();
        }

        return Task.CompletedTask;
    }

    public void StopAll()
    {
        foreach (Guid id in _sources.Keys.ToArray())
        {
            Abandon(id);
        }
    }

    private async Task<StreamBatch> Pull(Guid id, StreamSource stream, CancellationToken cancellation)
    {
        stream.WasUsed = true;
        StreamBatch batch = await stream.NextAsync(_patience, _activation.Catalog.Time, cancellation);
        stream.WasUsed = true;
        if (batch.State != StreamState.Open)
        {
            Abandon(id);
        }

        return batch;
    }

    private void StopUnused()
    {
        foreach ((Guid id, StreamSource stream) in _sources.ToArray())
        {
            if (!stream.WasUsed)
            {
                Abandon(id);
            }

            stream.WasUsed = false;
        }
    }

    // Nobody waits for the producer's end here, but its failure is told.
    private async void Abandon(Guid id)
    {
        try
        {
            await Stop(id);
        }
        catch (Exception failure)
        {
            LogStopFailed(_activation.Logger, failure, _activation);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A stream of {Activation} failed as it was disposed.")]
    private static partial void LogStopFailed(ILogger logger, Exception failure, Activation activation);
}
