using System.CommandLine;
using Bgpo.Bench;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo bench scaling</c>: how much faster more silos are, for real on this machine and simulated beyond.</summary>
internal sealed class BenchScalingCommand
{
    private const string Real = "real";
    private const string Simulated = "simulated";
    private const int DefaultSteps = 12;
    private const int DefaultPairs = 5;
    private const int DefaultWorkMilliseconds = 100;
    private const int SimulatedSteps = 3;

    private static readonly int[] DefaultSilos = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    private readonly ConsoleContext _context;
    private readonly Option<string?> _only = Flags.Text("--only", "PART", "real (a run on one silo process and on two) or simulated (devices of fixed speed); default: both");
    private readonly Option<string?> _config = Flags.Text("--config", "FILE", "run spec of the real part, evaluations off; default: configs/sudoku.yaml of the project");
    private readonly Option<int?> _steps = Flags.Whole("--steps", "N", "steps of the real part to time, after three to warm up; default: 12", 1, 1000);
    private readonly Option<int?> _pairs = Flags.Whole("--pairs", "N", "times that one silo and two are timed in turn; the ratio is the median's; default: 5", 1, 99);
    private readonly Option<int[]?> _silos = Flags.WholeNumbers("--silos", "N,N", "silos to simulate; default: 1,2,4,8,16,32,64,128,256", 1, 1024);
    private readonly Option<int?> _work = Flags.Whole("--work", "MS", "what a rollout or a gradient unit takes on a simulated device, milliseconds; default: 100", 1, 60_000);
    private readonly Option<bool> _json = Flags.Json("the result as one JSON line");

    internal BenchScalingCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("scaling", "Speed of a real run on two silo processes against one; efficiency on up to 256 simulated silos.")
        {
            _only, _config, _steps, _pairs, _silos, _work, _json,
        };
        _only.AcceptOnlyFromAmong(Real, Simulated);
        Command.SetAction((parsed, _) => Measure(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("bench scaling", "both parts; the machine should have nothing else to do"),
        ("bench scaling --only real --pairs 9", "one silo process of one thread against two, nine times in turn"),
        ("bench scaling --only simulated --silos 1,64 --json | jq .simulated", "the real dispatcher and grains over devices that only take time"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Measure(ParseResult parsed)
    {
        var only = parsed.GetValue(_only);
        List<RealScale> real = only == Simulated ? [] : await MeasureReal(parsed).ConfigureAwait(false);
        List<SimulatedScale> simulated = only == Real ? [] : await Simulate(parsed).ConfigureAwait(false);
        if (parsed.GetValue(_json))
        {
            var ratios = Ratios(real);
            _context.Terminal.Out.WriteLine(JsonLines.Line(new
            {
                Benchmark = "scaling",
                Ratio = ratios.Count > 0 ? Median(ratios) : (double?)null,
                Ratios = ratios,
                Real = real,
                Simulated = simulated,
            }));
        }

        return ExitCode.Done;
    }

    /// <summary>One silo and two in turn, so that a machine whose own speed changes does so for both.</summary>
    private async Task<List<RealScale>> MeasureReal(ParseResult parsed)
    {
        var config = parsed.GetValue(_config) is { } given
            ? _context.Paths.Find(given) ?? throw new BadInputException($"option --config: value '{given}': no such file")
            : null;
        List<RealScale> rows = [];
        Say(parsed, $"{"silo processes, 1 thread each",-34}{"steps/s",10}{"samples/s",12}{"devices busy",15}{"commit s",11}");
        for (var i = 0; i < 2 * (parsed.GetValue(_pairs) ?? DefaultPairs); i++)
        {
            var row = await _context.Benchmarks.RunReal(
                1 + (i % 2), parsed.GetValue(_steps) ?? DefaultSteps, config, _context.Interrupts.Token).ConfigureAwait(false);
            rows.Add(row);
            Say(parsed, $"{row.Silos,-34}{row.StepsPerSecond,10:0.000}{row.SamplesPerSecond,12:0.0}{100 * row.Busy,13:0.0} %{row.CommitSeconds,11:0.000}");
        }

        var ratios = Ratios(rows);
        Say(parsed, $"two are {Median(ratios):0.00} times as fast as one (median of {string.Join(", ", ratios.Select(ratio => $"{ratio:0.00}"))})");
        return rows;
    }

    private async Task<List<SimulatedScale>> Simulate(ParseResult parsed)
    {
        List<SimulatedScale> rows = [];
        var work = TimeSpan.FromMilliseconds(parsed.GetValue(_work) ?? DefaultWorkMilliseconds);
        Say(parsed, $"{$"simulated silos, {work.TotalMilliseconds:0} ms a unit",-34}{"efficiency",10}{"s a step",12}{"messages a step",18}{"CPU ms a unit",16}");
        foreach (var silos in parsed.GetValue(_silos) ?? DefaultSilos)
        {
            var row = await _context.Benchmarks.Simulate(silos, work, SimulatedSteps, _context.Interrupts.Token).ConfigureAwait(false);
            rows.Add(row);
            Say(parsed, $"{row.Silos,-34}{100 * row.Efficiency,8:0.0} %{row.StepSeconds,12:0.000}{row.MessagesPerStep,18:0}{row.CpuMillisecondsPerUnit,16:0.00}");
        }

        return rows;
    }

    private static List<double> Ratios(List<RealScale> pairs) =>
        [.. pairs.Chunk(2).Select(pair => pair[1].SamplesPerSecond / pair[0].SamplesPerSecond)];

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private void Say(ParseResult parsed, string line)
    {
        if (!parsed.GetValue(_json))
            _context.Terminal.Out.WriteLine(line);
    }
}
