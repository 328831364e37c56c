using System.CommandLine;
using System.Globalization;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Silo.Hosting;

namespace Bgpo.Client.Commands.Runs;

/// <summary><c>bgpo run logs</c>: what the silos of a run's cluster wrote down about it, those that are dead included.</summary>
internal static class RunLogsCommand
{
    private const int DefaultLines = 200;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var selection = new RunSelection();
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with what comes, until Ctrl-C" };
        var silo = Flags.Text("--silo", "NAME", "only that silo's; default: all, also those that have died");
        var lines = Flags.Whole("--lines", "N", $"newest lines to begin with; default: {DefaultLines}", 0, 1_000_000);
        var json = Flags.Json("a JSON line for each on stdout");
        var command = selection.On(
            new Command("logs", "Shows what the silos of a run's cluster wrote down about it.") { follow, silo, lines, json });
        command.SetAction(async (parsed, _) =>
        {
            var target = await selection.Find(context, parsed, join: false);
            await using var leaving = target;
            var cluster = target.Cluster?.Name ?? target.Record.Cluster;
            if (cluster.Length == 0 || cluster.StartsWith(BgpoSilo.OfProcess, StringComparison.Ordinal))
            {
                throw new BadInputException(
                    $"run '{target.Run}' is of one process, which keeps no log; BGPO_LOG=FILE in its environment makes it " +
                        "write one");
            }

            var reader = new LogReader(ClusterLogs.FolderOf(cluster), target.Run, parsed.GetValue(silo));
            Refuse(reader, cluster, parsed.GetValue(silo), target.Run);
            var isJson = parsed.GetValue(json);
            foreach (var line in reader.Read().TakeLast(parsed.GetValue(lines) ?? DefaultLines))
            {
                Write(context, line, isJson);
            }

            while (parsed.GetValue(follow))
            {
                await Task.Delay(Period, context.Time, context.Interrupts.Token);
                foreach (var line in reader.Read())
                {
                    Write(context, line, isJson);
                }
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("run logs sudoku -f", "what its silos say, as it comes"),
            ("run logs sudoku --silo silo-4711 --json | jq -r .message", "one silo's, for scripts"),
        ]);
    }

    private static void Refuse(LogReader reader, string cluster, string? silo, string run)
    {
        if (reader.Silos.Count == 0)
        {
            throw new BadInputException(
                $"cluster '{cluster}' of run '{run}' has no logs on this machine; they go with the cluster when its last silo " +
                    "has left");
        }

        if (silo is not null && !reader.Silos.Contains(silo))
        {
            throw new BadInputException(
                $"option --silo: value '{silo}': no such log of cluster '{cluster}'{Usage.Suggestion(silo, reader.Silos)}; " +
                    $"there are: {string.Join(", ", reader.Silos.Take(8))}");
        }
    }

    private static void Write(ConsoleContext context, LogLine line, bool isJson) => context.Terminal.Out.WriteLine(isJson
        ? ClusterLogs.Text(line)
        : $"{TimeZoneInfo.ConvertTime(line.At, context.Time.LocalTimeZone).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)}  {line.Silo,-12}  {line.Level,-7}  {Format.OneLine(line.Message)}");
}
