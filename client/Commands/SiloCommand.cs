using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Silo;
using Bgpo.Storage.Local;
using Microsoft.Extensions.Hosting;

namespace Bgpo.Client.Commands;

/// <summary><c>bgpo silo</c>: joins a cluster of this machine, or founds it, and works until it is told to leave.</summary>
internal sealed class SiloCommand
{
    private readonly ConsoleContext _context;
    private readonly Option<string?> _cluster = Flags.Text("--cluster", "NAME", "the cluster to join or found; default: default");
    private readonly Option<int?> _threads = Flags.Whole("--threads", "N", "CPU devices, one thread each; default: 1", 1, 1024);
    private readonly Option<string?> _store = Flags.Text("--store", "FOLDER", "where runs are kept, the same for every silo of a cluster; default: runs");

    private readonly Option<bool> _attached = Flags.Switch("--attached", "leave when standard input ends: for a process that starts silos");

    internal SiloCommand(ConsoleContext context)
    {
        _attached.Hidden = true;
        _context = context;
        Command = new Command("silo", "Joins (or founds) a cluster of this machine and works for its runs until SIGTERM or Ctrl-C.")
        {
            _cluster, _threads, _store, _attached,
        };
        Command.SetAction((parsed, _) => Run(parsed));
    }

    /// <summary>Examples for its help.</summary>
    internal static IReadOnlyList<(string Line, string Meaning)> Examples { get; } =
    [
        ("silo --cluster demo --threads 1", "one more device for the cluster demo"),
    ];

    /// <summary>The command.</summary>
    internal Command Command { get; }

    private async Task<int> Run(ParseResult parsed)
    {
        var store = new LocalBlobStore(_context.Paths.Full(parsed.GetValue(_store) ?? "runs"));
        var settings = new SiloSettings(store, parsed.GetValue(_threads) ?? 1, parsed.GetValue(_cluster) ?? "default");
        using var host = BgpoSilo.Build(settings, SiloLogging.Configure);
        await host.StartAsync(_context.Interrupts.Token).ConfigureAwait(false);
        _context.Terminal.Out.WriteLine($"silo of cluster {settings.Cluster}: {settings.Devices} device(s), process {Environment.ProcessId}");
        if (parsed.GetValue(_attached))
        {
            _context.Interrupts.LeavesCtrlCToOthers = true;
            _ = LeaveWithParent(host);
        }

        using var told = _context.Interrupts.Token.Register(() => _ = host.StopAsync(CancellationToken.None));
        await host.WaitForShutdownAsync(CancellationToken.None).ConfigureAwait(false);
        return ExitCode.Done;
    }

    /// <summary>Whoever started this silo holds the other end of its input; when that closes, it is gone.</summary>
    private static async Task LeaveWithParent(IHost host)
    {
        using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[64]).ConfigureAwait(false) > 0)
        {
            // Nothing is said to a silo this way.
        }

        await host.StopAsync().ConfigureAwait(false);
    }
}
