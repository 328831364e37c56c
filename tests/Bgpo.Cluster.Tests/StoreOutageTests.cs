using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Azure;
using Bgpo.Storage.Runs;

namespace Bgpo.Cluster.Tests;

/// <summary>A run over a store behind a network, Azurite, that goes away: for a while, and for good.</summary>
public sealed class StoreOutageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-outage-").FullName;
    private readonly UndisturbedRun _undisturbed;
    private readonly Executable _bgpo;

    public StoreOutageTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _undisturbed.CopySpecTo(_folder);
        _bgpo = new Executable(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AStoreThatIsBackAfterAWhile_CostsNothing_AndOneThatStaysAway_PausesTheRun_WhichCanBeResumed()
    {
        await Azurite.InstallAsync();
        await using Azurite azurite = await Azurite.StartNewAsync(Path.Combine(_folder, "azurite"));
        string store = azurite.StoreUri("runs");
        using Process train = _bgpo.Start(
            ["train", "--config", "spec.yaml", "--run", "b", "--store", store, "--set", "checkpoint.maxBehind=2",
                "--json", "--threads", "2"]);
        Task<string> error = train.StandardError.ReadToEndAsync();

        // Gone for a while: training waits as soon as the store lacks two versions, says so, and goes on by itself.
        await Sees(train, e => (string?)e["event"] == "step" && (int)e["version"]! >= 3);
        await azurite.StopAsync();
        await Sees(train, e => (string?)e["event"] == "store" && (bool)e["waiting"]!);
        await azurite.StartAsync();
        JsonNode step = await Sees(train, e => (string?)e["event"] == "step" && (int)e["version"]! >= 8);

        // Gone for good: told to stop, it says what is the matter and how to go on.
        await azurite.StopAsync();
        await Sees(train, e => (string?)e["event"] == "store" && (bool)e["waiting"]!);
        Executable.Send(train, Executable.Interrupt);
        await train.StandardOutput.ReadToEndAsync();
        await train.WaitForExitAsync();
        Assert.Equal(2, train.ExitCode);
        Assert.Contains($"{store} does not take it", await error, StringComparison.Ordinal);
        Assert.Contains("--resume b", await error, StringComparison.Ordinal);

        // Back, and told to go on, it ends as if nothing had been.
        await azurite.StartAsync();
        Ended resumed = await _bgpo.Run(["train", "--resume", "b", "--store", store, "--json", "--threads", "2"]);
        Assert.Equal(_undisturbed.Hash, UndisturbedRun.HashOf(resumed));
        var run = new RunStore(BlobStores.Open(store), "b");
        Assert.Empty((await Grains.Runs.Ledger.Check(run)).Faults);
        long retries = 0;
        await foreach (StoredMetrics metrics in run.ReadMetricsAsync())
        {
            retries += (long)metrics.Values["StoreRetries"]!;
        }

        Assert.True(retries > 0, "the outage is not in the metrics");
    }

    private static async Task<JsonNode> Sees(Process process, Func<JsonNode, bool> wanted)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (JsonNode.Parse(line)! is var e && wanted(e))
            {
                return e;
            }
        }
        throw new InvalidOperationException("The run ended without it.");
    }
}
