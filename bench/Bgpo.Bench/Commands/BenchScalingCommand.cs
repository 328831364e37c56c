using System.CommandLine;
using Bgpo.Client;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Bench.Commands;

/// <summary><c>bgpo bench scaling</c>: how much faster more silos are, for real on this machine and simulated beyond.</summary>
internal sealed class BenchScalingCommand
{
    private const string Real = "real";
    private const string Simulated = "simulated";
    private const int DefaultSteps = 5;
    private const int DefaultRounds = 15;

    /// <summary>Measurements of a round.</summary>
    private const int Together = 3;
    private const int DefaultWorkMilliseconds = 100;
    private const int SimulatedSteps = 3;

    private readonly ConsoleContext _context;
    private readonly IBenchmarks _benchmarks;
    private readonly Option<string?> _only =
        Flags.Text("--only", "PART",
            "real (a run on one silo process and on two, and two runs apart) or simulated (devices of fixed speed); default: " +
                "both");
    private readonly Option<string?> _config =
        Flags.Text("--config", "FILE", "run spec of the real part, evaluations off; default: configs/sudoku.yaml of the project");
    private readonly Option<int?> _steps =
        Flags.Whole("--steps", "N", "steps of the real part to time in each spell; default: 5", 1, 1000);
    private readonly Option<int?> _rounds =
        Flags.Whole("--rounds", "N",
            "spells of one silo, of two, and of two runs apart, in turn; ratios are medians; default: 15", 1, 99);
    private readonly Option<int[]> _silos =
        Flags.WholeNumbers("--silos", "N,N", "silos to simulate; default: 1,2,4,8,16,32,64,128,256", 1, 1024);
    private readonly Option<int?> _work =
        Flags.Whole("--work", "MS", "what a rollout or a gradient unit takes on a simulated device, milliseconds; default: 100",
            1, 60_000);
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");

    internal BenchScalingCommand(ConsoleContext context, IBenchmarks benchmarks)
    {
        (_context, _benchmarks) = (context, benchmarks);
        Command command = new(
            "scaling", "Speed of a real run on two silo processes against one; efficiency on up to 256 simulated silos.")
        {
            _only, _config, _steps, _rounds, _silos, _work, _json,
        };
        _only.AcceptOnlyFromAmong(Real, Simulated);
        command.SetAction((parsed, _) => Measure(parsed));
        Part = new CommandPart(command,
        [
            ("bench scaling", "both parts; the machine should have nothing else to do"),
            ("bench scaling --only real --rounds 41",
                "one silo process of one thread, two, and two runs apart, for a quarter of an hour"),
            ("bench scaling --only simulated --silos 1,64 --json | jq .simulated",
                "the real dispatcher and grains over devices that only take time"),
        ]);
    }

    /// <summary>The command and its examples.</summary>
    internal CommandPart Part { get; }

    private async Task<int> Measure(ParseResult parsed)
    {
        var only = parsed.GetValue(_only);
        List<RealScale> real = only == Simulated ? [] : await MeasureReal(parsed);
        List<SimulatedScale> simulated = only == Real ? [] : await Simulate(parsed);
        if (parsed.GetValue(_json))
        {
            var (ratios, apart) = (Ratios(real, 1), Ratios(real, 2));
            var ratio = ratios.Count > 0 ? Spread.Of(ratios) : null;
            _context.Terminal.Out.WriteLine(JsonLines.Line(new
            {
                Benchmark = "scaling",
                Ratio = ratio?.Median,
                RatioLow = ratio?.Low,
                RatioHigh = ratio?.High,
                ApartRatio = apart.Count > 0 ? Spread.Of(apart).Median : (double?)null,
                Ratios = ratios,
                ApartRatios = apart,
                Real = real,
                Simulated = simulated,
            }));
        }

        return ExitCode.Done;
    }

    /// <summary>One silo, two, and two runs apart in turn, so that a machine whose own speed changes does so for all.</summary>
    private async Task<List<RealScale>> MeasureReal(ParseResult parsed)
    {
        var config = parsed.GetValue(_config) is { } given
            ? _context.Paths.Find(given) ?? throw new BadInputException($"option --config: value '{given}': no such file")
            : null;
        var (steps, token) = (parsed.GetValue(_steps) ?? DefaultSteps, _context.Interrupts.Token);
        List<RealScale> rows = [];
        Say(parsed, $"{"silo processes, 1 thread each",-34}{"steps/s",10}{"samples/s",12}{"devices busy",15}{"commit s",11}");
        await foreach (var row in _benchmarks.RunReal(steps, parsed.GetValue(_rounds) ?? DefaultRounds, config, token))
        {
            rows.Add(row);
            var what = row.Runs == 1 ? $"{row.Silos}" : $"{row.Silos} in each of {row.Runs} runs";
            Say(parsed, $"{what,-34}{row.StepsPerSecond,10:0.000}{row.SamplesPerSecond,12:0.0}{100 * row.Busy,13:0.0} " +
                $"%{row.CommitSeconds,11:0.000}");
        }

        Say(parsed, $"two silos are {Shown(Ratios(rows, 1))} times as fast as one");
        Say(parsed, $"two runs that have nothing to do with one another: {Shown(Ratios(rows, 2))}");
        return rows;
    }

    private async Task<List<SimulatedScale>> Simulate(ParseResult parsed)
    {
        List<SimulatedScale> rows = [];
        var work = TimeSpan.FromMilliseconds(parsed.GetValue(_work) ?? DefaultWorkMilliseconds);
        Say(parsed, $"{$"simulated silos, {work.TotalMilliseconds:0} ms a unit",-34}{"efficiency",10}{"s a step",12}{"messages a step",18}{"CPU ms a unit",16}");
        foreach (var silos in parsed.GetValue(_silos).Or(1, 2, 4, 8, 16, 32, 64, 128, 256))
        {
            var row = await _benchmarks.Simulate(silos, work, SimulatedSteps, _context.Interrupts.Token);
            rows.Add(row);
            Say(parsed, $"{row.Silos,-34}{100 * row.Efficiency,8:0.0} " +
                $"%{row.StepSeconds,12:0.000}{row.MessagesPerStep,18:0}{row.CpuMillisecondsPerUnit,16:0.00}");
        }

        return rows;
    }

    /// <summary>In each round, how much faster a row is than its first.</summary>
    private static List<double> Ratios(List<RealScale> rows, int row) =>
        [.. rows.Chunk(Together).Select(round => round[row].SamplesPerSecond / round[0].SamplesPerSecond)];

    private static string Shown(List<double> ratios) => Spread.Of(ratios) switch
    {
        { Low: { } low, High: { } high } spread => $"{spread.Median:0.00} (95 %: {low:0.00} to {high:0.00})",
        var spread => $"{spread.Median:0.00}",
    };

    private void Say(ParseResult parsed, string line)
    {
        if (!parsed.GetValue(_json))
        {
            _context.Terminal.Out.WriteLine(line);
        }
    }
}
