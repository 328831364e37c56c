using System.CommandLine;
using System.Diagnostics;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Clusters;

/// <summary><c>bgpo silo drain</c>: asks one silo of a cluster to hand over its work and leave.</summary>
internal static class SiloDrainCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var name = new Argument<string>("NAME") { Description = "the silo's name, as cluster silos shows it" };
        var cluster = Flags.Text("--cluster", "NAME", "its cluster; default: default");
        var json = Flags.Json("one JSON line on stdout");
        var command = new Command("drain", "Asks a silo of a cluster to hand over its work and leave, and waits until it has.")
        {
            name, cluster, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var token = context.Interrupts.Token;
            var where = Flags.Checked("--cluster", parsed.GetValue(cluster) ?? SiloCommand.DefaultCluster);
            var wanted = parsed.GetValue(name)!;
            var joined = await context.Training.Join(where, token);
            IReadOnlyList<Grains.SiloDescription> silos;
            await using (joined)
            {
                silos = await joined.GetSilos(token);
            }

            var silo = silos.FirstOrDefault(one => one.Name == wanted) ?? throw new BadInputException(
                $"silo '{wanted}': cluster '{where}' has none of that " +
                    $"name{Usage.Suggestion(wanted, silos.Select(one => one.Name))}; "
                + $"{context.Paths.CommandLine("cluster", "silos", "--cluster", where)} lists them");
            if (context.Machine.Find(silo.Process) is not { } process || process.Start != silo.ProcessStart)
            {
                throw new BadInputException(
                    $"silo '{wanted}' is process {silo.Process}, which is none of yours on this machine; send it SIGTERM where " +
                        "it runs");
            }

            var started = Stopwatch.GetTimestamp();
            // As long as it takes: the silo has a deadline of its own, its --drain.
            await SiloEnding.End(context.Machine, one => one.Identity == process.Identity, TimeSpan.MaxValue, token);
            var seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 2);
            var output = context.Terminal.Out;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonLines.Line(
                    new { Silo = wanted, Cluster = where, silo.Process, Seconds = seconds, Remaining = silos.Count - 1 }));
                return ExitCode.Done;
            }

            output.WriteLine($"silo {wanted}: left cluster {where} in {Format.Short(seconds)} s"
                + (silos.Count == 1 ? "; it was the last, and its runs wait until one joins" : ""));
            output.WriteLine("next    " + (silos.Count == 1
                ? context.Paths.CommandLine("silo", "--cluster", where)
                : context.Paths.CommandLine("cluster", "status", "--cluster", where)));
            return ExitCode.Done;
        });
        return new CommandPart(
            command, [("silo drain silo-4711 --cluster demo", "as SIGTERM to it; its work goes on elsewhere")]);
    }
}
