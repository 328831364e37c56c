using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>What is done with the frames of a connection.</summary>
internal interface IConnectionHandler
{
    /// <summary>The most bytes of one message.</summary>
    int MaxMessageBytes { get; }

    /// <summary>Makes the references that messages hold.</summary>
    GrainReferenceFactory References { get; }

    /// <summary>Takes a frame, in the order of arrival. What <paramref name="body"/> holds is read before this returns.</summary>
    void OnFrame(Connection connection, FrameKind kind, WireReader body);

    /// <summary>A call was not sent because the connection is over.</summary>
    void OnUndelivered(Call call, SiloUnavailableException reason);

    /// <summary>The connection is over; calls that waited on it have failed by now.</summary>
    void OnClosed(Connection connection);
}

/// <summary>
/// One socket to another process of this machine. Whoever has something to send does so on its own thread if nobody else is at it;
/// beyond <see cref="QueueLimitBytes"/> calls wait unserialized until there is room.
/// </summary>
internal sealed partial class Connection(Socket socket, string peer, IConnectionHandler handler, ILogger logger)
{
    public const int QueueLimitBytes = 16 * 1024 * 1024;

    private const int InlineFrames = 16;

    private readonly Lock _lock = new();
    private readonly Queue<WireWriter> _queue = new();
    private readonly Queue<Call> _waiting = new();
    private readonly ConcurrentDictionary<long, Call> _pending = new();
    private long _lastId;
    private long _queuedBytes;
    private bool _sending;
    private bool _closed;

    /// <summary>Whether the other side has ended and receives nothing more, though what it sent before may still be read.</summary>
    private bool _deaf;

    /// <summary>Who is at the other end, in words.</summary>
    public string Peer { get; set; } = peer;

    /// <summary>The silo at the other end, if it is one.</summary>
    public SiloAddress? Silo { get; set; }

    /// <summary>Requests of the other side that run here, by their number.</summary>
    public ConcurrentDictionary<long, Call> Incoming { get; } = new();

    /// <summary>Completes when the other side has said who it is; fails if the connection ends before.</summary>
    public TaskCompletionSource Greeted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether nothing can be sent any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed) || Volatile.Read(ref _deaf);

    /// <summary>Sends a request; its outcome, or the connection's end, reaches the call.</summary>
    public void Send(Call call)
    {
        lock (_lock)
        {
            if (!IsClosed && (Volatile.Read(ref _queuedBytes) > QueueLimitBytes || _waiting.Count > 0))
            {
                _waiting.Enqueue(call);
                return;
            }
        }

        SendNow(call);
    }

    /// <summary>Sends <paramref name="frame"/> and disposes it; false if the connection is over.</summary>
    public bool Send(WireWriter frame)
    {
        lock (_lock)
        {
            if (IsClosed)
            {
                frame.Dispose();
                return false;
            }

            _queue.Enqueue(frame);
            Interlocked.Add(ref _queuedBytes, frame.TotalBytes);
            if (_sending)
            {
                return true;
            }

            _sending = true;
        }

        _ = SendQueuedAsync();
        return true;
    }

    /// <summary>Sends a frame of <paramref name="kind"/> with one number in it.</summary>
    public bool Send(FrameKind kind, long number)
    {
        WireWriter frame = Frame.Begin(kind);
        frame.Raw(number);
        Frame.End(frame, int.MaxValue, kind);
        return Send(frame);
    }

    /// <summary>Tells the other side that <paramref name="call"/> is no longer wanted.</summary>
    public void Cancel(Call call)
    {
        if (_pending.TryRemove(call.SentAs, out _))
        {
            Send(FrameKind.Cancel, call.SentAs);
        }
    }

    /// <summary>The call that waits for outcome number <paramref name="id"/>, which no longer waits.</summary>
    public Call? Take(long id) => _pending.TryRemove(id, out Call? call) ? call : null;

    /// <summary>Ends the connection: what waits on it fails.</summary>
    public void Close(Exception? reason)
    {
        if (End() is { } lost)
        {
            foreach (Call call in lost)
            {
                call.Fail(Lost(call, reason));
            }

            handler.OnClosed(this);
        }
    }

    /// <summary>Ends the connection at the other side's goodbye; returns the calls that it has not run.</summary>
    public List<Call> Retire()
    {
        List<Call> unanswered = End() ?? [];
        handler.OnClosed(this);
        return unanswered;
    }

    /// <summary>Waits until all that was sent has left this process, or the connection is over.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        while (!IsClosed && Volatile.Read(ref _queuedBytes) > 0)
        {
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the connection; returns the calls that waited on it, or null if it was over already.</summary>
    private List<Call>? End()
    {
        List<Call> unanswered;
        lock (_lock)
        {
            if (_closed)
            {
                return null;
            }

            _closed = true;
            unanswered = [.. _waiting];
            _waiting.Clear();
            if (!_sending)
            {
                DropQueue();
            }
        }

        socket.Dispose();
        Greeted.TrySetException(new SiloUnavailableException($"The connection with {Peer} ended before it began."));
        _ = Greeted.Task.Exception;
        foreach (long id in _pending.Keys)
        {
            if (Take(id) is { } call)
            {
                unanswered.Add(call);
            }
        }

        return unanswered;
    }

    private SiloUnavailableException Lost(Call call, Exception? reason) => reason is null
        ? new($"The target silo became unavailable for message: {call}. The connection to {Peer} ended.")
        : new($"The target silo became unavailable for message: {call}. The connection to {Peer} ended.", reason);

    private void SendNow(Call call)
    {
        if (!call.TryCommit())
        {
            return;
        }

        long id = Interlocked.Increment(ref _lastId);
        WireWriter frame;
        try
        {
            frame = RequestFrame.Write(call, id, handler.MaxMessageBytes);
        }
        catch (Exception failure)
        {
            call.Fail(failure);
            return;
        }

        if (call.Responder is not null)
        {
            call.SentAs = id;
            call.SentOver = this;
            _pending[id] = call;
        }

        if (!Send(frame))
        {
            if (call.Responder is null || Take(id) is not null)
            {
                call.Return();
                handler.OnUndelivered(call, Lost(call, null));
            }
        }
        else if (call.IsCancelled)
        {
            Cancel(call);
        }
    }

    private async Task SendQueuedAsync()
    {
        try
        {
            for (int sent = 1; ; sent++)
            {
                if (sent % InlineFrames == 0)
                {
                    // Whoever came first sends for all who came since; nobody's turn should last for ever by that.
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                }

                WireWriter? frame;
                Call? next = null;
                lock (_lock)
                {
                    if (IsClosed)
                    {
                        DropQueue();
                        return;
                    }

                    if (Volatile.Read(ref _queuedBytes) <= QueueLimitBytes / 2)
                    {
                        _waiting.TryDequeue(out next);
                    }

                    if (!_queue.TryDequeue(out frame) && next is null)
                    {
                        _sending = false;
                        return;
                    }
                }

                if (next is not null)
                {
                    SendNow(next);
                }

                if (frame is not null)
                {
                    long bytes = frame.TotalBytes;
                    using (frame)
                    {
                        await SendAllAsync(frame.Head).ConfigureAwait(false);
                        foreach (Blob blob in frame.Blobs)
                        {
                            await SendAllAsync(blob.Bytes).ConfigureAwait(false);
                        }
                    }

                    Interlocked.Add(ref _queuedBytes, -bytes);
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            lock (_lock)
            {
                _sending = false;
                _deaf = true;
                DropQueue();
            }

            // One that has left said goodbye before, and perhaps answered: that is still to be read, up to the end, which closes this.
            if (failure is not SocketException { SocketErrorCode: SocketError.Shutdown or SocketError.ConnectionReset })
            {
                Close(failure);
            }
        }
    }

    private void DropQueue()
    {
        while (_queue.TryDequeue(out WireWriter? frame))
        {
            frame.Dispose();
        }

        Interlocked.Exchange(ref _queuedBytes, 0);
    }

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int sent = await socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false);
            bytes = bytes[sent..];
        }
    }
}
