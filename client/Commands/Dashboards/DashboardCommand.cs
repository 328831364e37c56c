using System.CommandLine;
using System.Net;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Dashboards;
using Bgpo.Client.Hosting;
using Bgpo.Client.Runs;
using Bgpo.Dashboard;

namespace Bgpo.Client.Commands.Dashboards;

/// <summary><c>bgpo dashboard</c>: the runs of a store as a page for browsers.</summary>
internal sealed class DashboardCommand
{
    private readonly Option<string?> _store = Flags.Text(
        "--store", "STORE", "where runs are kept: a folder, azblob://ACCOUNT/CONTAINER/prefix or azblob+emulator://CONTAINER; " +
            "default: the cluster's, or runs");
    private readonly Option<string?> _cluster = Flags.Text(
        "--cluster", "NAME", "the cluster that drives the runs; default: the one that each run's record names");
    private readonly Option<string?> _listen = Flags.Text(
        "--listen", "ADDRESS", "the IP address to listen on, 0.0.0.0 for all; default: 127.0.0.1, this machine alone");
    private readonly Option<int?> _port = Flags.Whole(
        "--port", "N", $"the port, 0 for any that is free; default: {DashboardOptions.UsualPort}, or any where that is taken",
        0, 65535);
    private readonly Option<string?> _tokenFile = Flags.Text(
        "--token-file", "FILE", "a file with the token, at least 32 letters and digits; default: a new random one");
    private readonly Option<string[]> _host = new("--host")
    {
        Description = "a name besides this machine's by which browsers reach it; as often as wanted",
        HelpName = "NAME",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _demo = Flags.Switch("--demo", "a recorded run, without a store or cluster");
    private readonly ConsoleContext _context;

    internal DashboardCommand(ConsoleContext context)
    {
        _context = context;
        var command = new Command(
            "dashboard", "Serves the runs of a store as a page for browsers: curves, samples, silos, checkpoints, requests.")
        {
            _store, _cluster, _listen, _port, _tokenFile, _host, _demo,
        };
        command.SetAction((parsed, _) => Serve(parsed));
        Part = new CommandPart(command,
        [
            ("dashboard", "the runs in the folder runs; open the link that it prints"),
            ("dashboard --cluster demo", "those of a cluster; its silos show, and requests reach it at once"),
            ("dashboard --demo", "a recorded run, to look around in"),
            ("dashboard --store azblob://ACCOUNT/CONTAINER/prefix --listen 0.0.0.0 --port 8420 --token-file /run/secrets/token",
                "in a container, for others; behind a proxy with TLS"),
        ]);
    }

    /// <summary>The command, with examples for its help.</summary>
    internal CommandPart Part { get; }

    private async Task<int> Serve(ParseResult parsed)
    {
        var context = _context;
        var options = OptionsOf(parsed);
        context.Machine.GiveWay(); // it costs runs no more than cores that are free
        var cluster = parsed.GetValue(_cluster);
        if (parsed.GetValue(_demo))
        {
            return await Show(options, cluster ?? parsed.GetValue(_store));
        }

        var store = await StoreOf(context, cluster, parsed.GetValue(_store));
        await using var server = await DashboardHost.Start(context, store, cluster, options, context.Terminal.Out);
        await Interrupted();
        return ExitCode.Done;
    }

    private async Task<int> Show(DashboardOptions options, string? store)
    {
        if (store is not null)
        {
            throw new BadInputException("option --demo: not beside --store or --cluster: it shows a recorded run");
        }

        using var demo = new DemoRuns(new ConsoleRuns(_context, "", null));
        await using var server = await DashboardHost.Start(_context, demo.Blobs, demo, options, _context.Terminal.Out);
        await Interrupted();
        return ExitCode.Done;
    }

    private async Task Interrupted() =>
        await Task.Delay(Timeout.Infinite, _context.Interrupts.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static async Task<string> StoreOf(ConsoleContext context, string? cluster, string? store)
    {
        if (cluster is null)
        {
            return context.Paths.StoreWithRuns(store);
        }

        var joined = await context.Training.Join(Flags.Checked("--cluster", cluster), context.Interrupts.Token);
        await using (joined)
        {
            return await RunTarget.StoreOf(context, joined, store);
        }
    }

    private DashboardOptions OptionsOf(ParseResult parsed)
    {
        var address = IPAddress.Loopback;
        if (parsed.GetValue(_listen) is { } listen && !IPAddress.TryParse(listen, out address))
        {
            throw new BadInputException($"option --listen: value '{listen}': an IP address of this machine, for example 0.0.0.0");
        }

        return new DashboardOptions
        {
            Address = address,
            Port = parsed.GetValue(_port),
            Hosts = parsed.GetValue(_host)!,
            Token = parsed.GetValue(_tokenFile) is { } file ? TokenOf(_context, file) : AccessToken.New(),
        };
    }

    private static AccessToken TokenOf(ConsoleContext context, string file)
    {
        try
        {
            return AccessToken.Parse(File.ReadAllText(context.Paths.Full(file)).Trim())
                ?? throw new BadInputException(
                    $"option --token-file: value '{file}': holds no token of 32 to 512 letters, digits, dashes and underscores");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"option --token-file: value '{file}': {e.Message}", e);
        }
    }
}
