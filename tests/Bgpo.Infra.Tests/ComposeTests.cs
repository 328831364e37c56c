using System.Text.RegularExpressions;
using Bgpo.Spec;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Bgpo.Infra.Tests;

/// <summary>infra/compose: by the fields of the Compose specification, and what one says against what another says.</summary>
public sealed partial class ComposeTests
{
    private readonly Application _all = Parse(Infra.Read("compose", "compose.yaml"));

    [Fact]
    public void UnknownFields_AreRefused() => Assert.ThrowsAny<YamlException>(() =>
        Parse(Infra.Read("compose", "compose.yaml").Replace("stop_grace_period", "stop_grace", StringComparison.Ordinal)));

    [Fact]
    public void Services_UseWhatIsDeclared()
    {
        foreach ((string name, Service service) in _all.Services)
        {
            Assert.Empty(service.DependsOn.Keys.Except(_all.Services.Keys));
            Assert.All(service.DependsOn, on => Assert.Equal("service_healthy", on.Value.Condition));
            Assert.Empty(service.Networks.Except(_all.Networks.Keys));
            Assert.Empty(service.Configs.Select(config => config.Source).Except(_all.Configs.Keys));
            Assert.Empty(service.Volumes.Select(volume => volume.Split(':')[0]).Except(_all.Volumes.Keys));
            if (service.Build is { } build)
            {
                string context = Path.GetFullPath(Infra.At("compose", build.Context));
                Assert.Equal(Infra.Root, context.TrimEnd('/'));
                Assert.Contains($" AS {build.Target}\n", File.ReadAllText(Path.Combine(context, build.Dockerfile)) + "\n");
            }
            // Whatever others wait for says when it is there.
            if (_all.Services.Values.Any(other => other.DependsOn.ContainsKey(name)))
            {
                Assert.True(service.Healthcheck is not null || service.Build is not null, name);
            }
        }
    }

    [Fact]
    public void Silos_HaveLongerThanTheirDrain_AndComeBackUnlessDrained()
    {
        Service silo = _all.Services["silo"];
        int drain = Seconds(silo.Command.SkipWhile(word => word != "--drain").ElementAt(1));
        Assert.InRange(Seconds(silo.StopGracePeriod), drain + 5, int.MaxValue);
        Assert.Equal("on-failure", silo.Restart);
    }

    [Fact]
    public void Cluster_IsReadByTheProgram_AndItsTableIsAServiceOfThisFile()
    {
        ClusterSection cluster = SpecLoader.Load<ClusterSpec>(_all.Configs["cluster"].Content, "cluster", []).Cluster;
        Assert.Equal(ClusterKind.Azure, cluster.Kind);
        string[] own = ["silo", "dashboard", "console"];
        Assert.All(own, name =>
        {
            Dictionary<string, string> environment = _all.Services[name].Environment;
            Assert.Equal(environment["BGPO_CLUSTER_CONFIG"], Assert.Single(_all.Services[name].Configs).Target);
            string connection = environment["AZURE_STORAGE_CONNECTION_STRING"];
            Assert.Contains($"AccountName={cluster.Account};", connection);
            Assert.Equal(2, Host().Count(connection));
            Assert.All(Host().Matches(connection), match => Assert.Contains(match.Groups[1].Value, _all.Services.Keys));
        });
    }

    [Fact]
    public void OnlyTheDashboard_IsReached_AndFromThisMachineAlone() => Assert.All(_all.Services, service =>
        Assert.All(service.Value.Ports, port => Assert.True(
            service.Key == "dashboard" && port.StartsWith("127.0.0.1:", StringComparison.Ordinal), port)));

    private static int Seconds(string duration) => int.Parse(duration.TrimEnd('s'));

    private static Application Parse(string yaml) => new DeserializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance).Build()
        .Deserialize<Application>(new MergingParser(new Parser(new StringReader(yaml))));

    [GeneratedRegex("http://([a-z]+):")]
    private static partial Regex Host();

    /// <summary>The fields of https://github.com/compose-spec/compose-spec that are used here; others are refused.</summary>
    public sealed class Application
    {
        public string Name { get; set; } = "";

        [YamlMember(Alias = "x-bgpo", ApplyNamingConventions = false)]
        public Service Common { get; set; } = new();

        public Dictionary<string, Service> Services { get; set; } = [];

        public Dictionary<string, Config> Configs { get; set; } = [];

        public Dictionary<string, Empty> Networks { get; set; } = [];

        public Dictionary<string, Empty> Volumes { get; set; } = [];
    }

    public sealed class Service
    {
        public string Image { get; set; } = "";

        public Building? Build { get; set; }

        public Dictionary<string, string> Environment { get; set; } = [];

        public List<ConfigUse> Configs { get; set; } = [];

        public List<string> Networks { get; set; } = [];

        public bool ReadOnly { get; set; }

        public List<string> Tmpfs { get; set; } = [];

        public List<string> CapDrop { get; set; } = [];

        public List<string> SecurityOpt { get; set; } = [];

        public Words Command { get; set; } = [];

        public Dictionary<string, Dependency> DependsOn { get; set; } = [];

        public string Restart { get; set; } = "";

        public string StopGracePeriod { get; set; } = "";

        public Deployment Deploy { get; set; } = new();

        public List<string> Ports { get; set; } = [];

        public List<string> Profiles { get; set; } = [];

        public List<string> Volumes { get; set; } = [];

        public Health? Healthcheck { get; set; }
    }

    public sealed class Building
    {
        public string Context { get; set; } = "";

        public string Dockerfile { get; set; } = "";

        public string Target { get; set; } = "";
    }

    public sealed class ConfigUse
    {
        public string Source { get; set; } = "";

        public string Target { get; set; } = "";
    }

    public sealed class Dependency
    {
        public string Condition { get; set; } = "";
    }

    public sealed class Deployment
    {
        public int Replicas { get; set; }
    }

    public sealed class Health
    {
        public List<string> Test { get; set; } = [];

        public string Interval { get; set; } = "";

        public string Timeout { get; set; } = "";

        public int Retries { get; set; }

        public bool Disable { get; set; }
    }

    public sealed class Config
    {
        public string Content { get; set; } = "";
    }

    public sealed class Empty;

    /// <summary>A command: a list, or one line.</summary>
    public sealed class Words : List<string>, IYamlConvertible
    {
        public void Read(IParser parser, Type expectedType, ObjectDeserializer nestedObjectDeserializer)
        {
            if (parser.Current is YamlDotNet.Core.Events.Scalar)
            {
                AddRange(((string)nestedObjectDeserializer(typeof(string))!).Split(' '));
            }
            else
            {
                AddRange((List<string>)nestedObjectDeserializer(typeof(List<string>))!);
            }
        }

        public void Write(IEmitter emitter, ObjectSerializer nestedObjectSerializer) => throw new NotSupportedException();
    }
}
