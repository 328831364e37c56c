using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// A client's calls in flight fail as soon as a silo is gone: its connection to a gateway, or the silo's row in the table of
/// members. Orleans lets those that went to it wait for their time-out. Calls to other silos fail along: they can be made again.
/// </summary>
internal sealed class GatewayFailover : IOutgoingGrainCallFilter
{
    private volatile TaskCompletionSource _lost = New();

    /// <inheritdoc/>
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        Task lost = _lost.Task;
        Task call = context.Invoke();
        if (await Task.WhenAny(call, lost) != call)
        {
            throw new SiloUnavailableException("A silo of the cluster is gone; what became of the call is not known.");
        }
        await call;
    }

    /// <summary>Has a client watch its gateways. To be called once it knows how it finds them.</summary>
    /// <param name="client">The client.</param>
    internal static void WatchedBy(IClientBuilder client)
    {
        var lost = new GatewayFailover();
        client.AddOutgoingGrainCallFilter(lost).AddGatewayCountChangedHandler(lost.OnGateways);
        ServiceDescriptor list = client.Services.Last(service => service.ServiceType == typeof(IGatewayListProvider));
        _ = client.Services.Remove(list);
        client.Services.AddSingleton<IGatewayListProvider>(services => new Watched(
            (IGatewayListProvider)(list.ImplementationInstance ?? list.ImplementationFactory?.Invoke(services)
                ?? ActivatorUtilities.CreateInstance(services, list.ImplementationType!)),
            lost));
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void OnGateways(object? sender, GatewayCountChangedEventArgs gateways)
    {
        if (gateways.NumberOfConnectedGateways < gateways.PreviousNumberOfConnectedGateways)
        {
            Lose();
        }
    }

    private void Lose() => Interlocked.Exchange(ref _lost, New()).SetResult();

    /// <summary>The list of gateways, which Orleans asks for again and again.</summary>
    private sealed class Watched(IGatewayListProvider list, GatewayFailover lost) : IGatewayListProvider
    {
        private HashSet<Uri> _known = [];

        public TimeSpan MaxStaleness => list.MaxStaleness;

#pragma warning disable CS0618 // Still part of the interface.
        public bool IsUpdatable => list.IsUpdatable;
#pragma warning restore CS0618

        public Task InitializeGatewayListProvider() => list.InitializeGatewayListProvider();

        public async Task<IList<Uri>> GetGateways()
        {
            IList<Uri> gateways = await list.GetGateways();
            HashSet<Uri> known = Interlocked.Exchange(ref _known, [.. gateways]);
            if (known.Except(gateways).Any())
            {
                lost.Lose();
            }
            return gateways;
        }
    }
}
