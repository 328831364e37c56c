using System.Runtime.ExceptionServices;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>The caller's end of a stream: nothing happens until it is enumerated.</summary>
internal sealed class GrainStream<T>(GrainReference target, GrainMethod method, object?[] arguments) : IAsyncEnumerable<T>
{
    public int BatchSize { get; set; } = 100;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        object?[] copied = [.. arguments];
        CancellationToken given = default;
        if (method.CancellationIndex >= 0)
        {
            given = (CancellationToken)copied[method.CancellationIndex]!;
            copied[method.CancellationIndex] = CancellationToken.None;
        }

        method.CopyArguments(copied);
        StreamRequest request = new() { Method = method, Arguments = copied, BatchSize = BatchSize };
        return new Enumerator(target.AsReference<IStreamExtension>(), request, given, cancellationToken);
    }

    private sealed class Enumerator(
        IStreamExtension target, StreamRequest request, CancellationToken given, CancellationToken enumerating) : IAsyncEnumerator<T>
    {
        private readonly Guid _id = Guid.NewGuid();
        private readonly CancellationTokenSource? _linked = given.CanBeCanceled && enumerating.CanBeCanceled && given != enumerating
            ? CancellationTokenSource.CreateLinkedTokenSource(given, enumerating)
            : null;

        private StreamBatch? _batch;
        private int _index;
        private bool _open;
        private bool _disposed;

        public T Current => _batch?.Items is { } items && _index < items.Count
            ? (T)items[_index]!
            : throw new InvalidOperationException("Cannot get current value of an invalid enumerator.");

        private CancellationToken Cancellation => _linked?.Token ?? (given.CanBeCanceled ? given : enumerating);

        public async ValueTask<bool> MoveNextAsync()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _index++;
            try
            {
                while (_batch?.Items is not { } items || _index >= items.Count)
                {
                    if (_batch is not null && _batch.State != StreamState.Open)
                    {
                        _open = false;
                        return End(_batch);
                    }

                    Cancellation.ThrowIfCancellationRequested();
                    bool first = _batch is null && !_open;
                    _open = true;
                    _batch = first ? await target.Start(_id, request, Cancellation) : await target.Next(_id, Cancellation);
                    _index = 0;
                }

                return true;
            }
            catch when (_open)
            {
                _open = false;
                await target.Stop(_id).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _linked?.Dispose();
            if (_open && _batch is not { State: not StreamState.Open })
            {
                // A grain that is gone has ended the stream itself.
                await target.Stop(_id).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }

        private static bool End(StreamBatch batch)
        {
            switch (batch.State)
            {
                case StreamState.Failed:
                    ExceptionDispatchInfo.Throw(batch.Failure!);
                    break;
                case StreamState.Canceled:
                    throw new OperationCanceledException();
                case StreamState.Missing:
                    throw new EnumerationAbortedException("Enumeration aborted: the grain has no record of this enumerator. Either the"
                        + " grain was deactivated since the enumeration began, or the enumerator was idle for longer than the response"
                        + " time-out.");
            }

            return false;
        }
    }
}
