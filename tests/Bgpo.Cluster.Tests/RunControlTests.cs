using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Cluster.Tests;

/// <summary>Runs are steered while processes die: the real executable against a live cluster.</summary>
[Collection(Steered.Name)]
public sealed class RunControlTests(SteeredCluster cluster)
{
    [Fact]
    public async Task WhatIsAskedOfARun_HoldsWhoeverDies()
    {
        await cluster.Start("one", 4000);
        // Whoever asks dies in the moment in which the request is durable: nobody has been told.
        Ended killed = await cluster.Bgpo.Run(
            ["run", "pause", "one", "--reason", "kept"], fault: StorageFaults.RequestAfter + ":kill");
        Assert.Equal((137, ""), (killed.Code, string.Join('\n', killed.Lines)));
        RunRecord paused = await cluster.Sees("one", record => record.State == RunState.Paused);
        Assert.Equal("kept", paused.Reason);

        // The controller dies: another one takes the paused run over, and leaves it where it is. Who watches is told which silo
        // went.
        using Process watching = cluster.Bgpo.Start(["run", "watch", "one", "--json"]);
        await Told(watching, happened => (string?)happened["event"] == "paused");
        string victim = await cluster.KillController("one", "third");
        await Told(watching, happened => (string?)happened["event"] == "silos" && happened["lost"]!.AsArray()
            .Any(name => (string?)name == victim));
        await Executable.End(watching);
        RunRecord taken = await cluster.Sees("one", record => record.Epoch > paused.Epoch);
        Assert.Equal((RunState.Paused, paused.LatestCheckpoint), (taken.State, taken.LatestCheckpoint));
        JsonNode status = (await cluster.Done("cluster", "status", "--cluster", cluster.Name, "--json")).Json;
        JsonNode standing = Assert.Single(status["runs"]!.AsArray(), run => (string?)run!["run"] == "one")!;
        Assert.Equal(("paused", "kept", cluster.Name),
            ((string?)standing["state"], (string?)standing["message"], (string?)standing["cluster"]));

        // It is changed while it waits, and goes on.
        JsonNode changed = (await cluster.Done("run", "set", "one", "rollout.temperature=0.8", "--json")).Json;
        Assert.True((int)changed["version"]! >= paused.LatestCheckpoint, changed.ToJsonString());
        Assert.Equal("running", (string?)(await cluster.Done("run", "resume", "one", "--json")).Json["state"]);

        // Stopped, and the controller is killed at once, whether it has heard of it or not.
        await cluster.Done("run", "stop", "one", "--reason", "enough", "--no-wait", "--json");
        await cluster.KillController("one", "fourth");
        RunRecord stopped = await cluster.Sees("one", record => record.State is RunState.Stopped);
        Assert.Equal("enough", stopped.Reason);
        Assert.Equal("rollout.temperature", Assert.Single(stopped.Changes!).Field);

        // What the silos said is there, those that were killed included.
        JsonNode[] said = [.. (await cluster.Done("run", "logs", "one", "--json")).Events];
        Assert.True(said.Select(line => (string)line["silo"]!).Distinct().Count() >= 2,
            string.Join(' ', said.Select(line => line["silo"])));
        Assert.Contains(said, line => ((string)line["message"]!).Contains("paused at version", StringComparison.Ordinal));

        // One silo leaves when it is told to, and only then says so.
        JsonNode left = (await cluster.Done("silo", "drain", "fourth", "--cluster", cluster.Name, "--json")).Json;
        Assert.Equal(("fourth", 1), ((string?)left["silo"], (int)left["remaining"]!));
        await cluster.Silo("fifth");
    }

    /// <summary>Reads what a watching process prints up to a line that is as wanted.</summary>
    private static async Task Told(Process watching, Func<JsonNode, bool> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!wanted(JsonNode.Parse((await watching.StandardOutput.ReadLineAsync(patience.Token))!)!))
        {
            // What is not waited for.
        }
    }

    [Fact]
    public async Task AScript_DoesEverythingByJsonAndExitCodes()
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = cluster.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["BGPO_HOME"] = ProjectFolder.Find(),
                ["BGPO"] = $"dotnet {Executable.Path}",
                ["SETS"] = string.Join(' ', SteeredCluster.Small(4000)),
            },
        };
        foreach (string argument in new[] { Path.Combine(ProjectFolder.Find(), "examples", "steer.sh"), cluster.Name, "steered" })
        {
            start.ArgumentList.Add(argument);
        }

        using Process script = Process.Start(start)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string said = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, await error + said);
        JsonNode result = JsonNode.Parse(said)!;
        RunRecord record = (await cluster.Store("steered").ReadAsync())!.Record;
        Assert.Equal((RunState.Stopped, "seen enough"), (record.State, record.Reason));
        Assert.Equal((await cluster.Store("steered").ReadManifestAsync(record.LatestCheckpoint!.Value))!.WeightsSha256,
            (string?)result["weightsSha256"]);
        Assert.Equal([(int)result["changedFrom"]!, (int)result["changedFrom"]!],
            record.Changes!.Select(change => change.FromStep));
        Assert.NotNull(await cluster.Store("steered").ReadManifestAsync((int)result["saved"]!));
    }
}
