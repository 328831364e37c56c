using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench</c>: measures what the project promises.</summary>
internal sealed class BenchCommand
{
    private readonly ConsoleContext _context;
    private readonly IBenchmarks _benchmarks;
    private readonly Option<int[]> _samples =
        Flags.WholeNumbers("--samples", "N,N", "the n_t to compare; default: 1,64", 1, 1024);
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");
    private readonly Option<string?> _probe =
        Flags.Text("--probe", "OBJECTIVE", "measure one objective in this process and print base and peak");

    private BenchCommand(ConsoleContext context, IBenchmarks benchmarks)
    {
        (_context, _benchmarks) = (context, benchmarks);
        Command memory = new(
            "memory", "Peak memory of the gradient phase: BGPO's is constant in n_t, the one-graph ELBO objective's is not.")
        {
            _samples, _json, _probe,
        };
        _probe.Hidden = true;
        memory.SetAction((parsed, _) => MeasureMemory(parsed));
        Memory = new CommandPart(memory, s_examples);
    }

    private static readonly IReadOnlyList<(string Line, string Meaning)> s_examples =
    [
        ("bench memory", "peak memory with n_t = 1 and 64"),
        ("bench memory --samples 1,8,64 --json | jq .ratio", "for scripts"),
        ("bench wire", "speed of contributions from one silo process into the accumulators of another"),
        ("bench overhead --watchers 20", "what watchers cost a run"),
        ("bench rewards", "how fast answers are judged"),
        ("bench scaling", "a real run on two silo processes against one, and up to 256 simulated silos"),
    ];

    private CommandPart Memory { get; }

    /// <summary>The command and those below it.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="benchmarks">What measures.</param>
    internal static IReadOnlyList<CommandPart> Parts(ConsoleContext context, IBenchmarks benchmarks)
    {
        CommandPart[] below =
        [
            new BenchCommand(context, benchmarks).Memory, new BenchWireCommand(context, benchmarks).Part,
            new BenchScalingCommand(context, benchmarks).Part, BenchOverheadCommand.Make(context, benchmarks),
            BenchStoreCommand.Make(context),
            BenchModelCommand.Make(context),
            BenchRewardsCommand.Make(context, benchmarks),
        ];
        Command command = new("bench", "Measures what the project promises.");
        foreach (CommandPart part in below)
        {
            command.Subcommands.Add(part.Command);
        }
        return [new CommandPart(command, s_examples), .. below];
    }

    private async Task<int> MeasureMemory(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        var output = _context.Terminal.Out;
        if (parsed.GetValue(_probe) is { } objective)
        {
            var (before, peak) = MemoryProbe.Measure(objective, parsed.GetValue(_samples)![0]);
            output.WriteLine(FormattableString.Invariant($"{before} {peak}"));
            return ExitCode.Done;
        }

        var samples = parsed.GetValue(_samples).Or(1, 64);
        if (!json)
        {
            output.WriteLine($"{"objective",-20}{"n_t",6}{"peak MiB",12}{"over base",12}");
        }

        var progress = new Reporter<MemoryMeasured>(row =>
        {
            if (!json)
            {
                output.WriteLine($"{(row.Objective == "elbo" ? "one-graph ELBO" : "BGPO"),-20}{row.Samples,6}{row.PeakMiB,12:0.0}{row.PeakMiB - row.BaseMiB,12:0.0}");
            }
        });
        var outcome = await _benchmarks.Memory(samples, progress, _context.Interrupts.Token);
        output.WriteLine(json
            ? JsonLines.Line(new { Benchmark = "memory", outcome.Ratio, outcome.Rows })
            : $"BGPO with n_t = {samples[^1]} takes {outcome.Ratio:0.000} times the memory of n_t = {samples[0]}");
        return ExitCode.Done;
    }
}
