using Bgpo.Spec;
using k8s;
using k8s.Models;
using YamlDotNet.Serialization;

namespace Bgpo.Infra.Tests;

/// <summary>infra/kubernetes: every object by Kubernetes' own types, and what one says against what another says.</summary>
public sealed class KubernetesTests
{
    private static readonly string[] s_folders = ["base", "azure"];

    private static readonly ClusterSection s_cluster = SpecLoader.Load<ClusterSpec>(
        Infra.Read("kubernetes", "azure", "cluster.yaml").Replace("ACCOUNT", "account", StringComparison.Ordinal),
        "cluster.yaml", []).Cluster;

    private static IEnumerable<Workload> Silos => Workload.All.Where(workload => workload.Container.Args[0] == "silo");

    public static TheoryData<string> Workloads => [.. Workload.All.Select(workload => workload.Name)];

    [Fact]
    public void UnknownFields_AreRefused() => Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(
        Infra.Read("kubernetes", "base", "work.yaml").Replace("tolerations:", "tolerate:", StringComparison.Ordinal), strict: true));

    [Fact]
    public void Kustomizations_NameFilesThatAreThere_AndPatchesThatHaveSomethingToPatch()
    {
        foreach (string folder in s_folders)
        {
            Kustomization all = Read(folder);
            IEnumerable<string> named = [.. all.Resources, .. all.Patches.Select(patch => patch.Path),
                .. all.ConfigMapGenerator.SelectMany(map => map.Files.Concat(map.Envs))];
            Assert.All(named, name => Assert.True(Path.Exists(Infra.At("kubernetes", folder, name)), $"{folder}/{name}"));
            // What is in the folder is used.
            Assert.Empty(Directory.GetFiles(Infra.At("kubernetes", folder)).Select(Path.GetFileName).Except(named)
                .Except(["kustomization.yaml"]));
            foreach (Patch patch in all.Patches)
            {
                var object_ = (IKubernetesObject<V1ObjectMeta>)Assert.Single(Workload.Load(Infra.At("kubernetes", folder, patch.Path)));
                Assert.Contains((object_.Kind, object_.Name()), Workload.Objects.Cast<IKubernetesObject<V1ObjectMeta>>()
                    .Select(one => (one.Kind, one.Name())));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Workloads))]
    public void Pods_HaveWhatTheyMount_AndRunAsNobody(string name)
    {
        Workload workload = Workload.All.Single(one => one.Name == name);
        V1Container container = workload.Container;
        Assert.True(workload.Matches(workload.Selector), "its selector does not match its own pods");
        Assert.Empty(container.VolumeMounts.Select(mount => mount.Name).Except(workload.Pod.Volumes.Select(one => one.Name)));
        string[] maps =
        [
            .. workload.Pod.Volumes.Select(volume => volume.ConfigMap?.Name).OfType<string>(),
            .. container.EnvFrom.Select(from => from.ConfigMapRef.Name),
        ];
        Assert.Empty(maps.Except(Read("azure").ConfigMapGenerator.Select(map => map.Name)));
        // What the program writes, its cluster's folder, is below /tmp.
        Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/tmp" && mount.ReadOnlyProperty != true);

        V1SecurityContext security = container.SecurityContext;
        Assert.True(workload.Pod.SecurityContext.RunAsNonRoot);
        Assert.True(security.ReadOnlyRootFilesystem);
        Assert.False(security.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], security.Capabilities.Drop);
        Assert.False(workload.Pod.AutomountServiceAccountToken);
        Assert.Contains(workload.Pod.ServiceAccountName, Workload.Objects.OfType<V1ServiceAccount>().Select(one => one.Name()));
        Assert.Contains("memory", container.Resources.Limits.Keys);
        Assert.Contains("cpu", container.Resources.Requests.Keys);
        // Names of an image are replaced by the folder of a place.
        Assert.Contains(container.Image, Read("azure").Images.Select(image => image.Name));
    }

    [Theory]
    [MemberData(nameof(Workloads))]
    public void Probes_AskPortsThatThePodHas_OrTheImagesHealthCheck(string name)
    {
        V1Container container = Workload.All.Single(one => one.Name == name).Container;
        V1Probe?[] probes = [container.StartupProbe, container.ReadinessProbe, container.LivenessProbe];
        Assert.NotNull(container.StartupProbe);
        Assert.NotNull(container.LivenessProbe);
        foreach (V1Probe probe in probes.OfType<V1Probe>())
        {
            if (probe.TcpSocket is { } socket)
            {
                Assert.Contains(socket.Port.Value, container.Ports.Select(port => port.Name));
            }
            else if (probe.HttpGet is { } page)
            {
                Assert.Contains(page.Port.Value, container.Ports.Select(port => port.Name));
            }
            else
            {
                Assert.Contains($"infra/docker/{Assert.Single(probe.Exec.Command)}", Infra.Read("docker", "Dockerfile"));
            }
        }
    }

    [Fact]
    public void Silos_HaveLongerThanTheirDrain_AndSpotOnesLessThanTheirNotice()
    {
        foreach (Workload silo in Silos)
        {
            int drain = int.Parse(silo.Option("--drain")!.TrimEnd('s'));
            Assert.InRange(silo.Pod.TerminationGracePeriodSeconds!.Value, drain + 5, long.MaxValue);
        }
        Assert.InRange(Silos.Single(silo => silo.Option("--role") == "work").Pod.TerminationGracePeriodSeconds!.Value, 1, 29);
    }

    [Fact]
    public void StateAndWork_AreApart_AndOneOfStateGoesAtATime()
    {
        Assert.Equal(["state", "work"], Silos.Select(silo => silo.Option("--role")).Order());
        Assert.All(Silos, silo => Assert.Equal(silo.Option("--role"), silo.Pod.NodeSelector["bgpo/nodes"]));
        V1PodDisruptionBudget budget = Assert.Single(Workload.Objects.OfType<V1PodDisruptionBudget>());
        Assert.Equal("1", budget.Spec.MaxUnavailable.Value);
        Assert.Equal(["state"], Workload.All.Where(one => one.Matches(budget.Spec.Selector.MatchLabels)).Select(one => one.Name));
        V1StatefulSet state = Assert.Single(Workload.Objects.OfType<V1StatefulSet>());
        Assert.InRange(state.Spec.Replicas!.Value, 2, int.MaxValue);
        Assert.InRange(state.Spec.MinReadySeconds!.Value, 1, int.MaxValue);
        Assert.Contains(state.Spec.ServiceName, Workload.Objects.OfType<V1Service>().Select(one => one.Name()));
        Assert.Contains(state.Spec.Template.Spec.TopologySpreadConstraints, spread =>
            spread.TopologyKey == "kubernetes.io/hostname" && spread.WhenUnsatisfiable == "DoNotSchedule"
                && Workload.All.Single(one => one.Name == "state").Matches(spread.LabelSelector.MatchLabels));
    }

    [Fact]
    public void Ports_AreTheOnesOfTheClustersFile()
    {
        Assert.All(Silos, silo => Assert.Equal(
            [("silo", s_cluster.SiloPort), ("gateway", s_cluster.GatewayPort)],
            silo.Container.Ports.Select(port => (port.Name, port.ContainerPort))));
        foreach (V1Service service in Workload.Objects.OfType<V1Service>())
        {
            Workload behind = Assert.Single(Workload.All, workload => workload.Matches(service.Spec.Selector));
            Assert.All(service.Spec.Ports, port => Assert.Contains(
                (port.TargetPort.Value, port.Port), behind.Container.Ports.Select(one => (one.Name, one.ContainerPort))));
        }
    }

    [Fact]
    public void Network_IsClosed_ButForMembersAndWhatTheyNeed()
    {
        V1NetworkPolicy[] policies = [.. Workload.Objects.OfType<V1NetworkPolicy>()];
        Assert.Contains(policies, policy => policy.Spec.PodSelector.MatchLabels is null && policy.Spec.Ingress is null
            && policy.Spec.Egress is null && policy.Spec.PolicyTypes.Order().SequenceEqual(["Egress", "Ingress"]));
        V1NetworkPolicy members = policies.Single(policy => policy.Name() == "members");
        V1NetworkPolicyIngressRule rule = Assert.Single(members.Spec.Ingress);
        Assert.Equal(["gateway", "silo"], rule.Ports.Select(port => port.Port.Value).Order());
        V1LabelSelectorRequirement who = Assert.Single(Assert.Single(rule.FromProperty).PodSelector.MatchExpressions);
        Assert.All(Workload.All, workload => Assert.Contains(workload.Labels[who.Key], who.Values));
        V1NetworkPolicyEgressRule others = policies.Single(policy => policy.Name() == "outwards").Spec.Egress
            .Single(egress => egress.To.Any(to => to.PodSelector is not null));
        Assert.Equal([$"{s_cluster.SiloPort}", $"{s_cluster.GatewayPort}"], others.Ports.Select(port => port.Port.Value));
    }

    [Fact]
    public void CommandLines_HaveOptionsThatTheProgramHas()
    {
        foreach (Workload workload in Workload.All)
        {
            string help = Path.Combine(Infra.Root, "tests", "Bgpo.Client.Tests", "Help", workload.Container.Args[0] + ".txt");
            string text = File.ReadAllText(help);
            IEnumerable<string> options = workload.Container.Args.Where(one => one.StartsWith("--", StringComparison.Ordinal));
            Assert.All(options, option => Assert.Matches($@"(?m)^  {option}\b", text));
        }
    }

    [Fact]
    public void Tls_IsOn_FromTheSecretThatIsMounted()
    {
        Assert.True(s_cluster.Tls.IsOn);
        Assert.All(Workload.All, workload =>
        {
            V1VolumeMount mount = workload.Container.VolumeMounts.Single(one => one.Name == "tls");
            Assert.NotNull(workload.Pod.Volumes.Single(one => one.Name == "tls").Secret);
            Assert.All([s_cluster.Tls.Certificate, s_cluster.Tls.Key, s_cluster.Tls.Authority],
                file => Assert.Equal(mount.MountPath, Path.GetDirectoryName(file)));
        });
    }

    private static Kustomization Read(string folder) => new DeserializerBuilder()
        .WithNamingConvention(YamlDotNet.Serialization.NamingConventions.CamelCaseNamingConvention.Instance).Build()
        .Deserialize<Kustomization>(Infra.Read("kubernetes", folder, "kustomization.yaml"));

    /// <summary>What kustomize takes, as far as it is used here: other fields are refused.</summary>
    public sealed class Kustomization
    {
        public string ApiVersion { get; set; } = "";

        public string Kind { get; set; } = "";

        public string Namespace { get; set; } = "";

        public List<string> Resources { get; set; } = [];

        public List<LabelPairs> Labels { get; set; } = [];

        public List<Generated> ConfigMapGenerator { get; set; } = [];

        public List<Patch> Patches { get; set; } = [];

        public List<ImageName> Images { get; set; } = [];
    }

    public sealed class LabelPairs
    {
        public Dictionary<string, string> Pairs { get; set; } = [];
    }

    public sealed class Generated
    {
        public string Name { get; set; } = "";

        public List<string> Envs { get; set; } = [];

        public List<string> Files { get; set; } = [];
    }

    public sealed class Patch
    {
        public string Path { get; set; } = "";
    }

    public sealed class ImageName
    {
        public string Name { get; set; } = "";

        public string NewName { get; set; } = "";

        public string NewTag { get; set; } = "";
    }
}
