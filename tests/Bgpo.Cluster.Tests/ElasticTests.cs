using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bgpo.Client.Tests;

/// <summary>The proof of elasticity at reduced size, through the real executable: `bgpo verify elastic --quick`.</summary>
public sealed class ElasticTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-elastic-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SilosThatAreKilledHungDrainedAndCrashed_LeaveTheWeightsTheSame_AndNothingBehind()
    {
        (int code, string[] lines, string error) = await Run("verify", "elastic", "--quick", "--json", "--folder", _folder);

        Assert.True(code == 0, string.Join('\n', [.. lines, error]));
        JsonNode[] events = [.. lines.Select(line => JsonNode.Parse(line)!)];
        JsonNode[] scenarios = [.. events.Where(e => (string?)e["event"] == "scenario")];
        Assert.Equal(["one", "three", "chaos", "controller", "hung", "drain", "crash"], scenarios.Select(e => (string)e["scenario"]!));
        string hash = Assert.Single(scenarios.Select(e => (string)e["weightsSha256"]!).Distinct());
        Assert.Equal(64, hash.Length);
        Assert.All(scenarios, e => Assert.Equal("ok", (string?)e["ledger"]));
        Assert.Equal(5, (int)scenarios[3]["acts"]!);
        Assert.True((int)scenarios[2]["acts"]! > 0);
        Assert.True((bool)events[^1]["ok"]!);
    }

    private async Task<(int Code, string[] Lines, string Error)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BGPO_HOME"] = ProjectFolder.Find(), ["BGPO_COMMAND"] = "bgpo", ["BGPO_FAULT"] = "" },
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.TrimEnd().Split('\n'), await error);
    }
}
