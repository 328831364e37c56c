using System.Globalization;
using System.Runtime.InteropServices;
using Bgpo.Grains;
using Bgpo.Silo.Hosting;
using Bgpo.Storage.Blobs.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Bench;

/// <summary>
/// The two processes of the measurement: silos of one cluster, the accumulators in the one, the sender in the other.
/// </summary>
public static class WireProcesses
{
    /// <summary>The run whose shards they are.</summary>
    internal const string RunId = "wire";

    private const string Cluster = "wire";
    private const int Rounds = 3;
    private const int Pings = 20_000;

    /// <summary>Holds the accumulators until whoever started this process lets go.</summary>
    /// <param name="folder">The measurement's own folder.</param>
    /// <param name="shards">Shards to hold.</param>
    /// <param name="output">Says when they are there.</param>
    public static async Task Receive(string folder, int shards, TextWriter output)
    {
        using IHost host = await Start(folder);
        // They are placed while this silo is alone, and stay.
        IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
        for (int shard = 0; shard < shards; shard++)
        {
            await grains.GetGrain<IAccumulatorGrain>(ShardKey.Of(RunId, shard)).Load(new FencingToken(1, 0), 0, replica: null);
            await grains.GetGrain<IWireSinkGrain>(ShardKey.Of(RunId, shard)).Ping();
        }
        BareSocket.Listen(SocketOf(folder));
        await output.WriteLineAsync("ready");
        await ChildPrograms.ParentLetsGo();
        await host.StopAsync();
    }

    /// <summary>Sends, and says how fast: one line a measurement, its name and its numbers.</summary>
    /// <param name="folder">The measurement's own folder.</param>
    /// <param name="shards">Shards that the receiver holds.</param>
    /// <param name="units">Units to send in each round.</param>
    /// <param name="output">Where lines go.</param>
    public static async Task Send(string folder, int shards, int units, TextWriter output)
    {
        using IHost host = await Start(folder);
        string silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
        IWireSourceGrain source = host.Services.GetRequiredService<IGrainFactory>()
            .GetGrain<IWireSourceGrain>(SiloKey.Of(RunId, silo));
        float[] gradient = TestGradient.Of(shards * ShardKey.ShardLength);
        long bytes = (long)units * shards * ShardKey.ShardLength * sizeof(float);
        int sent = 0;
        Task Say(string what, double value) =>
            output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what} {value}"));

        // Until code is compiled and pages are there, nothing is counted.
        int warmUp = Math.Max(1, units / 8);
        await source.Stream(sent, warmUp, shards, intoAccumulators: true);
        await source.Stream(sent, warmUp, shards, intoAccumulators: false);
        sent += warmUp;
        for (int round = 0; round < Rounds; round++)
        {
            await Say("accumulators", bytes / await source.Stream(sent, units, shards, intoAccumulators: true));
            sent += units;
            await Say("sink", bytes / await source.Stream(0, units, shards, intoAccumulators: false));
            await Say("socket", bytes / BareSocket.Send(SocketOf(folder), MemoryMarshal.AsBytes<float>(gradient), bytes));
        }
        await source.Ping(Pings / 4);
        double[] microseconds = await source.Ping(Pings);
        await Say("ping50", microseconds[Pings / 2]);
        await Say("ping99", microseconds[Pings * 99 / 100]);
        await host.StopAsync();
    }

    private static string SocketOf(string folder) => Path.Combine(folder, "bare.sock");

    private static async Task<IHost> Start(string folder)
    {
        IHost host = BgpoSilo.Build(
            new SiloSettings(new LocalBlobStore(Path.Combine(folder, "store")), threads: 1, cluster: Cluster));
        await host.StartAsync();
        return host;
    }
}
