using System.Net;
using System.Net.Sockets;
using Bgpo.Dashboard.Runs;
using Bgpo.Dashboard.Web;
using Bgpo.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bgpo.Dashboard;

/// <summary>Serves the pages of a store's runs by Kestrel, until it is disposed of.</summary>
public sealed class DashboardServer : IAsyncDisposable
{
    private readonly WebApplication _site;
    private readonly RunFeed _feed;

    private DashboardServer(WebApplication site, RunFeed feed, DashboardOptions options)
    {
        (_site, _feed) = (site, feed);
        string address = site.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var bound = new Uri(address);
        string host = options.Address.Equals(IPAddress.Any) || options.Address.Equals(IPAddress.IPv6Any)
            ? Environment.MachineName : bound.Host;
        Address = new UriBuilder(bound) { Host = host }.Uri;
        Link = new Uri(Address, $"?token={options.Token.Text}");
    }

    /// <summary>Where it is served.</summary>
    public Uri Address { get; }

    /// <summary>The link with the token.</summary>
    public Uri Link { get; }

    /// <summary>Starts to serve.</summary>
    /// <param name="blobs">The store.</param>
    /// <param name="console">What is known beyond it.</param>
    /// <param name="options">Where it is served, and to whom.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The address or port cannot be listened on.</exception>
    public static async Task<DashboardServer> StartAsync(
        IBlobStore blobs, IRunConsole console, DashboardOptions options, TimeProvider time,
        CancellationToken cancellationToken = default)
    {
        try
        {
            return await StartAsync(
                blobs, console, options, options.Port ?? DashboardOptions.UsualPort, time, cancellationToken);
        }
        catch (IOException) when (options.Port is null)
        {
            return await StartAsync(blobs, console, options, 0, time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Pages that are open hold a stream of events, which no shutdown waits for.
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _site.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _site.DisposeAsync();
        _feed.Dispose();
    }

    private static async Task<DashboardServer> StartAsync(
        IBlobStore blobs, IRunConsole console, DashboardOptions options, int port, TimeProvider time,
        CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = 1 << 16;
            server.Limits.MaxConcurrentConnections = 256;
            server.Listen(options.Address, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRouting();
        builder.Services.Configure<JsonOptions>(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = DashboardJson.Options.DefaultIgnoreCondition;
            json.SerializerOptions.PropertyNamingPolicy = DashboardJson.Options.PropertyNamingPolicy;
        });
        WebApplication site = builder.Build();
        var feed = new RunFeed(blobs, console, time);
        try
        {
            site.Use(new AccessGuard(options).InvokeAsync);
            site.UseRouting();
            new DashboardApi(feed, console).Map(site);
            await site.StartAsync(cancellationToken);
            return new DashboardServer(site, feed, options);
        }
        catch (Exception e)
        {
            await site.DisposeAsync();
            feed.Dispose();
            throw e is SocketException ? new IOException($"{options.Address}:{port}: {e.Message}", e) : e;
        }
    }
}
