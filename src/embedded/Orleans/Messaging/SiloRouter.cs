using Orleans.Activations;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Messaging;

/// <summary>Brings the calls made in or sent to a silo to the activations they are for.</summary>
internal sealed class SiloRouter(Catalog catalog, PlacementService placement) : ICallRouter
{
    public void Route(Call call)
    {
        if (catalog.Find(call.Target) is { } active && active.TryReceive(call))
        {
            return;
        }

        RouteSlowly(call);
    }

    public void Cancel(Call call) => call.Cancel();

    private async void RouteSlowly(Call call)
    {
        try
        {
            await placement.PlaceAsync(call.Target, call.Context, call.Method.Interface.InterfaceType).ConfigureAwait(false);
            while (true)
            {
                Activation activation = catalog.GetOrCreate(call.Target, call.Context)
                    ?? throw new SiloUnavailableException($"The silo is shutting down and takes no {call}.");
                if (activation.TryReceive(call))
                {
                    return;
                }

                await activation.Deactivated.ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            call.Fail(failure);
        }
    }
}
