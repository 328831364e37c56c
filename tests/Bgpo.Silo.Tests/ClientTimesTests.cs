using Bgpo.Silo.Clustering;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Bgpo.Silo.Tests;

/// <summary>How long a client waits for whom, by the times that Orleans is given.</summary>
public class ClientTimesTests
{
    /// <summary>
    /// Before a client turns to another gateway, Orleans asks the first one twice and waits once. A client may take 15 s to be
    /// let in (<c>JoinedCluster</c>); infra/hosts/three-hosts.sh cuts such a gateway off.
    /// </summary>
    [Fact]
    public void AGatewayThatCannotBeReached_CostsAClientLessThanTheTimeThatItHasToBeLetIn()
    {
        HostApplicationBuilder builder = ClusterFixture.Builder();
        builder.UseOrleansClient(client => ClusterMembership.Join(client, "nobody", new ClusterSection()));
        using IHost host = builder.Build();
        TimeSpan reach = host.Services.GetRequiredService<IOptions<ConnectionOptions>>().Value.OpenConnectionTimeout;
        TimeSpan wait = host.Services.GetRequiredService<IOptions<TypeManagementOptions>>().Value.TypeMapRefreshInterval;
        Assert.InRange((2 * reach) + wait, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }
}
