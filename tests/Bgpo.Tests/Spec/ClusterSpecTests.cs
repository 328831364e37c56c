using Bgpo.Spec;

namespace Bgpo.Tests.Spec;

public class ClusterSpecTests
{
    [Fact]
    public void NothingSaid_LeavesTheKindToTheBuild() => Assert.Equal(new ClusterSection(), Load("cluster: {}"));

    [Fact]
    public void PostgresCluster_HasAnAddressAndPorts() => Assert.Equal(
        new ClusterSection { Kind = "postgres", Address = "10.0.0.5", SiloPort = 11111, GatewayPort = 30000, Dashboard = 8080 },
        Load("cluster: { kind: postgres, address: 10.0.0.5, siloPort: 11111, gatewayPort: 30000, dashboard: 8080 }"));

    [Theory]
    [InlineData("kind: postgre", "kind: value 'postgre': one of embedded, localhost, postgres; did you mean 'postgres'?")]
    [InlineData("kind: etcd", "kind: value 'etcd': one of embedded, localhost, postgres")]
    [InlineData("kind: postgres, adress: 10.0.0.5", "adress: value '10.0.0.5': unknown field; did you mean 'cluster.address'?")]
    [InlineData("kind: postgres, password: x", "password: value 'x': unknown field; known fields of cluster: kind, address, siloPort, gatewayPort, dashboard")]
    [InlineData("kind: postgres, address: db", "address: value 'db': an IP address of this machine, for example 10.0.0.5")]
    [InlineData("kind: postgres, siloPort: 65536", "siloPort: value '65536': a whole number from 0 to 65535")]
    [InlineData("address: 10.0.0.5", "address: value '10.0.0.5': only beside kind: postgres; other clusters are of one machine and need none")]
    [InlineData("kind: localhost, siloPort: 1", "siloPort: value '1': only beside kind: postgres; other clusters are of one machine and need none")]
    [InlineData("kind: embedded, gatewayPort: 1", "gatewayPort: value '1': only beside kind: postgres; other clusters are of one machine and need none")]
    [InlineData("kind: embedded, dashboard: 1", "dashboard: value '1': only on Microsoft.Orleans: kind: localhost or postgres")]
    public void Mistake_IsNamedWithWhatIsAllowed(string fields, string expected) => Assert.Equal(
        $"f.yaml:1: field cluster.{expected}", Assert.Single(Assert.Throws<SpecException>(() => Load($"cluster: {{ {fields} }}")).Errors));

    private static ClusterSection Load(string yaml) => SpecLoader.Load<ClusterSpec>(yaml, "f.yaml", []).Cluster;
}
