namespace Bgpo.Storage.Blobs.Azure;

/// <summary>A blob's content as the SDK reads it, with a fault point when half of it is handed over.</summary>
internal sealed class UploadBody(ReadOnlyMemory<byte> content) : Stream
{
    private int _position;
    private bool _halfSent;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => _position;
        set => _position = checked((int)value);
    }

    public override int Read(Span<byte> buffer)
    {
        int half = content.Length / 2;
        if (_position == half && !_halfSent)
        {
            _halfSent = true;
            FaultPoint.Hit(StorageFaults.BlobHalfSent);
        }
        int end = _position < half ? half : content.Length;
        int count = Math.Min(buffer.Length, Math.Max(0, end - _position));
        content.Span.Slice(Math.Min(_position, content.Length), count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken)
            : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => content.Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
