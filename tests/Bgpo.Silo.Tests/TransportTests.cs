using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Clustering.Transport;
using Microsoft.AspNetCore.Connections;

namespace Bgpo.Silo.Tests;

/// <summary>
/// The transport under Orleans, over Unix sockets and over TCP: bytes arrive whole, neither side can drown the other, ends are
/// told.
/// </summary>
public sealed class TransportTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("transport-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bytes_ArriveWholeAndInOrder_BothWays(bool unix)
    {
        await using Pair pair = await Connect(unix);
        byte[] sent = new byte[20 << 20];
        new Random(1).NextBytes(sent);
        Task<byte[]> there = Read(pair.Server.Transport.Input, sent.Length);
        Task<byte[]> back = Read(pair.Client.Transport.Input, sent.Length);
        await Task.WhenAll(Write(pair.Client.Transport.Output, sent), Write(pair.Server.Transport.Output, sent));
        Assert.True((await there.WaitAsync(s_patience)).AsSpan().SequenceEqual(sent));
        Assert.True((await back.WaitAsync(s_patience)).AsSpan().SequenceEqual(sent));
    }

    [Fact]
    public async Task WriterIsHeldBack_ByAReaderThatLags()
    {
        const int blocks = 128;
        await using Pair pair = await Connect(unix: true);
        byte[] block = new byte[1 << 20];
        var held = new TaskCompletionSource();
        long written = 0, mostAhead = 0, read = 0;
        Task reading = Task.Run(async () =>
        {
            // It starts when the writer is held back for the first time: one that never is gets far ahead.
            await held.Task;
            PipeReader input = pair.Server.Transport.Input;
            while (Volatile.Read(ref read) < (long)blocks * block.Length)
            {
                ReadResult result = await input.ReadAsync();
                Interlocked.Add(ref read, result.Buffer.Length);
                input.AdvanceTo(result.Buffer.End);
            }
        });
        for (int i = 0; i < blocks; i++)
        {
            pair.Client.Transport.Output.Write(block);
            ValueTask<FlushResult> flush = pair.Client.Transport.Output.FlushAsync();
            if (!flush.IsCompleted)
            {
                held.TrySetResult();
            }
            await flush;
            written += block.Length;
            mostAhead = Math.Max(mostAhead, written - Volatile.Read(ref read));
        }
        held.TrySetResult();
        await reading.WaitAsync(s_patience);
        Assert.InRange(mostAhead, 1, 32 << 20);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EndOfAConnection_IsToldOnBothSides_AndOfItsAddress(bool unix)
    {
        await using Pair pair = await Connect(unix);
        var made = new TaskCompletionSource<IPEndPoint>();
        var taken = new TaskCompletionSource<IPEndPoint>();
        pair.Transport.Ended += end => _ = end.IsOutbound ? made.TrySetResult(end.Remote) : taken.TrySetResult(end.Local);
        await Task.WhenAll(Write(pair.Client.Transport.Output, [1]), Write(pair.Server.Transport.Output, [1]));
        await Task.WhenAll(Read(pair.Client.Transport.Input, 1), Read(pair.Server.Transport.Input, 1)).WaitAsync(s_patience);
        pair.Server.Abort(new ConnectionAbortedException());
        Assert.Equal(pair.EndPoint, await made.Task.WaitAsync(s_patience));
        Assert.Equal(pair.EndPoint, await taken.Task.WaitAsync(s_patience));
        ReadResult end = await pair.Client.Transport.Input.ReadAsync().AsTask().WaitAsync(s_patience);
        Assert.True(end.IsCompleted && end.Buffer.IsEmpty);
        await Closed(pair.Client);
        await Closed(pair.Server);
    }

    [Fact]
    public async Task EndOfAConnectionThatSentNothing_IsNotTold()
    {
        await using Pair pair = await Connect(unix: true);
        var told = new TaskCompletionSource<EndedConnection>();
        pair.Transport.Ended += told.SetResult;
        pair.Client.Abort(new ConnectionAbortedException());
        await Closed(pair.Client);
        await Closed(pair.Server);
        await pair.Server.DisposeAsync();
        Assert.False(told.Task.IsCompleted);
    }

    [Fact]
    public async Task WriterThatIsHeldBack_HearsThatItsConnectionIsGivenUp()
    {
        await using Pair pair = await Connect(unix: true);
        PipeWriter output = pair.Client.Transport.Output;
        Task<FlushResult> flush;
        do
        {
            // The second of two messages that Orleans writes before it flushes finds the first still held back.
            output.Write(new byte[1 << 20]);
            output.Write(new byte[1 << 20]);
            flush = output.FlushAsync().AsTask();
        }
        while (flush.IsCompleted);
        output.CancelPendingFlush();
        Assert.True((await flush.WaitAsync(s_patience)).IsCanceled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnAddressThatIsLeft_IsToldFromOneThatIsNot(bool unix)
    {
        await using Pair pair = await Connect(unix);
        Assert.False(await pair.Transport.NobodyListens(pair.EndPoint, CancellationToken.None));
        await pair.Listener.UnbindAsync();
        Assert.True(await pair.Transport.NobodyListens(pair.EndPoint, CancellationToken.None));
        // The trial itself may have been taken as a connection.
        while (await pair.Listener.AcceptAsync().AsTask().WaitAsync(s_patience) is { } trial)
        {
            await trial.DisposeAsync();
        }
    }

    [Fact]
    public void ReservedPorts_AreNobodyElses()
    {
        string folder = Path.Combine(_folder, "cluster");
        int[] ports = [.. Enumerable.Range(0, 200).AsParallel().Select(_ => ClusterFolder.ReservePort(folder))];
        Assert.Equal(200, ports.Distinct().Count());
    }

    private async Task<Pair> Connect(bool unix)
    {
        var transport = new SocketTransport(unix ? _folder : null, null);
        var endpoint = new IPEndPoint(IPAddress.Loopback, FileMembership.FreePort(IPAddress.Loopback));
        IConnectionListener listener = await transport.BindAsync(endpoint);
        Task<ConnectionContext?> accepted = listener.AcceptAsync().AsTask();
        ConnectionContext client = await transport.ConnectAsync(endpoint);
        return new Pair(transport, endpoint, listener, client, (await accepted.WaitAsync(s_patience))!);
    }

    private static async Task Write(PipeWriter output, byte[] bytes)
    {
        for (int at = 0; at < bytes.Length; at += 700_001)
        {
            output.Write(bytes.AsSpan(at, Math.Min(700_001, bytes.Length - at)));
            await output.FlushAsync();
        }
    }

    private static async Task<byte[]> Read(PipeReader input, int count)
    {
        var read = new List<byte>(count);
        while (read.Count < count)
        {
            ReadResult result = await input.ReadAsync();
            read.AddRange(result.Buffer.ToArray());
            input.AdvanceTo(result.Buffer.End);
        }
        return [.. read];
    }

    private static async Task Closed(ConnectionContext connection)
    {
        var closed = new TaskCompletionSource();
        using CancellationTokenRegistration registration = connection.ConnectionClosed.Register(() => closed.TrySetResult());
        await closed.Task.WaitAsync(s_patience);
    }

    private sealed record Pair(
        SocketTransport Transport, IPEndPoint EndPoint, IConnectionListener Listener, ConnectionContext Client,
        ConnectionContext Server)
        : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
            await Listener.DisposeAsync();
        }
    }
}
