using System.Text.Json.Nodes;

namespace Bgpo.Cluster.Tests;

/// <summary>What the benchmarks that are not about speed promise, and that all of them run.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-bench-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task GradientMemory_DoesNotGrowWithTheNumberOfSamples()
    {
        Assert.InRange((double)(await Measured("memory", "--samples", "1,64"))["ratio"]!, 0.5, 1.03);
    }

    [Fact]
    public async Task ContributionsGetFromOneProcessIntoTheAccumulatorsOfAnother_AndNothingIsLeftBehind()
    {
        JsonNode result = await Measured("wire", "--mib", "8");
        Assert.Equal(8, (int)result["miB"]!);
        foreach (string speed in new[] { "accumulatorsGBs", "sinkGBs", "socketGBs", "exactSumGBs", "pingMedianMicroseconds",
            "pingP99Microseconds" })
        {
            Assert.True((double)result[speed]! > 0, speed);
        }
    }

    [Fact]
    public async Task SimulatedSilos_ComputeEveryUnitOnce_AndAllHaveWork()
    {
        JsonNode row = (await Measured("scaling", "--only", "simulated", "--silos", "4", "--work", "20"))["simulated"]!.AsArray()
            .Single()!;
        // Three steps of eight groups of four units, but for groups whose rewards are all the same.
        Assert.InRange((int)row["units"]!, 3 * 7 * 4, 3 * 8 * 4);
        Assert.Equal((int)row["units"]!, (int)row["computed"]!);
        Assert.Equal((int)row["units"]!, (int)row["distinctComputed"]!);
        Assert.Equal(4, (int)row["busySilos"]!);
        // Every unit is asked for, brought to its shard, and answered twice.
        Assert.True((double)row["messagesPerStep"]! >= 4.0 / 3 * (int)row["units"]!);
    }

    private async Task<JsonNode> Measured(string benchmark, params string[] arguments)
    {
        Ended ended = await new Executable(_folder) { Program = Executable.Bench }.Run(
            ["bench", benchmark, .. arguments, "--json"]);
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        return ended.Json;
    }
}
