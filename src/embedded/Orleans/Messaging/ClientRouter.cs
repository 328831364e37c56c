using Orleans.Membership;
using Orleans.Runtime;

namespace Orleans.Messaging;

/// <summary>Sends a client's calls to silos, each grain's through one of them, which finds the grain.</summary>
internal sealed class ClientRouter(EmbeddedClient client, Transport transport) : ICallRouter, IRemoteRouter
{
    public void Route(Call call)
    {
        if (Gateway(call, client.View) is { } gateway && transport.Find(gateway) is { } open)
        {
            open.Send(call);
        }
        else
        {
            _ = RouteSlowlyAsync(call);
        }
    }

    public void Reroute(Call call) => Route(call);

    public void Cancel(Call call) => call.SentOver?.Cancel(call);

    public void Receive(Call call, bool fromClient) => call.Fail(new OrleansException("A client has no grains."));

    public void Moved(Call call, long version) => Route(call);

    public void Undelivered(Call call, SiloUnavailableException reason) => _ = RouteSlowlyAsync(call);

    private async Task RouteSlowlyAsync(Call call)
    {
        // A call that was not sent can safely go through another silo.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                SiloAddress gateway = Gateway(call, client.View)
                    ?? throw new SiloUnavailableException($"Cluster directory \"{client.Directory.Path}\" has no active silo.");
                (await transport.ConnectAsync(gateway).ConfigureAwait(false)).Send(call);
                return;
            }
            catch (SiloUnavailableException) when (attempt < 100 && !call.IsCancelled)
            {
                await Task.Delay(20).ConfigureAwait(false);
                client.Refresh();
            }
            catch (Exception failure)
            {
                call.Fail(failure);
                return;
            }
        }
    }

    private static SiloAddress? Gateway(Call call, ClusterView view) => view.Active.Length == 0
        ? null
        : view.Active[(int)(call.Target.GetUniformHashCode() % (uint)view.Active.Length)];
}
