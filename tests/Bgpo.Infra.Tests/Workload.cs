using k8s;
using k8s.Models;

namespace Bgpo.Infra.Tests;

/// <summary>A kind of pods in infra/kubernetes/base.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Selector">Labels by which it knows its pods.</param>
/// <param name="Labels">The labels of its pods.</param>
/// <param name="Pod">What a pod is.</param>
internal sealed record Workload(
    string Name, IDictionary<string, string> Selector, IDictionary<string, string> Labels, V1PodSpec Pod)
{
    /// <summary>All objects of the base.</summary>
    internal static IReadOnlyList<object> Objects { get; } =
        [.. Directory.GetFiles(Infra.At("kubernetes", "base"), "*.yaml").Order().Where(IsManifest).SelectMany(Load)];

    /// <summary>Those that have pods.</summary>
    internal static IReadOnlyList<Workload> All { get; } =
    [
        .. Objects.OfType<V1Deployment>().Select(one => new Workload(
            one.Name(), one.Spec.Selector.MatchLabels, one.Spec.Template.Metadata.Labels, one.Spec.Template.Spec)),
        .. Objects.OfType<V1StatefulSet>().Select(one => new Workload(
            one.Name(), one.Spec.Selector.MatchLabels, one.Spec.Template.Metadata.Labels, one.Spec.Template.Spec)),
    ];

    /// <summary>Its only container.</summary>
    internal V1Container Container => Pod.Containers.Single();

    /// <summary>The value of an option of its command line.</summary>
    internal string? Option(string option) =>
        Container.Args.SkipWhile(argument => argument != option).Skip(1).FirstOrDefault();

    /// <summary>Whether a selector chooses its pods.</summary>
    internal bool Matches(IDictionary<string, string>? selector) =>
        (selector ?? new Dictionary<string, string>())
            .All(pair => Labels.TryGetValue(pair.Key, out string? value) && value == pair.Value);

    /// <summary>The objects of a file, each of the type that its kind says; a field that the type lacks is refused.</summary>
    internal static IEnumerable<object> Load(string file) =>
        KubernetesYaml.LoadAllFromString(File.ReadAllText(file), strict: true);

    /// <summary>What is for Kubernetes, not for kustomize or the silos.</summary>
    internal static bool IsManifest(string file) => Path.GetFileName(file) is not ("kustomization.yaml" or "cluster.yaml");
}
