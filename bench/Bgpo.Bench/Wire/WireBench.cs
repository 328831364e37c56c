using System.Diagnostics;
using System.Globalization;
using Bgpo.ExactSums;
using Bgpo.Grains;
using Bgpo.Spec;
using Bgpo.Storage.Blobs.Local;

namespace Bgpo.Bench;

/// <summary>How fast contributions get from one process into the accumulators of another, and what bounds that.</summary>
/// <param name="AccumulatorsGBs">GB/s of float32 through the real grain call into accumulators, the exact sum included.</param>
/// <param name="SinkGBs">The same call into a grain that drops them.</param>
/// <param name="SocketGBs">GB/s of a bare Unix socket between the same two processes.</param>
/// <param name="ExactSumGBs">GB/s of float32 that one core adds exactly, terms and sums not in its cache.</param>
/// <param name="PingMedianMicroseconds">Round trip of an empty call to a grain in the other process: median.</param>
/// <param name="PingP99Microseconds">The same: 99 % are faster.</param>
/// <param name="MiB">Payload of each round of a stream, MiB.</param>
/// <param name="SumPath">The instructions that the exact sum used.</param>
public sealed record WireOutcome(
    double AccumulatorsGBs, double SinkGBs, double SocketGBs, double ExactSumGBs, double PingMedianMicroseconds,
    double PingP99Microseconds, int MiB, string SumPath);

/// <summary><c>bench wire</c>: two silo processes of this machine, everything else as in a run.</summary>
public static class WireBench
{
    private const int ShardMiB = 2;
    private const int MostShards = 32;

    /// <summary>Measures.</summary>
    /// <param name="mib">Payload of each round of a stream, MiB; at least a shard's 2.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<WireOutcome> Measure(int mib, CancellationToken cancellationToken)
    {
        int shards = Math.Clamp(mib / ShardMiB, 1, MostShards);
        int units = Math.Max(1, mib / (shards * ShardMiB));
        double sum = ExactSumSpeed.Measure(mib, cancellationToken);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bgpo-wire-");
        try
        {
            await StoredShards.Create(
                new LocalBlobStore(Path.Combine(folder.FullName, "store")), WireProcesses.RunId,
                new RunSpec { Model = new ModelSection { Path = WireProcesses.RunId } }, (long)shards * ShardKey.ShardLength);
            Dictionary<string, List<double>> rows = await Rows(folder.FullName, shards, units, cancellationToken);
            double Median(string what) => rows[what].Order().ElementAt(rows[what].Count / 2);
            return new WireOutcome(
                Median("accumulators") / 1e9, Median("sink") / 1e9, Median("socket") / 1e9, sum / 1e9, Median("ping50"),
                Median("ping99"),
                units * shards * ShardMiB, ExactSum.Path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Dictionary<string, List<double>>> Rows(
        string folder, int shards, int units, CancellationToken cancellationToken)
    {
        using Process receiver =
            ChildPrograms.Bench(folder, "bench", "wire", "--role", "receive", "--folder", folder, "--shards", $"{shards}");
        Process? sender = null;
        try
        {
            await Line(receiver, cancellationToken);
            sender = ChildPrograms.Bench(
                folder, "bench", "wire", "--role", "send", "--folder", folder, "--shards", $"{shards}", "--units", $"{units}");
            Dictionary<string, List<double>> rows = [];
            while (rows.GetValueOrDefault("ping99") is null)
            {
                string[] row = (await Line(sender, cancellationToken)).Split(' ');
                if (!rows.TryGetValue(row[0], out List<double>? values))
                {
                    rows[row[0]] = values = [];
                }
                values.Add(double.Parse(row[1], CultureInfo.InvariantCulture));
            }
            return rows;
        }
        finally
        {
            await End(sender);
            await End(receiver);
        }
    }

    private static async Task<string> Line(Process process, CancellationToken cancellationToken) =>
        await process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new InvalidOperationException("a process of the measurement ended before it was done");

    private static async Task End(Process? process)
    {
        if (process is not null)
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
            process.Dispose();
        }
    }
}
