using System.Net;
using System.Net.Sockets;
using Bgpo.Client.Hosting;
using Bgpo.Dashboard;
using Bgpo.Storage.Blobs;

namespace Bgpo.Client.Dashboards;

/// <summary>Starts dashboards for commands, and says where they are.</summary>
internal static class DashboardHost
{
    /// <summary>What the commands that have a dashboard beside them say of it.</summary>
    internal const string Described =
        "serve the runs' dashboard on this machine's loopback interface, and print its link (see bgpo dashboard --help)";

    /// <summary>Serves a store's runs, and prints the link.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="store">The store's location.</param>
    /// <param name="cluster">The cluster that drives its runs; null: the one that each run's record names.</param>
    /// <param name="options">Where, and to whom.</param>
    /// <param name="output">Where the link is printed.</param>
    /// <exception cref="BadInputException">The address or port cannot be listened on.</exception>
    internal static Task<DashboardServer> Start(
        ConsoleContext context, string store, string? cluster, DashboardOptions options, TextWriter output) =>
        Start(context, BlobStores.Open(store), new ConsoleRuns(context, store, cluster), options, output);

    /// <summary>Serves runs, and prints the link.</summary>
    /// <param name="context">What commands work with.</param>
    /// <param name="blobs">The store.</param>
    /// <param name="runs">What is known beyond it.</param>
    /// <param name="options">Where, and to whom.</param>
    /// <param name="output">Where the link is printed.</param>
    /// <exception cref="BadInputException">The address or port cannot be listened on.</exception>
    internal static async Task<DashboardServer> Start(
        ConsoleContext context, IBlobStore blobs, IRunConsole runs, DashboardOptions options, TextWriter output)
    {
        try
        {
            var server = await DashboardServer.StartAsync(blobs, runs, options, context.Time, context.Interrupts.Token);
            await output.WriteLineAsync($"dashboard {server.Link}");
            if (!IPAddress.IsLoopback(options.Address))
            {
                await context.Terminal.Error.WriteLineAsync(
                    $"bgpo: the dashboard at {server.Address} is reached from other machines, and what goes there is not " +
                        "encrypted; put it behind a proxy with TLS, or reach it by ssh -L");
            }

            return server;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new BadInputException(
                $"the dashboard cannot listen on {options.Address}, port {options.Port}: {e.Message}; name another by --port", e);
        }
    }
}
