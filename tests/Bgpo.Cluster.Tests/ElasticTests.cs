using System.Text.Json.Nodes;

namespace Bgpo.Cluster.Tests;

/// <summary>The proof of elasticity at reduced size, through the real executable: `bgpo verify elastic --quick`.</summary>
public sealed class ElasticTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-elastic-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SilosThatAreKilledHungDrainedAndCrashed_LeaveTheWeightsTheSame_AndNothingBehind()
    {
        Ended ended = await new Executable(_folder).Run(["verify", "elastic", "--quick", "--json", "--folder", _folder]);

        Assert.True(ended.Code == 0, string.Join('\n', [.. ended.Lines, ended.Error]));
        JsonNode[] scenarios = [.. ended.Events.Where(e => (string?)e["event"] == "scenario")];
        Assert.Equal(["one", "three", "chaos", "controller", "hung", "drain", "crash"],
            scenarios.Select(e => (string)e["scenario"]!));
        string hash = Assert.Single(scenarios.Select(e => (string)e["weightsSha256"]!).Distinct());
        Assert.Equal(64, hash.Length);
        Assert.All(scenarios, e => Assert.Equal("ok", (string?)e["ledger"]));
        Assert.Equal(5, (int)scenarios[3]["acts"]!);
        Assert.True((int)scenarios[2]["acts"]! > 0);
        Assert.True((bool)ended.Events[^1]["ok"]!);
    }
}
