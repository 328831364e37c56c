using Bgpo.Spec;

namespace Bgpo.Client.Tests;

/// <summary>The file that says how a cluster's members find one another, as commands take it.</summary>
public sealed class ClusterConfigTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Theory]
    [InlineData("cluster: { kind: postgres }",
        "c.yaml: field cluster.kind: value 'postgres': needs a connection string in the environment: BGPO_POSTGRES=")]
    [InlineData("cluster: { kind: embedded }",
        "c.yaml:1: field cluster.kind: value 'embedded': one of localhost, postgres, azure")]
    [InlineData("cluster: { tls: { certificate: /silo.pem, authority: ca.pem } }",
        "c.yaml: field cluster.tls.authority: value 'WORK/ca.pem': no such file; expected a PEM file with the certificates of " +
            "the cluster's own authority")]
    [InlineData("clster: {}", "c.yaml:1: field clster: unknown field; did you mean 'cluster'?")]
    [InlineData("", "c.yaml: the file is empty; it should hold the fields of docs/clusters.md, for example cluster: { kind: " +
        "postgres }")]
    public async Task ClusterThatCannotBe_IsOneLineAndExitCode2(string yaml, string expected)
    {
        _console.WorkFile("c.yaml", yaml);
        Assert.StartsWith(expected.Replace("WORK", _console.Work, StringComparison.Ordinal),
            await _console.Refused(2, "run", "list", "--cluster-config", "c.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TildeInAFilesPath_IsTheUsersHome()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")), "no home");
        _console.WorkFile("c.yaml", "cluster: { tls: { certificate: ~/none/silo.pem, authority: ~/none/ca.pem } }");
        Assert.Contains($"value '{Environment.GetEnvironmentVariable("HOME")!.TrimEnd('/')}/none/",
            await _console.Refused(2, "run", "list", "--cluster-config", "c.yaml"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("silo")]
    [InlineData("silo drain x")]
    [InlineData("run start")]
    [InlineData("cluster status")]
    [InlineData("chaos")]
    [InlineData("verify elastic")]
    public async Task EveryCommandOfAClusters_TakesTheFile(string command) => Assert.Equal(
        "option --cluster-config: value 'no.yaml': no such file; expected a YAML file with the fields of docs/clusters.md, for " +
            "example cluster: { kind: postgres }",
        await _console.Refused(2, [.. command.Split(' '), "--cluster-config", "no.yaml"]));

    [Fact]
    public async Task FileOfTheEnvironment_HoldsWhereNoOptionIsGiven()
    {
        _console.ClusterConfig = _console.WorkFile("env.yaml", "cluster: { kind: localhost }");
        Assert.Equal(0, await _console.Run("run", "list"));
        Assert.Equal(Path.Combine(_console.Work, "env.yaml"), _console.Host.Clustering.File);
        Assert.Equal(new ClusterSection { Kind = ClusterKind.Localhost }, _console.Host.Clustering.Cluster);

        _console.WorkFile("given.yaml", "cluster: {}");
        Assert.Equal(0, await _console.Run("run", "list", "--cluster-config", "given.yaml"));
        Assert.Equal(Path.Combine(_console.Work, "given.yaml"), _console.Host.Clustering.File);
    }

    [Fact]
    public async Task FileOfTheEnvironmentThatIsGone_IsNamed()
    {
        _console.ClusterConfig = "gone.yaml";
        Assert.StartsWith("BGPO_CLUSTER_CONFIG: value 'gone.yaml': no such file; ", await _console.Refused(2, "run", "list"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommandWithoutACluster_DoesNotReadIt()
    {
        _console.ClusterConfig = "gone.yaml";
        Assert.Equal(0, await _console.Run("--version"));
        Assert.Equal(0, await _console.Run("completion", "bash"));
    }
}
