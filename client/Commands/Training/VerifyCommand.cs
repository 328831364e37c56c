using System.CommandLine;
using System.Diagnostics;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Proof;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Spec;

namespace Bgpo.Client.Commands.Training;

/// <summary><c>bgpo verify</c>: tries what the project promises.</summary>
internal sealed class VerifyCommand
{
    /// <summary>The small run of <c>--quick</c>: the project's base model, few prompts, samples and problems.</summary>
    private static readonly string[] QuickSet =
    [
        "run.steps=75", "rollout.prompts=4", "rollout.completions=4", "rollout.denoisingSteps=4", "objective.samples=2",
        "units.samples=8",
        "units.microbatch=4", "evaluation.count=8", "evaluation.every=0", "checkpoint.every=7",
    ];

    private readonly ConsoleContext _context;
    private readonly Option<string?> _config =
        Flags.Text("--config", "FILE", "run spec; default: configs/sudoku.yaml of the project");
    private readonly Option<int?> _steps =
        Flags.Whole("--steps", "N", "steps of each run; default: 30, with --quick 75", 6, 1_000_000);
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<bool> _quick =
        Flags.Switch("--quick", "a small run, with faults to match: a minute instead of twenty; leaves out ettr and soak");
    private readonly Option<string?> _scenario =
        Flags.Text("--scenario", "NAMES",
            $"only these, with commas between: {string.Join(", ", ElasticScenario.Names)}; default: all but soak");
    private readonly Option<TimeSpan?> _for =
        Flags.Duration("--for", "length of ettr (default 5m) and soak (default 30m)", TimeSpan.FromSeconds(10),
            TimeSpan.FromHours(24));
    private readonly Option<string?> _folder =
        Flags.Text("--folder", "FOLDER",
            "where its stores are made and kept; default: a temporary folder, removed when all is well");
    private readonly Option<bool> _json = Flags.Json("a JSON line for each scenario and one for the verdict on stdout");

    internal VerifyCommand(ConsoleContext context)
    {
        _context = context;
        Elastic = new Command(
            "elastic", "The same run with silos killed, hung, drained and crashed: the weights must be the same, bit for bit.")
        {
            _config, _steps, _set, _quick, _scenario, _for, _folder, _json,
        };
        Elastic.SetAction((parsed, _) => Run(parsed));
        Command = new Command("verify", "Tries what the project promises, on this machine.") { Elastic };
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("verify elastic", "configs/sudoku.yaml cut to 30 steps, seven scenarios, then five minutes with a kill every 15 s: " +
            "about twenty minutes"),
        ("verify elastic --quick", "the same at reduced size, in a minute or two"),
        ("verify elastic --scenario chaos,ettr --for 2m", "only some of it"),
        ("verify elastic --scenario soak --for 30m", "what half an hour of kills leaves behind"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>Its proof of elasticity.</summary>
    internal Command Elastic { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var quick = parsed.GetValue(_quick);
        var wanted = Wanted(parsed.GetValue(_scenario), quick);
        var folder = parsed.GetValue(_folder) is { } given ? _context.Paths.Full(given)
            : Directory.CreateTempSubdirectory("bgpo-verify-").FullName;
        var isWell = false;
        try
        {
            isWell = await Prove(parsed, quick, wanted, folder);
            return isWell ? ExitCode.Done : ExitCode.Failed;
        }
        finally
        {
            if (parsed.GetValue(_folder) is null)
            {
                if (isWell)
                {
                    Directory.Delete(folder, recursive: true);
                }
                else
                {
                    _context.Terminal.Error.WriteLine($"bgpo: the stores of its runs are kept in {folder}");
                }
            }
        }
    }

    private async Task<bool> Prove(ParseResult parsed, bool quick, IReadOnlyList<string> wanted, string folder)
    {
        var started = Stopwatch.GetTimestamp();
        var json = parsed.GetValue(_json);
        var proof = new ElasticProof(_context.Machine, _context.Training.Clustering, _context.Time, folder);
        var spec = Spec(parsed, quick);
        List<ElasticOutcome> outcomes = [];
        List<double> recoveries = [];
        List<string> faults = [];
        var reference = "";
        if (!json && wanted.Any(name => name is not ("ettr" or "soak")))
        {
            _context.Terminal.Out.WriteLine(ElasticTable.Head);
        }

        foreach (var scenario in ElasticScenario.All(quick).Where(scenario => wanted.Contains(scenario.Name)))
        {
            var outcome = await Shown(scenario.Name, () => proof.Play(
                scenario, SpecWriter.Write(spec), spec.Run.Steps, reference.Length > 0 ? reference : null,
                _context.Interrupts.Token));
            if (scenario.Name == ElasticScenario.Reference)
            {
                reference = outcome.WeightsSha256;
            }

            outcomes.Add(outcome);
            recoveries.AddRange(outcome.RecoveryMilliseconds);
            faults.AddRange(outcome.Faults.Select(fault => $"{scenario.Name}: {fault}"));
            Write(json, "scenario", outcome, ElasticTable.Lines(outcome, reference));
        }

        var endless = spec with
        {
            Run = spec.Run with { Steps = 1_000_000 },
            Evaluation = spec.Evaluation with { Count = 8, Every = 0 }
        };
        EttrOutcome? ettr = null;
        if (wanted.Contains("ettr"))
        {
            ettr = await Shown("ettr", () => proof.MeasureEttr(
                SpecWriter.Write(endless), parsed.GetValue(_for) ?? TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(15),
                _context.Interrupts.Token));
            recoveries.AddRange(ettr.RecoveryMilliseconds);
            faults.AddRange(ettr.Faults.Select(fault => $"ettr: {fault}"));
            Write(json, "ettr", ettr, ElasticTable.Lines(ettr));
        }

        if (wanted.Contains("soak"))
        {
            var soak = await Shown("soak", () => proof.Soak(
                SpecWriter.Write(endless), parsed.GetValue(_for) ?? TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(5),
                _context.Interrupts.Token));
            faults.AddRange(soak.Faults.Select(fault => $"soak: {fault}"));
            Write(json, "soak", soak, ElasticTable.Lines(soak));
        }

        return Verdict(json, outcomes, recoveries, ettr, faults, Stopwatch.GetElapsedTime(started));
    }

    private bool Verdict(
        bool json, List<ElasticOutcome> outcomes, List<double> recoveries, EttrOutcome? ettr, List<string> faults, TimeSpan took)
    {
        var output = _context.Terminal.Out;
        var same = outcomes.Select(outcome => outcome.WeightsSha256).Distinct().Count() <= 1;
        if (json)
        {
            output.WriteLine(JsonLines.Line(new
            {
                Event = "verdict",
                Ok = faults.Count == 0,
                Same = same,
                Scenarios = outcomes.Count,
                Faults = faults,
                RecoveryMedianMilliseconds = recoveries.Count > 0 ? ElasticTable.Median(recoveries) : (double?)null,
                Recoveries = recoveries.Count,
                EttrByAccounting = ettr?.ByAccounting,
                EttrByRatio = ettr?.ByRatio,
                Seconds = Math.Round(took.TotalSeconds, 1),
            }));
            return faults.Count == 0;
        }

        if (outcomes.Any(outcome => outcome.Acts > 0) || ettr is not null)
        {
            output.WriteLine(ElasticTable.Recovery(recoveries));
        }

        output.WriteLine(faults.Count == 0
            ? $"verdict     ok: {(outcomes.Count > 1 ? $"{outcomes.Count} runs ended in the same weights, " : "")}nothing was " +
                $"lost, counted twice or left over ({Format.Clock(took.TotalSeconds)})"
            : $"verdict     FAILED: {Format.Many(faults.Count, "fault")}, the first: {faults[0]} " +
                $"({Format.Clock(took.TotalSeconds)})");
        return faults.Count == 0;
    }

    private void Write(bool json, string kind, object outcome, IEnumerable<string> lines)
    {
        if (json)
        {
            _context.Terminal.Out.WriteLine(JsonLines.Tagged(kind, outcome));
            return;
        }

        foreach (var line in lines)
        {
            _context.Terminal.Out.WriteLine(line);
        }
    }

    private async Task<T> Shown<T>(string what, Func<Task<T>> work)
    {
        using var status = new StatusLine(_context.Terminal);
        status.Show($"{what}…");
        return await work();
    }

    private RunSpec Spec(ParseResult parsed, bool quick)
    {
        string[] set = [.. quick ? QuickSet : [], .. parsed.GetValue(_set) ?? []];
        var steps = parsed.GetValue(_steps) ?? (quick ? null : 30);
        return NewRun.Spec(_context.Paths, parsed.GetValue(_config), set, steps).WithFullPaths(_context.Paths);
    }

    private static IReadOnlyList<string> Wanted(string? given, bool quick)
    {
        if (given is null)
        {
            return [.. ElasticScenario.Names.Where(name => name != "soak" && !(quick && name == "ettr"))];
        }

        var names = given.Split(',', StringSplitOptions.TrimEntries);
        if (names.FirstOrDefault(name => !ElasticScenario.Names.Contains(name)) is { } unknown)
        {
            throw new BadInputException(
                $"option --scenario: value '{unknown}': one of " +
                    $"{string.Join(", ", ElasticScenario.Names)}{Usage.Suggestion(unknown, ElasticScenario.Names)}");
        }
        // Weights are compared with those of one silo that is let alone.
        return names.Any(name => name is not ("ettr" or "soak")) ? [ElasticScenario.Reference, .. names] : names;
    }
}
