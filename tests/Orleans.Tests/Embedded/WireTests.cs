using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Tests;

public interface IBulky : IGrainWithStringKey
{
    Task<int> Take([Immutable] byte[] bytes);

    Task<byte[]> Give(int count);

    Task Fail(int length);

    Task Wait(string entered, string cancelled, CancellationToken cancellation);
}

public sealed class Bulky : Grain, IBulky
{
    public Task<int> Take(byte[] bytes) => Task.FromResult(bytes?.Length ?? -1);

    public Task<byte[]> Give(int count) => Task.FromResult(new byte[count]);

    public Task Fail(int length) => throw new InvalidDataException(new string('x', length));

    public async Task Wait(string entered, string cancelled, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.Register(() => Gate.Open(cancelled));
        Gate.Open(entered);
        await Gate.Wait(cancelled);
    }
}

/// <summary>What holds between processes only. These name the embedded engine's directory, unlike the other tests.</summary>
public class WireTests
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task TooLargeMessage_IsAnErrorThatNamesItAndItsSize()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IBulky grain = (await cluster.StartClientAsync()).GetGrain<IBulky>("b");
        OrleansException sent = await Assert.ThrowsAsync<OrleansException>(() => grain.Take(new byte[5_000_000]));
        Assert.Contains("5000", sent.Message, StringComparison.Ordinal);
        Assert.Contains("Take", sent.Message, StringComparison.Ordinal);
        OrleansException returned = await Assert.ThrowsAsync<OrleansException>(() => grain.Give(5_000_000));
        Assert.Contains("Give", returned.Message, StringComparison.Ordinal);
        Assert.Equal(4_000_000, await grain.Take(new byte[4_000_000]));
    }

    [Fact]
    public async Task CancelledCaller_CancelsTheTokenOfAGrainInAnotherProcess()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IBulky grain = (await cluster.StartClientAsync()).GetGrain<IBulky>("b");
        using CancellationTokenSource source = new();
        Task call = grain.Wait(_id + "in", _id + "cancelled", source.Token);
        await Gate.Wait(_id + "in");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Gate.Wait(_id + "cancelled");
    }

    [Fact]
    public async Task DisposedStream_EndsTheProducerInAnotherProcess()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        ICounter grain = (await cluster.StartClientAsync()).GetGrain<ICounter>("c");
        await foreach (int item in grain.CountForEver(_id).WithBatchSize(3))
        {
            if (item == 4)
            {
                break;
            }
        }

        await Gate.Wait(_id);
    }

    [Theory]
    [InlineData("garbage that is no frame at all, whatever it may be")]
    [InlineData("\u0001")]
    [InlineData("")]
    public async Task MalformedFrame_ClosesItsConnectionAndHarmsNobodyElse(string bytes)
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IClusterClient client = await cluster.StartClientAsync();
        Task waiting = client.GetGrain<IBulky>("b").Wait(_id + bytes.Length + "in", _id + bytes.Length + "out", CancellationToken.None);
        await Gate.Wait(_id + bytes.Length + "in");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Directory.GetFiles(cluster.Directory, "*.sock").Single()));
        await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(bytes));
        socket.Shutdown(SocketShutdown.Send);
        byte[] answer = new byte[64];
        Assert.Equal(0, await socket.ReceiveAsync(answer).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(3, await client.GetGrain<IBulky>("other").Take(new byte[3]));
        Gate.Open(_id + bytes.Length + "out");
        await waiting;
    }

    [Fact]
    public async Task OpenDirectory_IsRefused()
    {
        await using ClusterFixture cluster = new();
        Directory.CreateDirectory(cluster.Directory);
        using (Process chmod = Process.Start("/bin/chmod", ["705", cluster.Directory]))
        {
            await chmod.WaitForExitAsync();
        }

        OrleansConfigurationException failure =
            await Assert.ThrowsAsync<OrleansConfigurationException>(() => cluster.StartSiloAsync("one"));
        Assert.Contains("chmod 700", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoryThatOthersCouldReplace_IsRefused()
    {
        await using ClusterFixture cluster = new();
        Directory.CreateDirectory(cluster.Directory);
        using (Process chmod = Process.Start("/bin/chmod", ["777", cluster.Directory]))
        {
            await chmod.WaitForExitAsync();
        }

        OrleansConfigurationException failure = Assert.Throws<OrleansConfigurationException>(
            () => ClusterFixture.BuildSilo(Path.Combine(cluster.Directory, "own"), "one").Services.GetService(typeof(ILocalSiloDetails)));
        Assert.Contains("others could replace it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilosAndClients_OpenNoSocketOfANetwork()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        await cluster.StartSiloAsync("two");
        Assert.Equal(1, await (await cluster.StartClientAsync()).GetGrain<IBulky>("b").Take(new byte[1]));
        string[] network = [.. new[] { "tcp", "tcp6", "udp", "udp6" }.Select(table => "/proc/self/net/" + table).Where(File.Exists)
            .SelectMany(File.ReadLines).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(columns => columns.Length > 9)
            .Select(columns => $"socket:[{columns[9]}]")];
        string?[] own = [.. Directory.GetFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget)];
        Assert.Contains(own, file => file is not null && file.StartsWith("socket:", StringComparison.Ordinal));
        Assert.Empty(own.Intersect(network));
    }

    [Fact]
    public async Task ExceptionTooLargeToSend_ReachesTheCallerInFewWordsAndHarmsNobody()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IClusterClient client = await cluster.StartClientAsync();
        Task waiting = client.GetGrain<IBulky>("b").Wait(_id + "in", _id + "out", CancellationToken.None);
        await Gate.Wait(_id + "in");
        OrleansException failure = await Assert.ThrowsAsync<OrleansException>(() => client.GetGrain<IBulky>("c").Fail(6_000_000));
        Assert.StartsWith(typeof(InvalidDataException).FullName!, failure.Message, StringComparison.Ordinal);
        Assert.InRange(failure.Message.Length, 1, 3000);
        Gate.Open(_id + "out");
        await waiting;
    }

    [Fact]
    public async Task StoppedCluster_LeavesNoFileButTheTable()
    {
        await using ClusterFixture cluster = new();
        IHost one = await cluster.StartSiloAsync("one");
        IHost two = await cluster.StartSiloAsync("two");
        await two.StopAsync();
        await one.StopAsync();
        Assert.All(Directory.GetFiles(cluster.Directory), file => Assert.StartsWith("table-", Path.GetFileName(file), StringComparison.Ordinal));
        IHost again = await cluster.StartSiloAsync("again");
        Assert.Equal(1, await ClusterFixture.GrainsOf(again).GetGrain<IBulky>("b").Take(new byte[1]));
    }

    [Fact]
    public async Task ManyCallsAtOnce_AllArriveInSpiteOfFullQueues()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one");
        IBulky grain = (await cluster.StartClientAsync(client =>
            client.Configure<ClientMessagingOptions>(options => options.MaxMessageBodySize = 8_000_000))).GetGrain<IBulky>("b");
        byte[] chunk = new byte[2_000_000];
        int[] sizes = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => grain.Take(chunk)));
        Assert.All(sizes, size => Assert.Equal(chunk.Length, size));
    }
}
