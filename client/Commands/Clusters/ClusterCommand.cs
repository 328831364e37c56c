using System.CommandLine;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Machines;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Clusters;

/// <summary><c>bgpo cluster</c>: looks at a cluster, and ends its silos of this machine.</summary>
internal sealed class ClusterCommand
{
    /// <summary>How long a run that is told to save may take: a step, and the checkpoint.</summary>
    private static readonly TimeSpan s_saving = TimeSpan.FromSeconds(15);

    private readonly ConsoleContext _context;

    internal ClusterCommand(ConsoleContext context)
    {
        _context = context;
        Parts = [Status(), Silos(), Stop()];
        Command = new Command("cluster", "Looks at a cluster, and ends its silos of this machine.");
        foreach (var part in Parts)
        {
            Command.Subcommands.Add(part.Command);
        }
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("cluster status --cluster demo", "its silos and runs at a glance"),
        ("cluster silos --cluster demo", "its silos: name, process, devices, state"),
        ("cluster stop --cluster demo", "drains and ends all of them; running runs go on when silos join again"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    /// <summary>Its commands, each with its examples.</summary>
    internal IReadOnlyList<CommandPart> Parts { get; }

    private static Option<string?> Cluster() => Flags.Text("--cluster", "NAME", "the cluster; default: default");

    private static string Name(ParseResult parsed, Option<string?> option) =>
        Flags.Checked("--cluster", parsed.GetValue(option) ?? SiloCommand.DefaultCluster);

    /// <summary>A silo's process; null where it is another machine's.</summary>
    private MachineProcess? ProcessOf(SiloDescription silo) =>
        _context.Machine.Find(silo.Process) is { } process && process.Start == silo.ProcessStart ? process : null;

    private CommandPart Status()
    {
        var cluster = Cluster();
        var json = Flags.Json("one JSON line on stdout");
        var command = new Command("status", "Shows a cluster at a glance: its silos, its store, and the runs that it drives.")
        {
            cluster, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var token = _context.Interrupts.Token;
            var joined = await _context.Training.Join(Name(parsed, cluster), token);
            await using var leaving = joined;
            var silos = await joined.GetSilos(token);
            var store = silos.Select(silo => silo.Store).FirstOrDefault() ?? "";
            List<RunSummaryRow> runs = [];
            foreach (var run in store.Length > 0 ? await Driven(joined, store) : [])
            {
                runs.Add(await RunSummaryRow.Of(_context, run));
            }

            var devices = silos.Sum(silo => silo.Devices);
            var memory = silos.Sum(silo => ProcessOf(silo)?.ResidentMiB ?? 0);
            var output = _context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(new
                {
                    Cluster = joined.Name,
                    Silos = silos.Count,
                    Leaving = silos.Count(silo => silo.State != SiloState.Active),
                    Devices = devices,
                    RssMiB = Math.Round(memory, 1),
                    Store = store,
                    Runs = runs,
                }));
                return ExitCode.Done;
            }

            output.WriteLine($"cluster  {joined.Name}: {Format.Many(silos.Count, "silo")}, {Format.Many(devices, "device")}, " +
                $"{Format.Count(memory)} MiB");
            output.WriteLine($"store    {_context.Paths.Shown(store)}");
            foreach (var run in runs)
            {
                output.WriteLine($"run      {run.Run}: {Format.State(run.State)} at version {run.Version} of " +
                    $"{run.Steps}{(run.Silo.Length > 0 ? $", driven by silo {run.Silo}" : "")}{(run.Message.Length > 0 ? $" ({Format.OneLine(run.Message)})" : "")}");
            }

            if (runs.Count == 0)
            {
                output.WriteLine("run      none");
            }

            output.WriteLine("next     " + (runs.Count > 0
                ? _context.Paths.CommandLine("run", "watch", runs[0].Run, "--cluster", joined.Name)
                : _context.Paths.CommandLine("run", "start", "--cluster", joined.Name)));
            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("cluster status --cluster demo", "how many silos and devices, and where each run stands"),
            ("cluster status --cluster demo --json | jq .runs", "for scripts"),
        ]);
    }

    private CommandPart Silos()
    {
        var cluster = Cluster();
        var json = Flags.Json("a JSON line for each silo on stdout");
        var command = new Command("silos", "Lists a cluster's silos.") { cluster, json };
        command.SetAction(async (parsed, _) =>
        {
            var joined = await _context.Training.Join(Name(parsed, cluster), _context.Interrupts.Token);
            await using var leaving = joined;
            var silos = await joined.GetSilos(_context.Interrupts.Token);
            var output = _context.Terminal.Out;
            var width = Math.Max(8, silos.Select(silo => silo.Name.Length).DefaultIfEmpty(0).Max());
            if (!parsed.GetValue(json))
            {
                output.WriteLine($"{"silo".PadRight(width)}  {"process",8}  {"devices",7}  {"state",-8}  {"MiB",6}  store");
            }

            foreach (var silo in silos)
            {
                var process = ProcessOf(silo);
                var state = process?.IsStopped == true ? "stopped" : silo.State.ToString().ToLowerInvariant();
                var memory = process?.ResidentMiB ?? 0;
                output.WriteLine(parsed.GetValue(json)
                    ? JsonLines.Line(new
                    {
                        Silo = silo.Name,
                        silo.Address,
                        silo.Process,
                        silo.Roles,
                        silo.DeviceKind,
                        silo.Devices,
                        silo.Numerics,
                        silo.MemoryMiB,
                        State = state,
                        RssMiB = Math.Round(memory, 1),
                        silo.Store
                    })
                    : $"{silo.Name.PadRight(width)}  {silo.Process,8}  {silo.Devices,7}  {state,-8}  {Format.Count(memory),6}  " +
                        $"{_context.Paths.Shown(silo.Store)}");
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("cluster silos --cluster demo", "name, process, devices and state of each"),
            ("cluster silos --cluster demo --json | jq .process", "for scripts"),
        ]);
    }

    private CommandPart Stop()
    {
        var cluster = Cluster();
        var json = Flags.Json("one JSON line on stdout");
        var command = new Command(
            "stop", "Has running runs save a checkpoint, then drains and ends all silos of a cluster on this machine. Its runs " +
                "go on when silos join again.")
        {
            cluster, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var name = Name(parsed, cluster);
            // By the process table, not by membership: also where none of them answers.
            bool Wanted(MachineProcess process) => (process.Option("--cluster") ?? SiloCommand.DefaultCluster) == name;
            if (_context.Machine.Silos(Wanted).Count == 0)
            {
                throw new BadInputException($"cluster '{name}' has no silo of yours on this machine");
            }

            var saved = await SaveRuns(name);
            var (left, killed) = await SiloEnding.End(_context.Machine, Wanted, SiloEnding.Patience, _context.Interrupts.Token);
            ClusterFolder.RemoveDead(name);
            _context.Terminal.Out.WriteLine(parsed.GetValue(json)
                ? JsonLines.Line(new { Cluster = name, Left = left, Killed = killed, Saved = saved })
                : string.Concat(saved.Select(run => $"run {run.Run}: checkpoint of version {run.Version}\n"))
                    + $"cluster {name}: {Format.Many(left, "silo")} " +
                        $"ended{(killed > 0 ? $", {killed} did not leave in time and were killed" : "")}, none remains\n"
                    + $"next    {_context.Paths.CommandLine("silo", "--cluster", name)}");
            return killed == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return new CommandPart(command, [("cluster stop --cluster demo", "SIGTERM to each; after 30 s they are killed")]);
    }

    /// <summary>
    /// Has running runs save a checkpoint: silos that all leave at once have nobody to hand their state to, and what was taken
    /// since the last one would be taken again.
    /// </summary>
    private async Task<List<SavedRun>> SaveRuns(string name)
    {
        List<SavedRun> saved = [];
        var token = _context.Interrupts.Token;
        try
        {
            var joined = await _context.Training.Join(name, token);
            await using var leaving = joined;
            var runs = await Driven(joined, await RunTarget.StoreOf(_context, joined, null));
            foreach (var run in runs.Where(run => run.Record.State == RunState.Running))
            {
                var asked = await new RunRequestClient(_context, run).Ask(RequestKind.Checkpoint, "", [], isWaiting: true)
                    .WaitAsync(s_saving, _context.Time, token);
                if (asked.Answer is { Refused: null } answer)
                {
                    saved.Add(new SavedRun(run.Run, answer.Version));
                }
            }
        }
        catch (Exception e) when (e is BadInputException or StorageException or TimeoutException || TransientErrors.Is(e))
        {
            _context.Terminal.Error.WriteLine(
                $"bgpo: what runs did since their last checkpoints will be done again: {e.Message}");
        }

        return saved;
    }

    /// <summary>The runs of a store that a cluster drives, paused ones included.</summary>
    private async Task<List<RunTarget>> Driven(ITrainingCluster cluster, string store)
    {
        List<RunTarget> driven = [];
        var catalog = new RunCatalog(BlobStores.Open(store));
        await foreach (var entry in catalog.ListAsync(_context.Interrupts.Token))
        {
            if (entry.Record is { State: RunState.Running or RunState.Paused } record
                && record.Cluster == cluster.Name)
            {
                driven.Add(new RunTarget(catalog.Run(entry.RunId), record, cluster));
            }
        }

        return driven;
    }

    private sealed record SavedRun(string Run, int Version);
}
