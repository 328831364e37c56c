using System.IO.Pipelines;

namespace Bgpo.Silo;

/// <summary>
/// Sends a message while it is written, block by block, from the processor's cache; Orleans itself flushes once for several messages.
/// </summary>
/// <param name="pipe">Takes what is written.</param>
internal sealed class EagerWriter(PipeWriter pipe) : PipeWriter
{
    private Task _flush = Task.CompletedTask;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => pipe.UnflushedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        FlushBlock();
        return pipe.GetMemory(sizeHint);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        FlushBlock();
        return pipe.GetSpan(sizeHint);
    }

    /// <inheritdoc/>
    public override void Advance(int bytes) => pipe.Advance(bytes);

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await _flush;
        return await pipe.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => pipe.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => pipe.Complete(exception);

    /// <summary>Where the one before is still held back, the block waits for the next one, or for the message's own flush.</summary>
    private void FlushBlock()
    {
        if (pipe.UnflushedBytes >= Block && _flush.IsCompleted)
        {
            _flush = pipe.FlushAsync().AsTask();
        }
    }

    /// <summary>How much is sent at once.</summary>
    private const int Block = 128 * 1024;
}
