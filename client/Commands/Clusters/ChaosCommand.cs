using System.CommandLine;
using System.Globalization;
using Bgpo.Client.Clusters;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Proof;
using Bgpo.Client.Watching;

namespace Bgpo.Client.Commands.Clusters;

/// <summary><c>bgpo chaos</c>: kills silos of a cluster again and again, to see that nothing is lost.</summary>
internal sealed class ChaosCommand
{
    /// <summary>How long a cluster may be without any silo before its injector has nothing left to do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConsoleContext _context;
    private readonly Option<string?> _cluster = Flags.Text("--cluster", "NAME", "the cluster; default: default");
    private readonly Option<TimeSpan?> _every =
        Flags.Duration("--kill-every", "pause between victims; default: 5s", TimeSpan.FromMilliseconds(100),
            TimeSpan.FromHours(24));
    private readonly Option<TimeSpan?> _for =
        Flags.Duration("--for", "how long it goes on; default: until Ctrl-C or until the cluster is gone",
            TimeSpan.FromSeconds(1), TimeSpan.FromHours(24 * 30));
    private readonly Option<bool> _restart =
        Flags.Switch("--restart", "start another silo, with the same devices and store, for each victim");
    private readonly Option<string?> _signal =
        Flags.Word("--signal", "what victims are sent: kill (default), stop (it hangs, and wakes after --stop-for), term (it " +
            "hands its work over), abort (a crash in native code)", "kill", "stop", "term", "abort");
    private readonly Option<TimeSpan?> _stopFor =
        Flags.Duration("--stop-for", "how long one that was sent stop hangs; default: 20s", TimeSpan.FromMilliseconds(100),
            TimeSpan.FromHours(24));
    private readonly Option<string?> _only =
        Flags.Word("--only", "choose among the silos of runs' controllers only, or among the others only", "controller",
            "workers");
    private readonly Option<int?> _seed =
        Flags.Whole("--seed", "N", "seed of the choice of victims; default: another one each time", 0, int.MaxValue);
    private readonly Option<bool> _remove =
        Flags.Switch("--remove", "at its end, take out again what it has started; without it those silos stay, as the ones " +
            "that they replace would have");
    private readonly Option<bool> _json = Flags.Json("a JSON line for each act on stdout");

    internal ChaosCommand(ConsoleContext context)
    {
        _context = context;
        Command = new Command(
            "chaos", "Kills a random silo of a cluster of this machine again and again: nothing may be lost by it.")
        {
            _cluster, _every, _for, _restart, _signal, _stopFor, _only, _seed, _remove, _json,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("chaos --cluster demo --kill-every 5s --restart --for 2m", "kill -9 a random silo each five seconds, start another"),
        ("chaos --cluster demo --only controller --kill-every 15s --restart", "always the one that drives the run"),
        ("chaos --cluster demo --signal stop --stop-for 20s", "lets silos hang instead"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var name = Flags.Checked("--cluster", parsed.GetValue(_cluster) ?? SiloCommand.DefaultCluster);
        var options = new ChaosOptions(
            Enum.Parse<FaultKind>(parsed.GetValue(_signal) ?? "kill", ignoreCase: true),
            parsed.GetValue(_only) switch { "controller" => Victims.Controller, "workers" => Victims.Workers, _ => Victims.Any },
            parsed.GetValue(_restart), parsed.GetValue(_stopFor) ?? TimeSpan.FromSeconds(20));
        var cluster = await _context.Training.Join(name, _context.Interrupts.Token);
        await using var leaving = cluster;
        var random = parsed.GetValue(_seed) is { } seed ? new Random(seed) : new Random();
        var injector = new FaultInjector(
            cluster, _context.Machine, _context.Training.Clustering, options, random, _context.Time, act =>
                Tell(act, parsed.GetValue(_json)));
        var why = await Inject(injector, cluster, parsed.GetValue(_every) ?? TimeSpan.FromSeconds(5), parsed.GetValue(_for));
        await injector.DisposeAsync();
        return await Conclude(injector, cluster, why, parsed);
    }

    private async Task<string> Inject(FaultInjector injector, ITrainingCluster cluster, TimeSpan every, TimeSpan? length)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_context.Interrupts.Token);
        if (length is { } time)
        {
            over.CancelAfter(time);
        }

        using var timer = new PeriodicTimer(every, _context.Time);
        var gone = _context.Time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
            {
                if (cluster.IsAlive)
                {
                    gone = _context.Time.GetTimestamp();
                    await Act(injector, cluster, over.Token);
                }
                else if (_context.Time.GetElapsedTime(gone) > Patience)
                {
                    return "the cluster has no silo left";
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Its time is over, or Ctrl-C.
        }

        return _context.Interrupts.Token.IsCancellationRequested ? "interrupted" : "its time is over";
    }

    private static async Task Act(FaultInjector injector, ITrainingCluster cluster, CancellationToken token)
    {
        try
        {
            await injector.Act(token);
        }
        catch (BadInputException) when (!cluster.IsAlive)
        {
            // All of them went just now; the next turn sees whether that lasts.
        }
    }

    private async Task<int> Conclude(FaultInjector injector, ITrainingCluster cluster, string why, ParseResult parsed)
    {
        var mine = injector.Started.Select(silo => silo.Id).ToHashSet();
        if (parsed.GetValue(_remove))
        {
            await SiloEnding.End(
                _context.Machine, process => mine.Contains(process.Id), SiloEnding.Patience, CancellationToken.None);
        }

        var left = _context.Machine.Silos(process => mine.Contains(process.Id)).Count;
        if (parsed.GetValue(_json))
        {
            _context.Terminal.Out.WriteLine(
                JsonLines.Line(new { Event = "ended", Reason = why, injector.Acts, Started = mine.Count, Left = left }));
            return ExitCode.Done;
        }

        var output = _context.Terminal.Out;
        output.WriteLine($"{why}: {Format.Many(injector.Acts, "victim")}, {Format.Many(mine.Count, "silo")} started");
        if (left > 0)
        {
            output.WriteLine($"next    {left} of them stay in the cluster; " +
                $"{_context.Paths.CommandLine("cluster", "stop", "--cluster", cluster.Name)} ends all its silos");
        }

        foreach (var silo in injector.Started)
        {
            silo.Dispose();
        }

        return ExitCode.Done;
    }

    private void Tell(FaultEvent act, bool isJson)
    {
        if (isJson)
        {
            _context.Terminal.Out.WriteLine(JsonLines.Line(act));
            return;
        }

        var time = DateTimeOffset.FromUnixTimeMilliseconds(act.UnixMilliseconds).ToLocalTime()
            .ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var who = act.Silo.Length > 0 ? $" {act.Silo} (process {act.Process})" : "";
        _context.Terminal.Out.WriteLine($"{time}  {act.Event}{who}{(act.Message.Length > 0 ? ": " + act.Message : "")}");
    }
}
