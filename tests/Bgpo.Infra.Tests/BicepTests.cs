using System.Text.Json.Nodes;

namespace Bgpo.Infra.Tests;

/// <summary>infra/azure: compiled and linted by Bicep itself, and what the template that comes out must say.</summary>
public sealed class BicepTests(BicepTemplate template) : IClassFixture<BicepTemplate>
{
    private readonly JsonObject[] _resources = [.. ResourcesOf(JsonNode.Parse(template.Text)!)];
    private readonly string _template = template.Text;

    [Fact]
    public async Task Files_AreFormatted()
    {
        string copies = Directory.CreateTempSubdirectory("bicep-").FullName;
        string[] files = Directory.GetFiles(Infra.At("azure"), "*.bicep");
        Array.ForEach(files, file => File.Copy(file, Path.Combine(copies, Path.GetFileName(file))));
        await BicepTemplate.Run("format", "--pattern", Path.Combine(copies, "*.bicep"));
        Assert.All(files, file => Assert.Equal(
            File.ReadAllText(file), File.ReadAllText(Path.Combine(copies, Path.GetFileName(file)))));
        Directory.Delete(copies, recursive: true);
    }

    [Fact]
    public void StorageAccount_TakesNoKeys_IsPrivate_AndKeepsWhatWasDeleted()
    {
        JsonNode account = One("Microsoft.Storage/storageAccounts")["properties"]!;
        Assert.False((bool)account["allowSharedKeyAccess"]!);
        Assert.False((bool)account["allowBlobPublicAccess"]!);
        Assert.Equal("Disabled", (string?)account["publicNetworkAccess"]);
        Assert.Equal("Deny", (string?)account["networkAcls"]!["defaultAction"]);
        JsonNode blobs = One("Microsoft.Storage/storageAccounts/blobServices")["properties"]!;
        Assert.True((bool)blobs["isVersioningEnabled"]!);
        Assert.True((bool)blobs["deleteRetentionPolicy"]!["enabled"]!);
        Assert.True((bool)blobs["containerDeleteRetentionPolicy"]!["enabled"]!);
        Assert.Contains("Microsoft.Network/privateEndpoints", _resources.Select(TypeOf));
    }

    [Fact]
    public void NothingAsksForAKeyOrAPassword()
    {
        Assert.DoesNotContain("listKeys", _template, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("listCredentials", _template, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secureString", _template, StringComparison.OrdinalIgnoreCase);
        Assert.False((bool)One("Microsoft.ContainerRegistry/registries")["properties"]!["adminUserEnabled"]!);
        Assert.True((bool)Cluster["disableLocalAccounts"]!);
    }

    [Fact]
    public void SpotNodes_AreDeletedWhenTaken_AndOnlyWorkToleratesThem()
    {
        JsonNode work = Pool("work");
        Assert.Equal(("Spot", "Delete"), ((string?)work["scaleSetPriority"], (string?)work["scaleSetEvictionPolicy"]));
        string taint = (string)Assert.Single(work["nodeTaints"]!.AsArray())!;
        foreach (Workload workload in Workload.All)
        {
            bool tolerates = (workload.Pod.Tolerations ?? [])
                .Any(one => taint.StartsWith($"{one.Key}={one.Value}:{one.Effect}", StringComparison.Ordinal));
            Assert.Equal(workload.Name == "work", tolerates);
        }
    }

    [Fact]
    public void EveryPod_HasNodesOfItsLabel()
    {
        string?[] labels = [.. new[] { "state", "work" }.Select(pool => (string?)Pool(pool)["nodeLabels"]!["bgpo/nodes"])];
        Assert.All(Workload.All, workload => Assert.Contains(workload.Pod.NodeSelector["bgpo/nodes"], labels));
        Assert.All(Workload.All, workload => Assert.Equal(
            workload.Name == "work" ? "work" : "state", workload.Pod.NodeSelector["bgpo/nodes"]));
    }

    [Fact]
    public void ServiceAccount_IsTheOneThatTheIdentityIsFor()
    {
        JsonNode credential =
            One("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials")["properties"]!;
        Assert.All(Workload.All, workload => Assert.Equal(
            (string?)credential["subject"], $"system:serviceaccount:bgpo:{workload.Pod.ServiceAccountName}"));
        Assert.True((bool)Cluster["oidcIssuerProfile"]!["enabled"]!);
        Assert.True((bool)Cluster["securityProfile"]!["workloadIdentity"]!["enabled"]!);
        Assert.All(Workload.All, workload => Assert.Equal("true", workload.Labels["azure.workload.identity/use"]));
    }

    private JsonNode Cluster => One("Microsoft.ContainerService/managedClusters")["properties"]!;

    private JsonNode Pool(string name) => _resources
        .Single(one => TypeOf(one) == "Microsoft.ContainerService/managedClusters/agentPools"
            && ((string)one["name"]!).EndsWith($"'{name}')]", StringComparison.Ordinal))["properties"]!;

    private JsonObject One(string type) => _resources.Single(one => TypeOf(one) == type);

    private static string TypeOf(JsonObject resource) => (string)resource["type"]!;

    /// <summary>The resources of a template and of the templates inside it, without those that are only referred to.</summary>
    private static IEnumerable<JsonObject> ResourcesOf(JsonNode template)
    {
        JsonNode resources = template["resources"]!;
        IEnumerable<JsonNode?> all = resources is JsonObject named ? named.Select(one => one.Value) : resources.AsArray();
        foreach (JsonObject resource in all.OfType<JsonObject>().Where(one => one["existing"] is null))
        {
            yield return resource;
            foreach (JsonObject inner in resource["properties"]?["template"] is { } nested ? ResourcesOf(nested) : [])
            {
                yield return inner;
            }
        }
    }
}
