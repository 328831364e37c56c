using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Bgpo.Silo.Clustering.Transport;

/// <summary>
/// A connection between two members: a socket, or TLS over one, and two pipes of large blocks from the pool. Orleans's own deals
/// in blocks of 4 KiB, one system call each.
/// </summary>
/// <remarks>
/// Back-pressure: the socket is not read while more than <see cref="Unread"/> bytes wait for Orleans, and Orleans's writes wait
/// while as many wait for the socket. Orleans holds one message at most until it is whole, and queues those that are: how many
/// those are is up to the callers, of which the larger ones (contributions, weights) have a few under way at most.
/// </remarks>
internal sealed class SocketConnection : DefaultConnectionContext
{
    private const int SmallBlock = 64 * 1024;
    private const int LargeBlock = 1024 * 1024;
    private const int SentBlock = 256 * 1024;
    private const int Unread = 4 * 1024 * 1024;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly Pipe _received;
    private readonly Pipe _toSend;
    private readonly Action<bool> _ended;
    private readonly CancellationTokenSource _over = new();
    private Task _work = Task.CompletedTask;
    private volatile bool _hasReceived;
    private int _closed;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="stream">What goes over it: its own stream, or TLS.</param>
    /// <param name="local">This side's address, as Orleans knows it.</param>
    /// <param name="remote">The other side's address, as Orleans knows it.</param>
    /// <param name="ended">Told once, when the connection is over, whether anything was received.</param>
    internal SocketConnection(Socket socket, Stream stream, EndPoint local, EndPoint remote, Action<bool> ended)
        : base(Guid.NewGuid().ToString("N"))
    {
        (_socket, _stream, _ended) = (socket, stream, ended);
        (LocalEndPoint, RemoteEndPoint) = (local, remote);
        _received = new Pipe(Options(SmallBlock));
        _toSend = new Pipe(Options(SentBlock));
        ConnectionClosed = _over.Token;
        Transport = new Duplex(_received.Reader, new EagerWriter(_toSend.Writer));
    }

    /// <summary>Starts to receive and to send.</summary>
    /// <remarks>
    /// It receives on a thread of its own, which the kernel wakes; asynchronous receives wake two. Neither loop may run where it
    /// is started: whoever connects may be a grain, on whose scheduler nothing of this must wait.
    /// </remarks>
    internal void Start() => _work = Task.WhenAll(
        Task.Factory.StartNew(Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        Task.Run(Send));

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => Close();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await Transport.Input.CompleteAsync();
        await Transport.Output.CompleteAsync();
        Close();
        await _work;
        await base.DisposeAsync();
    }

    /// <summary>
    /// Whoever writes goes on as the reader, without a thread in between: Orleans hands messages to threads of its own.
    /// </summary>
    private static PipeOptions Options(int block) => new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, minimumSegmentSize: block,
        pauseWriterThreshold: Unread,
        resumeWriterThreshold: Unread / 2, useSynchronizationContext: false);

    private void Receive()
    {
        PipeWriter received = _received.Writer;
        bool isPlain = _stream is NetworkStream;
        int block = SmallBlock;
        try
        {
            // A stream that decrypts may hold what the socket has no more.
            while (!isPlain || _socket.Poll(Timeout.Infinite, SelectMode.SelectRead))
            {
                Span<byte> room = received.GetSpan(block);
                int count = _stream.Read(room);
                if (count == 0)
                {
                    break;
                }
                _hasReceived = true;
                // What fills its block is part of a large message: the next part gets a larger one, so that it takes fewer system
                // calls.
                block = count == room.Length ? Math.Min(2 * block, LargeBlock) : SmallBlock;
                received.Advance(count);
                ValueTask<FlushResult> flush = received.FlushAsync();
                FlushResult read = flush.IsCompleted ? flush.Result : flush.AsTask().GetAwaiter().GetResult();
                if (read.IsCompleted || read.IsCanceled)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // Orleans asks the pipe, not the socket: its end says it all.
        }
        finally
        {
            received.Complete();
            Close();
        }
    }

    private async Task Send()
    {
        PipeReader toSend = _toSend.Reader;
        try
        {
            while (true)
            {
                ReadResult written = await toSend.ReadAsync();
                foreach (ReadOnlyMemory<byte> part in written.Buffer)
                {
                    await _stream.WriteAsync(part);
                }
                toSend.AdvanceTo(written.Buffer.End);
                if (written.IsCompleted || written.IsCanceled)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As above.
        }
        finally
        {
            await toSend.CompleteAsync();
            Close();
        }
    }

    /// <summary>Ends the connection at once, whoever asks first.</summary>
    private void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1)
        {
            return;
        }
        _toSend.Reader.CancelPendingRead();
        _received.Writer.CancelPendingFlush();
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The other side has ended it already.
        }
        _stream.Dispose();
        _socket.Dispose();
        // Elsewhere: Orleans does much when it hears of it.
        _ = Task.Run(_over.Cancel);
        _ended(_hasReceived);
    }

    private static bool IsEnd(Exception exception) => exception is IOException or SocketException or InvalidOperationException;

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
