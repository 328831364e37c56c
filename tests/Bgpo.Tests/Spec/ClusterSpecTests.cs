using Bgpo.Spec;

namespace Bgpo.Tests.Spec;

public class ClusterSpecTests
{
    [Fact]
    public void NothingSaid_IsAClusterOfOneMachine() =>
        Assert.Equal(new ClusterSection { Kind = ClusterKind.Localhost }, Load("cluster: {}"));

    [Fact]
    public void PostgresCluster_HasAnAddressAndPorts() => Assert.Equal(
        new ClusterSection
        {
            Kind = ClusterKind.Postgres,
            Address = "10.0.0.5",
            SiloPort = 11111,
            GatewayPort = 30000,
            Dashboard = 8080,
        },
        Load("cluster: { kind: postgres, address: 10.0.0.5, siloPort: 11111, gatewayPort: 30000, dashboard: 8080 }"));

    [Fact]
    public void AzureCluster_HasAnAccountAndATable() => Assert.Equal(
        new ClusterSection
        {
            Kind = ClusterKind.Azure,
            Account = "bgpo",
            Table = "Members",
            Address = "10.0.0.5",
            SiloPort = 11111,
            GatewayPort = 30000,
        },
        Load("cluster: { kind: azure, account: bgpo, table: Members, address: 10.0.0.5, siloPort: 11111, gatewayPort: 30000 }"));

    [Theory]
    [InlineData("localhost")]
    [InlineData("postgres")]
    [InlineData("azure, account: bgpo")]
    public void ClusterOfMicrosoftOrleans_MaySpeakTls(string kind)
    {
        TlsSection tls = Load(
            $"cluster: {{ kind: {kind}, tls: {{ certificate: silo.pem, key: /keys/silo.key, authority: ../ca.pem }} }}").Tls;
        Assert.True(tls.IsOn);
        Assert.Equal(
            new TlsSection { Certificate = "/etc/bgpo/silo.pem", Key = "/keys/silo.key", Authority = "/etc/ca.pem" },
            tls.From("/etc/bgpo"));
    }

    [Fact]
    public void FilesOfATlsThatIsOff_StayUnnamed() => Assert.Equal(new TlsSection(), new TlsSection().From("/etc/bgpo"));

    [Theory]
    [InlineData("kind: postgre", "kind: value 'postgre': one of localhost, postgres, azure; did you mean 'postgres'?")]
    [InlineData("kind: embedded", "kind: value 'embedded': one of localhost, postgres, azure")]
    [InlineData("kind: etcd", "kind: value 'etcd': one of localhost, postgres, azure")]
    [InlineData("kind: postgres, adress: 10.0.0.5", "adress: value '10.0.0.5': unknown field; did you mean 'cluster.address'?")]
    [InlineData("kind: postgres, password: x",
        "password: value 'x': unknown field; known fields of cluster: kind, account, table, address, siloPort, gatewayPort, " +
            "dashboard, tls")]
    [InlineData("kind: postgres, address: db", "address: value 'db': an IP address of this machine, for example 10.0.0.5")]
    [InlineData("kind: postgres, siloPort: 65536", "siloPort: value '65536': a whole number from 0 to 65535")]
    [InlineData("address: 10.0.0.5",
        "address: value '10.0.0.5': only beside kind: postgres or azure; other clusters are of one machine and need none")]
    [InlineData("kind: localhost, siloPort: 1",
        "siloPort: value '1': only beside kind: postgres or azure; other clusters are of one machine and need none")]
    [InlineData("kind: localhost, gatewayPort: 1",
        "gatewayPort: value '1': only beside kind: postgres or azure; other clusters are of one machine and need none")]
    [InlineData("kind: azure", "account: value '' (the default): kind: azure needs the name of a storage account")]
    [InlineData("kind: azure, account: Bgpo", "account: value 'Bgpo': 3 to 24 lower-case letters and digits")]
    [InlineData("kind: azure, account: bgpo, table: 1x", "table: value '1x': 3 to 63 letters and digits, a letter first")]
    [InlineData("kind: azure, account: bgpo, connection: x",
        "connection: value 'x': unknown field; known fields of cluster: kind, account, table, address, siloPort, gatewayPort, " +
            "dashboard, tls")]
    [InlineData("kind: postgres, account: bgpo", "account: value 'bgpo': only beside kind: azure")]
    [InlineData("kind: postgres, table: members", "table: value 'members': only beside kind: azure")]
    [InlineData("tls: { certificate: a.pem }",
        "tls.authority: value '' (the default): certificate needs the authority that signs the cluster's certificates, a PEM " +
            "file")]
    [InlineData("tls: { authority: a.pem }",
        "tls.certificate: value '' (the default): authority needs a certificate of this machine, a PEM or PFX file")]
    [InlineData("tls: { key: a.pem }", "tls.certificate: value '' (the default): key needs its certificate, a PEM file")]
    [InlineData("tls: { password: x }",
        "tls.password: value 'x': unknown field; known fields of cluster.tls: certificate, key, authority")]
    public void Mistake_IsNamedWithWhatIsAllowed(string fields, string expected) => Assert.Equal(
        $"f.yaml:1: field cluster.{expected}",
        Assert.Single(Assert.Throws<SpecException>(() => Load($"cluster: {{ {fields} }}")).Errors));

    private static ClusterSection Load(string yaml) => SpecLoader.Load<ClusterSpec>(yaml, "f.yaml", []).Cluster;
}
