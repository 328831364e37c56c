namespace Bgpo.Silo;

/// <summary>
/// A client's calls in flight fail as soon as the connection to a gateway is gone. Microsoft.Orleans lets those that went through it wait
/// for their time-out. Calls through other gateways fail along: they can be made again.
/// </summary>
internal sealed class LostGateway : IOutgoingGrainCallFilter
{
    private volatile TaskCompletionSource _lost = New();

    /// <inheritdoc/>
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        Task call = context.Invoke();
        if (await Task.WhenAny(call, _lost.Task) != call)
        {
            throw new SiloUnavailableException("The connection to a gateway is gone; what became of the call is not known.");
        }
        await call;
    }

    /// <summary>Told how many gateways the client is connected to.</summary>
    internal void OnGateways(object? sender, GatewayCountChangedEventArgs gateways)
    {
        if (gateways.NumberOfConnectedGateways < gateways.PreviousNumberOfConnectedGateways)
        {
            Interlocked.Exchange(ref _lost, New()).SetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
