using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Membership;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>The connections of this process: those it opened to silos, and those that others opened to its socket.</summary>
internal sealed partial class Transport : IConnectionHandler, IDisposable
{
    // Half a shard: the kernel takes it in one go, and what lies in it is still in the processor's cache when it is read.
    private const int SocketBufferBytes = 1024 * 1024;

    private readonly ClusterDirectory _directory;
    private readonly string _clusterId;
    private readonly SiloAddress? _local;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<SiloAddress, Lazy<Task<Connection>>> _outgoing = new();
    private readonly ConcurrentDictionary<Connection, bool> _incoming = new();
    private readonly ConcurrentDictionary<Connection, bool> _greeting = new();
    private Socket? _listener;
    private volatile bool _closed;
    private volatile bool _leaving;

    /// <summary>Connects <paramref name="local"/>, or a client if it is null, to the silos of <paramref name="directory"/>.</summary>
    public Transport(ClusterDirectory directory, string clusterId, SiloAddress? local, int maxMessageBytes, ILogger<Transport> logger)
    {
        _directory = directory;
        _clusterId = clusterId;
        _local = local;
        _logger = logger;
        MaxMessageBytes = maxMessageBytes;
    }

    /// <summary>A connection with a silo ended.</summary>
    public event Action<SiloAddress>? Lost;

    /// <summary>Another process tells of a new version of the table of members.</summary>
    public event Action<long>? Announced;

    public int MaxMessageBytes { get; }

    public GrainReferenceFactory References { get; set; } = null!;

    public IRemoteRouter Router { get; set; } = null!;

    /// <summary>Whether a silo has been buried, so that nobody listens to it any more.</summary>
    public Func<SiloAddress, bool> IsBuried { get; set; } = static _ => false;

    /// <summary>Opens the socket of this silo.</summary>
    public void Listen()
    {
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(_directory.SocketOf(_local!)));
        _listener.Listen(512);
        _ = AcceptAsync(_listener);
    }

    /// <summary>The open connection to <paramref name="silo"/>, if there is one.</summary>
    public Connection? Find(SiloAddress silo) =>
        _outgoing.TryGetValue(silo, out Lazy<Task<Connection>>? known) && known.Value is { IsCompletedSuccessfully: true } task
            && !task.Result.IsClosed ? task.Result : null;

    /// <summary>A connection to <paramref name="silo"/>, opened now if need be.</summary>
    /// <exception cref="SiloUnavailableException">Nobody answers.</exception>
    public async Task<Connection> ConnectAsync(SiloAddress silo)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        Lazy<Task<Connection>> opening = _outgoing.GetOrAdd(silo, static (silo, self) => new(() => self.OpenAsync(silo)), this);
        try
        {
            Connection connection = await opening.Value.ConfigureAwait(false);
            if (!connection.IsClosed)
            {
                return connection;
            }
        }
        catch (Exception failure) when (failure is SocketException or IOException or SiloUnavailableException)
        {
            _outgoing.TryRemove(new(silo, opening));
            Lost?.Invoke(silo);
            throw new SiloUnavailableException($"Silo {silo} does not answer.", failure);
        }

        _outgoing.TryRemove(new(silo, opening));
        throw new SiloUnavailableException($"The connection to silo {silo} ended.");
    }

    /// <summary>Sends <paramref name="call"/> to <paramref name="silo"/>; failure reaches the call.</summary>
    public void Send(Call call, SiloAddress silo)
    {
        if (Find(silo) is { } open)
        {
            open.Send(call);
        }
        else
        {
            _ = SendLaterAsync(call, silo);
        }
    }

    /// <summary>Tells everybody connected that the table of members has version <paramref name="version"/>.</summary>
    public void Announce(long version)
    {
        foreach (Connection connection in Everyone())
        {
            connection.Send(FrameKind.Membership, version);
        }
    }

    /// <summary>Ends all connections with <paramref name="silo"/>: calls that wait on them fail.</summary>
    public void Disconnect(SiloAddress silo)
    {
        foreach (Connection connection in Everyone().Where(connection => silo.Equals(connection.Silo)).ToArray())
        {
            connection.Close(new SiloUnavailableException($"Silo {silo} was declared dead."));
        }

        _outgoing.TryRemove(silo, out _);
    }

    /// <summary>
    /// Takes leave of everybody: calls that run get a moment to end, what was not run is handed back.
    /// </summary>
    public async Task LeaveAsync(long version, CancellationToken cancellation)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        while (_incoming.Keys.Any(connection => connection.Incoming.Values.Any(call => call.IsCommitted))
            && !patience.IsCancellationRequested)
        {
            await Task.Delay(5, CancellationToken.None).ConfigureAwait(false);
        }

        _leaving = true;
        foreach (Connection connection in _incoming.Keys)
        {
            foreach (Call unfinished in connection.Incoming.Values.Where(call => !call.TryWithdraw()))
            {
                unfinished.Fail(new SiloUnavailableException($"Silo {_local} left before {unfinished} ended."));
            }

            connection.Send(FrameKind.Goodbye, version);
        }

        await DrainAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Waits until all that was sent has left this process.</summary>
    public Task DrainAsync(CancellationToken cancellation) =>
        Task.WhenAll(Everyone().Select(connection => connection.DrainAsync(cancellation)));

    public void Dispose()
    {
        _closed = true;
        _listener?.Dispose();
        foreach (Connection connection in Everyone().ToArray())
        {
            connection.Close(null);
        }
    }

    public void OnFrame(Connection connection, FrameKind kind, WireReader body)
    {
        if (!connection.Greeted.Task.IsCompleted && kind != FrameKind.Hello)
        {
            throw new MalformedFrameException($"the first frame is a {kind}, not a Hello");
        }

        switch (kind)
        {
            case FrameKind.Hello:
                Greet(connection, body);
                break;
            case FrameKind.Request:
                OnRequest(connection, body);
                break;
            case FrameKind.Response:
                OnResponse(connection, body);
                break;
            case FrameKind.Cancel:
                if (connection.Incoming.TryGetValue(body.Raw<long>(), out Call? unwanted))
                {
                    Router.Cancel(unwanted);
                }

                break;
            case FrameKind.Membership:
                Announced?.Invoke(body.Raw<long>());
                break;
            case FrameKind.Goodbye:
                long version = body.Raw<long>();
                foreach (Call unanswered in connection.Retire())
                {
                    unanswered.SentOver = null;
                    unanswered.Return();
                    Router.Moved(unanswered, version);
                }

                break;
            default:
                throw new MalformedFrameException($"a frame is of kind {(byte)kind}, which is unknown");
        }
    }

    public void OnUndelivered(Call call, SiloUnavailableException reason) => Router.Undelivered(call, reason);

    public void OnClosed(Connection connection)
    {
        _incoming.TryRemove(connection, out _);
        if (connection.Silo is { } silo)
        {
            if (_outgoing.TryGetValue(silo, out Lazy<Task<Connection>>? known) && known.Value is { IsCompletedSuccessfully: true } task
                && task.Result == connection)
            {
                _outgoing.TryRemove(new(silo, known));
            }

            if (!_closed)
            {
                Lost?.Invoke(silo);
            }
        }
    }

    private IEnumerable<Connection> Everyone() => _incoming.Keys.Concat(_greeting.Keys).Concat(_outgoing.Values
        .Where(opening => opening.IsValueCreated && opening.Value.IsCompletedSuccessfully).Select(opening => opening.Value.Result));

    private async Task SendLaterAsync(Call call, SiloAddress silo)
    {
        try
        {
            (await ConnectAsync(silo).ConfigureAwait(false)).Send(call);
        }
        catch (Exception failure)
        {
            OnUndelivered(call, failure as SiloUnavailableException ?? new($"Silo {silo} cannot be reached.", failure));
        }
    }

    private async Task<Connection> OpenAsync(SiloAddress silo)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = SocketBufferBytes };
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_directory.SocketOf(silo))).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        Connection connection = new(socket, silo.ToString(), this, _logger) { Silo = silo };
        _greeting[connection] = true;
        try
        {
            SendHello(connection);
            connection.Start();

            // Nothing is sent before the answer: what was sent to a process that is just dying might have run.
            await connection.Greeted.Task.ConfigureAwait(false);
            return connection;
        }
        finally
        {
            _greeting.TryRemove(connection, out _);
        }
    }

    private void SendHello(Connection connection)
    {
        WireWriter hello = Frame.Begin(FrameKind.Hello);
        hello.Text(_clusterId);
        hello.Text(_local?.ToParsableString() ?? "");
        hello.VarUInt((uint)Environment.ProcessId);
        Frame.End(hello, int.MaxValue, FrameKind.Hello);
        connection.Send(hello);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_closed)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync().ConfigureAwait(false);
                socket.SendBufferSize = SocketBufferBytes;
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                if (!_closed)
                {
                    LogAcceptFailed(_logger, failure);
                    await Task.Delay(100).ConfigureAwait(false);
                    continue;
                }

                return;
            }

            Connection connection = new(socket, "a process that has not said who it is", this, _logger);
            _incoming[connection] = true;
            connection.Start();
        }
    }

    private void Greet(Connection connection, WireReader body)
    {
        string cluster = body.Text();
        string address = body.Text();
        ulong process = body.VarUInt();
        if (cluster != _clusterId)
        {
            throw new MalformedFrameException($"process {process} is of cluster \"{cluster}\", this silo of \"{_clusterId}\"");
        }

        connection.Peer = address.Length == 0 ? $"client process {process}" : $"silo {address} (process {process})";
        if (address.Length > 0)
        {
            SiloAddress silo = SiloAddress.TryParse(address, out SiloAddress? parsed)
                ? parsed
                : throw new MalformedFrameException($"\"{address}\" is not a silo's address");
            if (IsBuried(silo))
            {
                throw new MalformedFrameException($"{connection.Peer} was declared dead; it must stop and may come back as another");
            }

            connection.Silo = silo;
        }

        connection.Greeted.TrySetResult();
        if (_incoming.ContainsKey(connection))
        {
            SendHello(connection);
        }
    }

    private void OnRequest(Connection connection, WireReader body)
    {
        if (_leaving)
        {
            // The goodbye is on its way: whoever asked will ask another.
            return;
        }

        long id = body.Raw<long>();
        Call call;
        try
        {
            call = RequestFrame.Read(body, connection, id, MaxMessageBytes);
        }
        catch (Exception failure)
        {
            // The frame is whole, only its content is not for this process: the caller hears of it.
            new RemoteResponder(connection, id, MaxMessageBytes).Fail(failure);
            return;
        }

        if (call.Responder is not null)
        {
            connection.Incoming[id] = call;
        }

        Router.Receive(call, fromClient: connection.Silo is null);
    }

    private void OnResponse(Connection connection, WireReader body)
    {
        if (connection.Take(body.Raw<long>()) is not { } call)
        {
            return;
        }

        call.SentOver = null;
        try
        {
            switch ((Outcome)body.Byte())
            {
                case Outcome.Result:
                    object? result = Codecs.ReadReference(body, call.Method.ResultType ?? typeof(object));
                    call.Responder!.Complete(call.Method, result, owned: true);
                    break;
                case Outcome.Failure:
                    call.Fail(Slot<Exception>.Read(body));
                    break;
                case Outcome.Moved:
                    call.Return();
                    Router.Moved(call, body.Raw<long>());
                    break;
                default:
                    throw new SerializerException("The response is of an unknown kind.");
            }
        }
        catch (Exception failure)
        {
            call.Fail(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A connection could not be accepted.")]
    private static partial void LogAcceptFailed(ILogger logger, Exception failure);
}

/// <summary>Takes what comes from other processes.</summary>
internal interface IRemoteRouter
{
    /// <summary>Takes a call that was sent to this silo; a client's may be for any grain.</summary>
    void Receive(Call call, bool fromClient);

    void Cancel(Call call);

    /// <summary>Sends a call on that did not find its grain where it was sent; the other side has the members' <paramref name="version"/>.</summary>
    void Moved(Call call, long version);

    /// <summary>Takes back a call that could not be sent, for <paramref name="reason"/>.</summary>
    void Undelivered(Call call, SiloUnavailableException reason);
}
