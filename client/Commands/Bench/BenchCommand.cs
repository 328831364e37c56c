using System.CommandLine;
using Bgpo.Bench;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Runs;
using Bgpo.Client.Models;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Bench;

/// <summary><c>bgpo bench</c>: measures what the project promises.</summary>
internal sealed class BenchCommand
{
    private readonly ConsoleContext _context;
    private readonly Option<int[]> _samples = Flags.WholeNumbers("--samples", "N,N", "the n_t to compare; default: 1,64", 1, 1024);
    private readonly Option<int?> _threads = Flags.Threads();
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");
    private readonly Option<string?> _probe = Flags.Text("--probe", "OBJECTIVE", "measure one objective in this process and print base and peak");

    internal BenchCommand(ConsoleContext context)
    {
        _context = context;
        Memory = new Command("memory", "Peak memory of the gradient phase: BGPO's is constant in n_t, the one-graph ELBO objective's is not.")
        {
            _samples, _threads, _json, _probe,
        };
        _probe.Hidden = true;
        Memory.SetAction((parsed, _) => MeasureMemory(parsed));
        Wire = new BenchWireCommand(context).Command;
        Scaling = new BenchScalingCommand(context).Command;
        Overhead = BenchOverheadCommand.Make(context);
        Command = new Command("bench", "Measures what the project promises.") { Memory, Wire, Scaling, Overhead.Command };
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("bench memory", "peak memory with n_t = 1 and 64"),
        ("bench memory --samples 1,8,64 --json | jq .ratio", "for scripts"),
        ("bench wire", "speed of contributions from one silo process into the accumulators of another"),
        ("bench overhead --watchers 20", "what watchers cost a run"),
        ("bench scaling", "a real run on two silo processes against one, and up to 256 simulated silos"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>Its measurement of memory.</summary>
    internal Command Memory { get; }

    /// <summary>Its measurement of the way into accumulators.</summary>
    internal Command Wire { get; }

    /// <summary>Its measurement of more silos.</summary>
    internal Command Scaling { get; }

    /// <summary>Its measurement of watchers.</summary>
    internal CommandPart Overhead { get; }

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

        var request = new MemoryRequest(parsed.GetValue(_samples).Or(1, 64), parsed.GetValue(_threads) ?? Environment.ProcessorCount);
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
        var outcome = await _context.Models.MeasureMemory(request, progress, _context.Interrupts.Token);
        output.WriteLine(json
            ? JsonLines.Line(new { Benchmark = "memory", outcome.Ratio, outcome.Rows })
            : $"BGPO with n_t = {request.Samples[^1]} takes {outcome.Ratio:0.000} times the memory of n_t = {request.Samples[0]}");
        return ExitCode.Done;
    }
}
