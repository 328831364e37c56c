using System.CommandLine;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Dashboards;
using Bgpo.Client.Hosting;
using Bgpo.Client.Metrics;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Dashboard;
using Bgpo.Grains;
using Bgpo.Spec;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Training;

/// <summary><c>bgpo train</c>: starts or resumes a run on this machine and watches it to its end.</summary>
internal sealed class TrainCommand
{
    private readonly ConsoleContext _context;
    private readonly Option<string?> _config =
        Flags.Text("--config", "FILE", "run spec (docs/run-spec.md); default: configs/sudoku.yaml of the project");
    private readonly Option<int?> _steps =
        Flags.Whole("--steps", "N", "optimizer steps; the same as --set run.steps=N", 1, 1_000_000);
    private readonly Option<string[]> _set = Flags.Set();
    private readonly Option<string?> _run = Flags.Text("--run", "RUN", "the run's id; default: the spec's run.name and the time");
    private readonly Option<string?> _store =
        Flags.Text("--store", "STORE",
            "where runs are kept: a folder, azblob://ACCOUNT/CONTAINER/prefix or azblob+emulator://CONTAINER; default: runs");
    private readonly Option<string?> _resume =
        Flags.Text("--resume", "RUN",
            "go on with a run, by its id or the beginning of it, from its newest checkpoint, by the spec it was started with");
    private readonly Option<int?> _at =
        Flags.Whole("--at", "VERSION",
            "with --resume: go back to that checkpoint; later ones and their metrics are dropped, the steps taken again", 0,
            1_000_000);
    private readonly Option<bool> _takeOver =
        Flags.Switch("--take-over", "with --resume: take the run from the process or cluster that drives it; that one stops");
    private readonly Option<string?> _fork =
        Flags.Text("--fork", "RUN[@VERSION]",
            "a new run from another one's checkpoint (default: the newest), by its spec with what --set changes");
    private readonly DeviceOptions _devices = new("a thread for each core; with --silos one each");
    private readonly Option<int?> _silos =
        Flags.Whole("--silos", "N",
            "silo processes to start, each with --threads devices (default there: 1); default: one silo inside this process",
            1, 256);
    private readonly Option<string?> _cluster =
        Flags.Text("--cluster", "NAME", "name of the cluster that --silos makes; default: the run's id");
    private readonly Option<bool> _printSpec = Flags.Switch("--print-spec", "print the effective spec and do nothing else");
    private readonly Option<bool> _json = Flags.Json("events as JSON lines on stdout");
    private readonly Option<bool> _dashboard = Flags.Switch("--dashboard", DashboardHost.Described);
    private readonly RecordingOptions _recording = new();
    private readonly Option<bool> _quiet =
        Flags.Switch("--quiet", "no live view and no line a step; evaluations and the end only");

    internal TrainCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command("train", "Trains a model with BGPO and watches the run to its end.")
        {
            _config, _steps, _set, _run, _store, _resume, _at, _takeOver, _fork, _devices.Devices, _devices.Threads, _silos,
                _cluster, _printSpec,
                _json, _quiet, _dashboard,
        };
        _recording.On(Command);
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("train", "runs configs/sudoku.yaml to its end"),
        ("train --config configs/countdown.yaml --steps 20 --set rollout.temperature=0.9 --run my-run",
            "another spec, shorter and warmer, under a name"),
        ("train --resume my-run", "goes on where my-run was interrupted, to the same bits"),
        ("train --resume my-run --at 40", "goes back to version 40 and on from there"),
        ("train --fork my-run@40 --set optimizer.learningRate=1e-4 --steps 80", "a new run that begins with my-run's version 40"),
        ("train --print-spec > mine.yaml", "a spec with every field, to start from"),
        ("train --json | jq -r 'select(.event == \"step\") | .meanReward'", "for scripts"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var resumed = parsed.GetValue(_resume);
        if (resumed is not null)
        {
            RefuseBeside(parsed, "not beside --resume, which goes on by the spec that the run was started with", _config, _steps,
                _set, _run, _fork, _printSpec);
        }
        else
        {
            RefuseBeside(parsed, "only beside --resume", _at, _takeOver);
        }

        RunFork? fork = null;
        RunSpec? spec = null;
        if (parsed.GetValue(_fork) is { } forked)
        {
            RefuseBeside(parsed, "not beside --fork, which goes on by the spec of the other run; --set changes fields of it",
                _config);
            fork = await RunFork.Read(_context, forked, parsed.GetValue(_store), parsed.GetValue(_set), parsed.GetValue(_steps));
            spec = fork.Spec;
        }
        else if (resumed is null)
        {
            spec = NewRun.Spec(_context.Paths, parsed.GetValue(_config), parsed.GetValue(_set), parsed.GetValue(_steps));
        }

        if (parsed.GetValue(_printSpec))
        {
            await _context.Terminal.Out.WriteAsync(SpecWriter.Write(spec!));
            return ExitCode.Done;
        }

        var run = resumed is null ? NewRun.Id(_context.Time, "--run", parsed.GetValue(_run), spec!)
            : await RunTarget.Resolve(_context, resumed, parsed.GetValue(_store));
        var silos = parsed.GetValue(_silos) ?? 0;
        var options = new HostOptions(
            _context.Paths.Store(parsed.GetValue(_store)),
            _devices.Read(parsed, silos > 0 ? 1 : Environment.ProcessorCount),
            silos, parsed.GetValue(_cluster) is { } cluster ? Flags.Checked("--cluster", cluster) : run);
        ProcessLimits.Check();
        _recording.Check(_context, parsed, run);
        var silent = resumed is null || parsed.GetValue(_takeOver) ? null
            : await new OwnerWatch(_context).FindSilentAsync(new RunStore(BlobStores.Open(options.Store), run));
        return await Train(run, Beginning(parsed, fork, spec, silent), options, parsed);
    }

    /// <summary>What the run's controller is asked for first.</summary>
    private Func<IRunGrain, string, Task<RunStatus>> Beginning(ParseResult parsed, RunFork? fork, RunSpec? spec, string? silent)
    {
        if (fork is not null)
        {
            return fork.Begin(_context.Paths);
        }

        if (spec is null)
        {
            var how = new Resumption(parsed.GetValue(_at), parsed.GetValue(_takeOver) || silent is not null)
            {
                SilentSince = silent ?? "",
            };
            return (run, key) => run.ResumeAs(how with { Key = key });
        }

        var yaml = SpecWriter.Write(spec.WithFullPaths(_context.Paths));
        return (run, key) => run.Start(yaml, key);
    }

    private async Task<int> Train(
        string run, Func<IRunGrain, string, Task<RunStatus>> begin, HostOptions options, ParseResult parsed)
    {
        var context = _context.BesideARun();
        var interrupted = context.Interrupts.Token;
        var cluster = await context.Training.Start(options, interrupted);
        await using var _ = cluster;
        await using var dashboard = !parsed.GetValue(_dashboard) ? null
            : await DashboardHost.Start(context, options.Store, null, new DashboardOptions(), context.Terminal.Error);
        var grain = cluster.GetRun(run);
        var status = await RunStarter.Begin(grain, begin, () => cluster.IsAlive);

        RunWatch watch;
        RunEvent? end;
        var resume = new RunSummary(context.Paths).Resume(run, parsed.GetValue(_store));
        var store = new RunStore(BlobStores.Open(options.Store), run);
        var shown = Presenters.For(
            context.Terminal, context.Time, parsed.GetValue(_json), parsed.GetValue(_quiet), Presenters.StopFooter, static () =>
                ConsoleContext.PeakRssMiB());
        await RunHistory.Recall(shown, store, interrupted);
        var presenter = await _recording.WrapBesideARun(context, parsed, shown, store);
        cluster.Said += presenter.Say;
        await using (presenter)
        {
            watch = new RunWatch(grain, presenter, context.Time, () => cluster.IsAlive);
            try
            {
                end = await watch.ToTheEnd(interrupted);
            }
            catch (ClusterLostException e)
            {
                throw new RunException(
                    $"every silo of cluster {cluster.Name} is dead; what the store has is kept. Go on with: {resume}", e);
            }
            finally
            {
                cluster.Said -= presenter.Say;
            }
        }

        if (end is null)
        {
            status = await grain.GetStatus();
        }

        return new RunEnd(context.Terminal, new RunSummary(context.Paths), parsed.GetValue(_json), ConsoleContext.PeakRssMiB())
            .Say(end, status, watch.Started?.Task ?? "", resume);
    }

    private static void RefuseBeside(ParseResult parsed, string why, params Option[] others)
    {
        var given = others.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null)
        {
            throw new BadInputException($"option {given.Name}: {why}");
        }
    }
}
