using System.IO.Pipelines;

namespace Bgpo.Silo.Clustering.Transport;

/// <summary>
/// Sends a message while the next one is written; Orleans itself flushes once for several.
/// </summary>
/// <param name="pipe">Takes what is written.</param>
internal sealed class EagerWriter(PipeWriter pipe) : PipeWriter
{
    private Task<FlushResult> _flush = Task.FromResult(default(FlushResult));

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => pipe.UnflushedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        SendWritten();
        return pipe.GetMemory(sizeHint);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        SendWritten();
        return pipe.GetSpan(sizeHint);
    }

    /// <inheritdoc/>
    public override void Advance(int bytes) => pipe.Advance(bytes);

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        FlushResult before = await _flush;
        if (before.IsCanceled || before.IsCompleted)
        {
            // Orleans gives the connection up, or its reader has: whoever waits must hear of it.
            return before;
        }
        return await pipe.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => pipe.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => pipe.Complete(exception);

    /// <summary>
    /// Where what was sent before is still held back, this waits for the next message, or for Orleans's own flush.
    /// </summary>
    private void SendWritten()
    {
        if (pipe.UnflushedBytes >= Enough && _flush.IsCompleted)
        {
            _flush = pipe.FlushAsync().AsTask();
        }
    }

    /// <summary>How much is worth a system call of its own.</summary>
    private const int Enough = 128 * 1024;
}
