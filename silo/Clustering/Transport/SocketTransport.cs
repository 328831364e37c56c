using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bgpo.Silo.Clustering.Transport;

/// <summary>
/// How members reach one another: over Unix sockets in a folder that is their user's alone (<c>PORT.sock</c> stands for a port,
/// and nothing listens on a network), or over TCP; with TLS inside where the cluster has it.
/// </summary>
/// <param name="folder">The folder of the sockets; null: TCP.</param>
/// <param name="tls">The cluster's TLS; null: none.</param>
internal sealed partial class SocketTransport(string? folder, ClusterTls? tls) : IConnectionFactory, IConnectionListenerFactory
{
    private readonly string? _folder = folder;
    private readonly ClusterTls? _tls = tls;

    /// <summary>What the kernel may hold of what is sent; it allows less where it is set up so.</summary>
    private const int SendBuffer = 4 * 1024 * 1024;

    /// <summary>How long a peer may take to show its certificate.</summary>
    private static readonly TimeSpan s_handshake = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMilliseconds(100);

    /// <summary>Where it is said who was turned away.</summary>
    internal ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>Told when a connection is over.</summary>
    internal event Action<EndedConnection>? Ended;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var remote = (IPEndPoint)endpoint;
        Socket socket = await Connect(remote, cancellationToken);
        try
        {
            Stream stream = new NetworkStream(socket, ownsSocket: false);
            if (_tls is not null)
            {
                stream = await _tls.AsClient(stream, cancellationToken);
            }
            IPEndPoint local = socket.LocalEndPoint as IPEndPoint ?? new IPEndPoint(remote.Address, 0);
            return Started(socket, stream, local, remote, new EndedConnection(local, remote, IsOutbound: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(this, (IPEndPoint)endpoint));

    /// <summary>
    /// Whether nobody listens at an address any more. A process that hangs still does: the kernel takes connections for it.
    /// </summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<bool> NobodyListens(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            using Socket socket = await Connect(endpoint, cancellationToken);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused
                || (_folder is not null && !File.Exists(FileOf(_folder, endpoint.Port)));
        }
    }

    /// <summary>The socket that stands for a port.</summary>
    /// <param name="folder">The cluster's folder.</param>
    /// <param name="port">The port.</param>
    internal static string FileOf(string folder, int port) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{port}.sock"));

    private SocketConnection Started(Socket socket, Stream stream, EndPoint local, EndPoint remote, EndedConnection end)
    {
        var connection = new SocketConnection(socket, stream, local, remote, received =>
        {
            // Whoever only looks whether somebody listens sends nothing.
            if (received)
            {
                Ended?.Invoke(end);
            }
        });
        connection.Start();
        return connection;
    }

    private async Task<Socket> Connect(IPEndPoint remote, CancellationToken cancellationToken)
    {
        Socket socket = NewSocket(remote.AddressFamily);
        try
        {
            await socket.ConnectAsync(Address(remote), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private EndPoint Address(IPEndPoint endpoint) =>
        _folder is null ? endpoint : new UnixDomainSocketEndPoint(FileOf(_folder, endpoint.Port));

    private string? FileAt(IPEndPoint endpoint) => _folder is null ? null : FileOf(_folder, endpoint.Port);

    private Socket NewSocket(AddressFamily family) => _folder is null
        ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = SendBuffer }
        : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = SendBuffer };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection to {Endpoint} was turned away: {Reason}")]
    private static partial void TurnedAway(ILogger log, EndPoint endpoint, string reason);

    /// <summary>Takes connections at an address.</summary>
    private sealed class Listener : IConnectionListener
    {
        private readonly SocketTransport _transport;
        private readonly IPEndPoint _endpoint;
        private readonly Socket _socket;
        private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
        private volatile bool _isClosed;

        internal Listener(SocketTransport transport, IPEndPoint endpoint)
        {
            (_transport, _endpoint) = (transport, endpoint);
            _socket = transport.NewSocket(endpoint.AddressFamily);
            if (transport.FileAt(endpoint) is { } file)
            {
                File.Delete(file);
            }
            _socket.Bind(transport.Address(endpoint));
            _socket.Listen(512);
            _ = Accept();
        }

        public EndPoint EndPoint => _endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _accepted.Reader.WaitToReadAsync(cancellationToken)
                && _accepted.Reader.TryRead(out ConnectionContext? connection) ? connection : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _isClosed = true;
            _socket.Dispose();
            if (_transport.FileAt(_endpoint) is { } file)
            {
                File.Delete(file);
            }
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private async Task Accept()
        {
            while (!_isClosed)
            {
                try
                {
                    Socket peer = await _socket.AcceptAsync();
                    _ = Admit(peer);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // One that gave up before it was accepted, or too many open files: the next may have more luck.
                    await Task.Delay(_isClosed ? TimeSpan.Zero : s_afterFailure);
                }
            }
            _accepted.Writer.TryComplete();
        }

        /// <summary>One that is slow to show its certificate, or has none, stands in nobody's way.</summary>
        private async Task Admit(Socket peer)
        {
            try
            {
                if (_transport._folder is null)
                {
                    peer.NoDelay = true;
                }
                peer.SendBufferSize = SendBuffer;
                IPEndPoint remote = peer.RemoteEndPoint as IPEndPoint ?? new IPEndPoint(_endpoint.Address, 0);
                Stream stream = new NetworkStream(peer, ownsSocket: false);
                if (_transport._tls is { } tls)
                {
                    using var patience = new CancellationTokenSource(s_handshake);
                    // Whoever only looks whether somebody listens, another silo or a health check, sends nothing.
                    if (await peer.ReceiveAsync(new byte[1], SocketFlags.Peek, patience.Token) == 0)
                    {
                        peer.Dispose();
                        return;
                    }
                    stream = await tls.AsServer(stream, patience.Token);
                }
                SocketConnection connection = _transport.Started(
                    peer, stream, _endpoint, remote, new EndedConnection(_endpoint, remote, IsOutbound: false));
                if (!_accepted.Writer.TryWrite(connection))
                {
                    await connection.DisposeAsync();
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException
                or AuthenticationException)
            {
                TurnedAway(_transport.Log, _endpoint, e.Message);
                peer.Dispose();
            }
        }
    }
}

/// <summary>A connection that is over.</summary>
/// <param name="Local">This side: the address that listens, or any.</param>
/// <param name="Remote">The other side: the address that listens, or one that is only of its machine.</param>
/// <param name="IsOutbound">Whether this side made it.</param>
internal sealed record EndedConnection(IPEndPoint Local, IPEndPoint Remote, bool IsOutbound);
