using Bgpo.Spec;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Dashboard;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// Orleans's dashboard on this machine's loopback interface: a web server beside the silo, a client of its cluster. Of the silos
/// of one machine the first has the port; when it leaves, the next one takes it.
/// </summary>
/// <param name="name">What the cluster is called.</param>
/// <param name="cluster">How its members find one another.</param>
/// <param name="log">Where it says what it serves.</param>
internal sealed partial class DashboardSite(string name, ClusterSection cluster, ILogger<DashboardSite> log) : BackgroundService
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_again);
        do
        {
            try
            {
                await Serve(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The port is another silo's, or no gateway answers yet: a dashboard is not worth a silo.
                NotServed(cluster.Dashboard, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Serve(CancellationToken stoppingToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server => server.ListenLocalhost(cluster.Dashboard));
        builder.Services.AddRouting();
        builder.UseOrleansClient(client =>
        {
            ClusterMembership.Join(client, name, cluster);
            client.AddDashboard();
        });
        await using WebApplication site = builder.Build();
        site.MapOrleansDashboard();
        await site.StartAsync(stoppingToken);
        Served(cluster.Dashboard);
        await site.WaitForShutdownAsync(stoppingToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "the dashboard is at http://localhost:{port}")]
    private partial void Served(int port);

    [LoggerMessage(Level = LogLevel.Debug, Message = "no dashboard at port {port}: {why}")]
    private partial void NotServed(int port, string why);
}
