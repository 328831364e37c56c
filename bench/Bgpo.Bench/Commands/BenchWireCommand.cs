using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench wire</c>: how fast contributions get into accumulators of another process.</summary>
internal sealed class BenchWireCommand
{
    private const int DefaultMiB = 4096;

    private readonly ConsoleContext _context;
    private readonly IBenchmarks _benchmarks;
    private readonly Option<int?> _mib =
        Flags.Whole("--mib", "N", "float32 payload of each of the three rounds of a stream, MiB; default: 4096", 2, 1 << 20);
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");
    private readonly Option<string?> _role = Flags.Text("--role", "ROLE", "be one process of a measurement: receive or send");
    private readonly Option<int?> _shards =
        Flags.Whole("--shards", "N", "shards that a process of a measurement deals with", 1, 1 << 20);
    private readonly Option<int?> _units = Flags.Whole("--units", "N", "units that a process of a measurement sends", 1, 1 << 20);
    private readonly Option<string?> _folder = Flags.Text("--folder", "FOLDER", "where the processes of a measurement meet");

    internal BenchWireCommand(ConsoleContext context, IBenchmarks benchmarks)
    {
        (_context, _benchmarks) = (context, benchmarks);
        Command command = new(
            "wire", "Speed of contributions from one silo process into the accumulators of another, and what bounds it.")
        {
            _mib, _json, _role, _folder, _shards, _units,
        };
        _role.Hidden = _folder.Hidden = _shards.Hidden = _units.Hidden = true;
        command.SetAction((parsed, _) => Measure(parsed));
        Part = new CommandPart(command,
        [
            ("bench wire", "two silo processes on this machine; a table of GB/s and of the round trip of an empty call"),
            ("bench wire --mib 1024 --json | jq .accumulatorsGBs", "shorter, for scripts"),
        ]);
    }

    /// <summary>The command and its examples.</summary>
    internal CommandPart Part { get; }

    private async Task<int> Measure(ParseResult parsed)
    {
        var output = _context.Terminal.Out;
        if (parsed.GetValue(_role) is { } role)
        {
            var (folder, shards) = (parsed.GetValue(_folder)!, parsed.GetValue(_shards)!.Value);
            await (role == "send"
                ? WireProcesses.Send(folder, shards, parsed.GetValue(_units)!.Value, output)
                : WireProcesses.Receive(folder, shards, output));
            return ExitCode.Done;
        }

        var outcome = await _benchmarks.Wire(parsed.GetValue(_mib) ?? DefaultMiB, _context.Interrupts.Token);
        if (parsed.GetValue(_json))
        {
            output.WriteLine(JsonLines.Line(new
            {
                Benchmark = "wire",
                outcome.AccumulatorsGBs,
                outcome.SinkGBs,
                outcome.SocketGBs,
                outcome.ExactSumGBs,
                outcome.PingMedianMicroseconds,
                outcome.PingP99Microseconds,
                outcome.MiB,
                outcome.SumPath,
            }));
            return ExitCode.Done;
        }

        output.WriteLine($"{"from one process to another, 2 MiB of float32 a call, 8 in flight",-68}{"GB/s",8}");
        output.WriteLine($"{"  contributions into accumulators, the exact sum included",-68}{outcome.AccumulatorsGBs,8:0.00}");
        output.WriteLine($"{"  contributions into a grain that drops them",-68}{outcome.SinkGBs,8:0.00}");
        output.WriteLine($"{"  a bare Unix socket",-68}{outcome.SocketGBs,8:0.00}");
        output.WriteLine($"{$"the exact sum alone on one core, nothing in cache ({outcome.SumPath})",-68}{outcome.ExactSumGBs,8:0.00}");
        output.WriteLine($"round trip of an empty call: {outcome.PingMedianMicroseconds:0} us median, 99 % under " +
            $"{outcome.PingP99Microseconds:0} us");
        output.WriteLine($"median of 3 rounds of {outcome.MiB} MiB each");
        return ExitCode.Done;
    }
}
