using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Bgpo.Silo.Clustering;

/// <summary>Clusters among the processes of one machine: members in files, Unix sockets, no database.</summary>
internal static class FileMembership
{
    /// <summary>Makes the silo one of the cluster in <paramref name="directory"/>.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="directory">The cluster's directory.</param>
    internal static void UseFileMembership(this ISiloBuilder silo, string directory) =>
        silo.Services.AddSingleton<IMembershipTable>(new FileMembershipTable(directory));

    /// <summary>Lets the client find the silos of the cluster in <paramref name="directory"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="directory">The cluster's directory.</param>
    internal static void UseFileMembership(this IClientBuilder client, string directory)
    {
        client.Services.AddSingleton<IGatewayListProvider>(new Gateways(new FileMembershipTable(directory)));
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromMilliseconds(250));
    }

    /// <summary>A port of an address of this machine on which nobody listens.</summary>
    /// <param name="address">The address.</param>
    internal static int FreePort(IPAddress address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private sealed class Gateways(FileMembershipTable table) : IGatewayListProvider
    {
        public TimeSpan MaxStaleness => TimeSpan.FromMilliseconds(250);

        public bool IsUpdatable => true;

        public Task InitializeGatewayListProvider() => table.InitializeMembershipTable(tryInitTableVersion: false);

        public async Task<IList<Uri>> GetGateways() =>
        [
            .. (await table.ReadAll()).Members.Select(member => member.Item1)
                .Where(member => member.Status == SiloStatus.Active && member.ProxyPort > 0)
                .Select(member => SiloAddress.New(
                    member.SiloAddress.Endpoint.Address, member.ProxyPort, member.SiloAddress.Generation).ToGatewayUri()),
        ];
    }
}
