using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Commands.Stores;

/// <summary><c>bgpo checkpoints</c>: lists, verifies and prunes a run's checkpoints.</summary>
internal sealed class CheckpointsCommand
{
    private readonly ConsoleContext _context;

    internal CheckpointsCommand(ConsoleContext context)
    {
        _context = context;
        var run = new Argument<string?>("RUN")
        {
            Description = "the run's id, or the beginning of it",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each checkpoint on stdout");
        var command = new Command("checkpoints", "Lists the checkpoints of a run; verifies or prunes them.") { run, store, json };
        CommandPart verify = Verify(), prune = Prune();
        command.Subcommands.Add(verify.Command);
        command.Subcommands.Add(prune.Command);
        command.SetAction(async (parsed, _) =>
        {
            var name = parsed.GetValue(run) ?? throw new BadInputException("checkpoints needs RUN (see bgpo checkpoints --help)");
            return await List(await Find(name, parsed.GetValue(store)), parsed.GetValue(json));
        });
        Part = new CommandPart(command,
        [
            ("checkpoints sudoku", "what there is of the run sudoku"),
            ("checkpoints verify sudoku", "reads every byte and names what is bad; exit code 1 when anything is"),
            ("checkpoints prune sudoku --keep-last 3 --keep-every 100 --dry-run", "what would go"),
        ]);
        Parts = [verify, prune];
    }

    /// <summary>The command.</summary>
    internal CommandPart Part { get; }

    /// <summary>Its commands.</summary>
    internal IReadOnlyList<CommandPart> Parts { get; }

    private CommandPart Verify()
    {
        var run = new Argument<string>("RUN") { Description = "the run's id, or the beginning of it" };
        var store = StoreCommands.StoreOption();
        var json = Flags.Json("a JSON line for each checkpoint on stdout");
        var command = new Command(
            "verify", "Reads every blob of every checkpoint of a run, checks every hash, and names what is bad.")
        {
            run, store, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var found = await Find(parsed.GetValue(run)!, parsed.GetValue(store));
            var bad = 0;
            foreach (var version in await found.ExpectedCheckpointsAsync(_context.Interrupts.Token))
            {
                var result = await Verify(found, version);
                bad += result.Faults.Count > 0 ? 1 : 0;
                if (parsed.GetValue(json))
                {
                    Write(JsonLines.Line(
                        new
                        {
                            Run = found.RunId,
                            Version = version,
                            Whole = result.Faults.Count == 0,
                            result.Faults,
                            result.Manifest?.WeightsSha256,
                        }));
                }
                else if (result.Faults.Count == 0)
                {
                    Write($"ok   version {version}: {Format.Many(result.Manifest!.Shards.Count, "shard")}, sha256 " +
                        $"{result.Manifest.WeightsSha256}");
                }

                foreach (var fault in parsed.GetValue(json) ? [] : result.Faults)
                {
                    Write($"BAD  version {version}: {fault}");
                }
            }

            return bad == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return new CommandPart(
            command, [("checkpoints verify sudoku --json | jq -r 'select(.whole | not) | .version'",
                "versions that are damaged")]);
    }

    /// <summary>Reads a checkpoint; one of a newer format cannot be judged here, and does not hide the others.</summary>
    private async Task<CheckpointVerification> Verify(RunStore run, int version)
    {
        try
        {
            return await run.VerifyCheckpointAsync(version, _context.Interrupts.Token);
        }
        catch (NewerFormatException e)
        {
            return new CheckpointVerification(version, null, [e.Message]);
        }
    }

    private CommandPart Prune()
    {
        var run = new Argument<string>("RUN") { Description = "the run's id, or the beginning of it" };
        var store = StoreCommands.StoreOption();
        var last = Flags.Whole("--keep-last", "N", "newest checkpoints to keep; default: 3", 1, 1_000_000);
        var every = Flags.Whole("--keep-every", "N", "keep versions that N divides, too", 1, 1_000_000);
        var dry = Flags.Switch("--dry-run", "only say what would go");
        var json = Flags.Json("the outcome as one JSON line");
        var command = new Command(
            "prune", "Deletes a run's older checkpoints and the blobs that no manifest names; blobs younger than an hour stay.")
        {
            run, store, last, every, dry, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var found = await Find(parsed.GetValue(run)!, parsed.GetValue(store));
            var isDry = parsed.GetValue(dry);
            var outcome = await found.PruneAsync(
                parsed.GetValue(last) ?? 3, parsed.GetValue(every), isDry, _context.Interrupts.Token);
            foreach (var note in outcome.Notes)
            {
                _context.Terminal.Error.WriteLine("bgpo: " + note);
            }

            if (parsed.GetValue(json))
            {
                Write(JsonLines.Line(
                    new
                    {
                        Run = found.RunId,
                        DryRun = isDry,
                        outcome.Kept,
                        outcome.Deleted,
                        outcome.Blobs,
                        outcome.Bytes,
                        outcome.Notes,
                    }));
                return ExitCode.Done;
            }

            Write($"kept     {Listed(outcome.Kept)}");
            Write($"{(isDry ? "would go" : "deleted ")} {Listed(outcome.Deleted)}; {Format.Many(outcome.Blobs, "blob")}, " +
                $"{StoreCommands.Size(outcome.Bytes)}");
            if (outcome.Deleted.Count > 0 && outcome.Blobs == 0)
            {
                Write("         blobs younger than an hour stay, as an upload may need them; another prune later frees them");
            }

            return ExitCode.Done;
        });
        return new CommandPart(
            command, [("checkpoints prune sudoku --keep-last 3 --keep-every 100",
                "the last three, and versions 0, 100, 200, …")]);
    }

    private async Task<int> List(RunStore run, bool isJson)
    {
        var token = _context.Interrupts.Token;
        foreach (var version in await run.ListCheckpointsAsync(token))
        {
            CheckpointManifest? manifest = null;
            string? fault = null;
            string? message = null;
            try
            {
                manifest = await run.ReadManifestAsync(version, token);
            }
            catch (StorageException e) when (e is CorruptBlobException or NewerFormatException)
            {
                fault = $"{(e is NewerFormatException ? "newer" : "damaged")}: {e.Message}";
                message = e.Message;
            }

            if (isJson)
            {
                Write(JsonLines.Line(
                    new
                    {
                        Run = run.RunId,
                        Version = version,
                        manifest?.Created,
                        Shards = manifest?.Shards.Count,
                        manifest?.ParameterCount,
                        manifest?.WeightsSha256,
                        Message = message,
                    }));
            }
            else if (manifest is not null)
            {
                Write($"version {version,6}  {manifest.Created:yyyy-MM-dd HH:mm} UTC  " +
                    $"{Format.Many(manifest.Shards.Count, "shard")}  sha256 {manifest.WeightsSha256}");
            }
            else if (fault is not null)
            {
                Write($"version {version,6}  {fault}");
            }
        }

        return ExitCode.Done;
    }

    private async Task<RunStore> Find(string run, string? store) =>
        (await RunTarget.Find(_context, run, null, store, join: false)).Store;

    private static string Listed(IReadOnlyList<int> versions) =>
        versions.Count == 0 ? "no checkpoint" : "versions " + string.Join(", ", versions);

    private void Write(string line) => _context.Terminal.Out.WriteLine(line);
}
