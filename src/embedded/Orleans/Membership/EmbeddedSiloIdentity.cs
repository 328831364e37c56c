using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Membership;

/// <summary>Who this silo is: an address nobody else on the machine has, and the lock that it holds while the process lives.</summary>
internal sealed class EmbeddedSiloIdentity : ILocalSiloDetails
{
    private readonly SiloOptions _silo;
    private FileStream? _lock;

    public EmbeddedSiloIdentity(IOptions<EmbeddedClusteringOptions> clustering, IOptions<SiloOptions> silo)
    {
        ClusterId = clustering.Value.ClusterId;
        Directory = ClusterDirectory.Open(clustering.Value.ResolvedDirectory);
        _silo = silo.Value;
        do
        {
            // The port is part of a name, no more: nobody listens on it.
            SiloAddress = SiloAddress.New(IPAddress.Loopback, Random.Shared.Next(10000, 65536), SiloAddress.AllocateNewGeneration());
            _lock = Directory.TryLock(SiloAddress);
        }
        while (_lock is null);
    }

    public ClusterDirectory Directory { get; }

    public string Name => _silo.SiloName is { Length: > 0 } name ? name : $"Silo_{SiloAddress.Endpoint.Port}";

    public string ClusterId { get; }

    public string DnsHostName => Dns.GetHostName();

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress => SiloAddress;

    /// <summary>Lets go of the lock and removes what this silo kept in the directory.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _lock, null) is { } held)
        {
            Directory.Clear(SiloAddress);
            held.Dispose();
        }
    }
}
