using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench overhead</c>: what watching a run costs it.</summary>
internal static class BenchOverheadCommand
{
    private const int DefaultSteps = 10;
    private const int DefaultRounds = 12;

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context, IBenchmarks benchmarks)
    {
        var watchers = Flags.WholeNumbers("--watchers", "N,N", "watching processes; default: 1,20", 1, 256);
        var steps = Flags.Whole("--steps", "N", $"steps to time in a spell; default: {DefaultSteps}", 1, 1000);
        var rounds = Flags.Whole("--rounds", "N", $"spells with and without them, in turn; default: {DefaultRounds}", 1, 100);
        var threads = Flags.Threads();
        var json = Flags.Json("the result as one JSON line");
        var command = new Command("overhead", "Time of a run's steps with watchers against the steps beside them without.")
        {
            watchers, steps, rounds, threads, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var rows = await benchmarks.Overhead(
                parsed.GetValue(watchers).Or(1, 20), parsed.GetValue(steps) ?? DefaultSteps,
                parsed.GetValue(rounds) ?? DefaultRounds,
                parsed.GetValue(threads) ?? Environment.ProcessorCount, context.Interrupts.Token);
            var output = context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(new { Benchmark = "overhead", Rows = rows }));
                return ExitCode.Done;
            }

            output.WriteLine($"{"watchers",-12}{"s a step",10}{"cost",10}{"95 %",20}{"rounds",8}{"cpu share",12}");
            foreach (var row in rows)
            {
                output.WriteLine(FormattableString.Invariant(
                    $"{row.Watchers,-12}{row.StepSeconds,10:0.000}{Cost(row.Ratio),8:0.0} %{(row is { Low: { } low, High: { } high } ? FormattableString.Invariant($"{Cost(low):0.0} to {Cost(high):0.0} %") : "-"),20}{row.Rounds,8}{100 * row.Share,10:0.00} %"));
            }

            return ExitCode.Done;

            static double Cost(double ratio) => 100 * (ratio - 1);
        });
        return new CommandPart(command,
        [
            ("bench overhead --watchers 20", "20 processes of run watch; the machine should have nothing else to do"),
            ("bench overhead --json | jq '.rows[] | {watchers, ratio}'", "for scripts"),
        ]);
    }
}
