using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <content>Reading frames.</content>
internal sealed partial class Connection
{
    private const int BufferBytes = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>
    /// Begins to read frames, until the connection ends: on a thread of its own, which the kernel wakes for each message. The pool would
    /// be woken twice, by the runtime's own thread for sockets.
    /// </summary>
    public void Start()
    {
        try
        {
            new Thread(Receive) { Name = "Orleans receive", IsBackground = true }.UnsafeStart();
        }
        catch (Exception failure)
        {
            // The machine has no more threads.
            Close(failure);
        }
    }

    private void Receive()
    {
        Exception? reason = null;
        try
        {
            socket.Blocking = false;
            ReceiveFrames();
        }
        catch (MalformedFrameException failure)
        {
            LogMalformed(logger, Peer, failure.Message);
            reason = failure;
        }
        catch (Exception failure)
        {
            // A broken pipe is how a process that was killed says goodbye.
            if (failure is not (SocketException or ObjectDisposedException or OperationCanceledException))
            {
                LogMalformed(logger, Peer, failure.ToString());
            }

            reason = failure;
        }

        try
        {
            Close(reason);
        }
        catch (Exception failure)
        {
            // On a thread of its own nobody else catches it.
            LogCloseFailed(logger, failure, Peer);
        }

        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void ReceiveFrames()
    {
        while (Fill(Frame.PreludeBytes, mayEnd: true))
        {
            (int headBytes, int blobs, int blobBytes) = Frame.ReadPrelude(
                _buffer.AsSpan(_start, Frame.PreludeBytes), handler.MaxMessageBytes);
            int headEnd = Frame.PreludeBytes + headBytes;
            int tableEnd = headEnd + (blobs * Frame.TableEntryBytes);
            Fill(tableEnd, mayEnd: false);
            byte[] frame = _buffer;
            int start = _start;
            Array[] arrays = blobs == 0 ? [] : new Array[blobs];
            if (blobs > 0)
            {
                // Receiving the blobs may use the buffer again; the head is kept apart until then.
                frame = ArrayPool<byte>.Shared.Rent(tableEnd);
                _buffer.AsSpan(_start, tableEnd).CopyTo(frame);
                _start += tableEnd;
                start = 0;
                ReceiveBlobs(frame.AsSpan(headEnd, tableEnd - headEnd), arrays, blobBytes);
            }
            else
            {
                _start += tableEnd;
            }

            WireReader body = new(frame.AsMemory(start, headEnd), Frame.PreludeBytes, arrays, handler.References);
            handler.OnFrame(this, (FrameKind)body.Byte(), body);
            if (blobs > 0)
            {
                ArrayPool<byte>.Shared.Return(frame);
            }
        }
    }

    private void ReceiveBlobs(ReadOnlySpan<byte> table, Array[] arrays, int promised)
    {
        long left = promised;
        for (int i = 0; i < arrays.Length; i++)
        {
            int bytes = BinaryPrimitives.ReadInt32LittleEndian(table[(i * Frame.TableEntryBytes)..]);
            ElementKind kind = (ElementKind)table[(i * Frame.TableEntryBytes) + 4];
            left -= bytes;
            if (bytes < 0 || left < 0 || ElementKinds.Allocate(kind, bytes) is not { } block)
            {
                throw new MalformedFrameException($"block {i} has {bytes} bytes of kind {(byte)kind}, which cannot be");
            }

            arrays[i] = block.Array;
            int buffered = Math.Min(bytes, _end - _start);
            _buffer.AsSpan(_start, buffered).CopyTo(block.Memory.Span);
            _start += buffered;
            for (int got = buffered; got < bytes;)
            {
                int received = ReceiveSome(block.Memory.Span[got..]);
                if (received == 0)
                {
                    throw new MalformedFrameException("the connection ended inside a frame");
                }

                got += received;
            }
        }
    }

    /// <summary>Makes sure that <paramref name="count"/> bytes are in the buffer; false if the connection ended before the first.</summary>
    private bool Fill(int count, bool mayEnd)
    {
        if (_buffer.Length - _start < count)
        {
            byte[] target = _buffer.Length >= count ? _buffer : ArrayPool<byte>.Shared.Rent(count);
            _buffer.AsSpan(_start, _end - _start).CopyTo(target);
            if (target != _buffer)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = target;
            }

            _end -= _start;
            _start = 0;
        }

        if (_start == _end)
        {
            _start = _end = 0;
        }

        while (_end - _start < count)
        {
            int received = ReceiveSome(_buffer.AsSpan(_end));
            if (received == 0)
            {
                return mayEnd && _end == _start ? false : throw new MalformedFrameException("the connection ended inside a frame");
            }

            _end += received;
        }

        return true;
    }

    /// <summary>Waits for bytes; 0 at the connection's end.</summary>
    private int ReceiveSome(Span<byte> target)
    {
        while (true)
        {
            int received = socket.Receive(target, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success)
            {
                return received;
            }

            if (error != SocketError.WouldBlock)
            {
                throw new SocketException((int)error);
            }

            socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Closing the connection with {Peer}: {Reason}.")]
    private static partial void LogMalformed(ILogger logger, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What was to be done at the end of the connection with {Peer} failed.")]
    private static partial void LogCloseFailed(ILogger logger, Exception failure, string peer);
}
