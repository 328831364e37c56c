using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench rewards</c>: how fast completions are judged.</summary>
internal static class BenchRewardsCommand
{
    private const int DefaultCount = 200_000;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context, IBenchmarks benchmarks)
    {
        var count = Flags.Whole("--count", "N", $"answers of each kind; default: {DefaultCount}", 1, 10_000_000);
        var threads = Flags.Whole("--threads", "N", "threads; default: one for each core", 1, 1024);
        var seed = Flags.Whole("--seed", "N", "seed of the mutations; default: 1", 0, int.MaxValue);
        var json = Flags.Json("a JSON line for each kind");
        var command = new Command("rewards", "How fast answers of mathematics are judged, mutated ones too.")
        {
            count, threads, seed, json,
        };
        command.SetAction((parsed, _) =>
        {
            var output = context.Terminal.Out;
            var asJson = parsed.GetValue(json);
            if (!asJson)
            {
                output.WriteLine($"{"math",-16}{"answers",10}{"a second",12}{"slowest ms",12}");
            }

            foreach (var row in benchmarks.Rewards(
                parsed.GetValue(count) ?? DefaultCount, parsed.GetValue(threads) ?? Environment.ProcessorCount,
                (ulong)(parsed.GetValue(seed) ?? 1), context.Interrupts.Token))
            {
                output.WriteLine(asJson
                    ? JsonLines.Line(new { Benchmark = "rewards", row.Kind, row.Answers, row.PerSecond, row.SlowestMs })
                    : $"{row.Kind,-16}{row.Answers,10}{row.PerSecond,12:0}{row.SlowestMs,12:0.0}");
            }

            return Task.FromResult(ExitCode.Done);
        });
        return new CommandPart(command,
        [
            ("bench rewards", "200,000 answers of each kind, on every core"),
            ("bench rewards --count 1000000 --seed 7", "more of them, mutated otherwise"),
        ]);
    }
}
