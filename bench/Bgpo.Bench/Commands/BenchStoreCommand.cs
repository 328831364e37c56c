using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench store</c>: checkpoints against what the disk and the SDK reach.</summary>
internal static class BenchStoreCommand
{
    private const int DefaultShards = 24;
    private const int DefaultRounds = 9;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var shards = Flags.Whole("--shards", "N", $"shards of the checkpoint, 6 MiB each; default: {DefaultShards}", 1, 10_000);
        var rounds = Flags.Whole(
            "--rounds", "N", $"times to measure everything; the medians count; default: {DefaultRounds}", 1, 100);
        var only = Flags.Text("--only", "PART", "folder or azurite; default: both");
        var folder = Flags.Text("--folder", "DIR", "where to write; default: .bgpo");
        var json = Flags.Json("the result as one JSON line");
        only.AcceptOnlyFromAmong("folder", "azurite");
        var command = new Command(
            "store", "Saves and loads a checkpoint: in a folder against dd with fsync, on Azurite against the bare SDK.")
        {
            shards, rounds, only, folder, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var bench = new StoreBench(
                Path.Combine(context.Paths.Full(parsed.GetValue(folder) ?? ".bgpo"), $"bench-{Environment.ProcessId}"),
                parsed.GetValue(shards) ?? DefaultShards, parsed.GetValue(rounds) ?? DefaultRounds);
            List<StoreRate> rates = [];
            var token = context.Interrupts.Token;
            if (parsed.GetValue(only) is null or "folder")
            {
                rates.AddRange(await bench.MeasureFolder(token));
            }

            if (parsed.GetValue(only) is null or "azurite")
            {
                rates.AddRange(await bench.MeasureAzurite(token));
            }

            if (parsed.GetValue(json))
            {
                context.Terminal.Out.WriteLine(
                    JsonLines.Line(new
                    {
                        Benchmark = "store",
                        bench.MiB,
                        bench.StartMiB,
                        PeakMiB = ConsoleContext.PeakRssMiB(),
                        Rates = rates
                    }));
                return ExitCode.Done;
            }

            context.Terminal.Out.WriteLine($"{"what",-16}{"MiB/s",10}{"against",16}{"MiB/s",10}{"ratio",8}");
            foreach (var rate in rates)
            {
                context.Terminal.Out.WriteLine(
                    $"{rate.What,-16}{rate.MiBPerSecond,10:0}{rate.Against,16}{rate.BaseMiBPerSecond,10:0}{rate.Ratio,8:0.00}");
            }

            context.Terminal.Out.WriteLine(
                $"a checkpoint of {bench.MiB} MiB; this process's memory: {bench.StartMiB:0} MiB before the first, " +
                    $"{ConsoleContext.PeakRssMiB():0} MiB at its peak");
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("bench store", "both; the machine should have nothing else to do"),
            ("bench store --only folder --folder /data --json | jq .rates", "the disk under /data, for scripts"),
        ]);
    }
}
