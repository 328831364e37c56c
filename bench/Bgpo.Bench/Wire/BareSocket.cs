using System.Diagnostics;
using System.Net.Sockets;

namespace Bgpo.Bench;

/// <summary>
/// What the kernel alone gives: bytes over a Unix socket into a buffer that is used again and again, and nothing else.
/// </summary>
internal static class BareSocket
{
    private const int ChunkBytes = 2 * 1024 * 1024;

    /// <summary>As the transport's sockets have.</summary>
    private const int BufferBytes = 1024 * 1024;

    /// <summary>Takes what senders send, one sender after the other, and acknowledges the end of each.</summary>
    /// <param name="path">The socket's path.</param>
    internal static void Listen(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        new Thread(() => Accept(listener)) { IsBackground = true }.Start();
    }

    /// <summary>Sends bytes from memory that is not in the cache.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="source">What is sent, again and again.</param>
    /// <param name="bytes">How many.</param>
    /// <returns>Seconds until the last was acknowledged.</returns>
    internal static double Send(string path, ReadOnlySpan<byte> source, long bytes)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            SendBufferSize = BufferBytes,
        };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        long started = Stopwatch.GetTimestamp();
        long at = 0;
        for (long sent = 0; sent < bytes;)
        {
            int count = (int)Math.Min(ChunkBytes, Math.Min(bytes - sent, source.Length - at));
            int taken = socket.Send(source.Slice((int)at, count));
            sent += taken;
            at = (at + taken) % source.Length;
        }
        socket.Shutdown(SocketShutdown.Send);
        _ = socket.Receive(new byte[1]);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static void Accept(Socket listener)
    {
        var buffer = new byte[ChunkBytes];
        while (true)
        {
            using Socket socket = listener.Accept();
            while (socket.Receive(buffer) > 0)
            {
                // Nothing is done with it.
            }
            socket.Send(buffer.AsSpan(0, 1));
        }
    }
}
