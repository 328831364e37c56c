using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Storage;

namespace Bgpo.Cluster.Tests;

/// <summary>Runs are steered while processes die: the real executable against a live cluster.</summary>
public sealed class RunControlTests(SteeredCluster cluster) : IClassFixture<SteeredCluster>
{
    [Fact]
    public async Task WhatIsAskedOfARun_HoldsWhoeverDies()
    {
        await cluster.Start("one", 4000);
        // Whoever asks dies in the moment in which the request is durable: nobody has been told.
        Ended killed = await cluster.Bgpo.Run(["run", "pause", "one", "--reason", "kept"], fault: StorageFaults.RequestAfter + ":kill");
        Assert.Equal((137, ""), (killed.Code, string.Join('\n', killed.Lines)));
        RunRecord paused = await cluster.Sees("one", record => record.State == RunState.Paused);
        Assert.Equal("kept", paused.Reason);

        // The controller dies: another one takes the paused run over, and leaves it where it is.
        await cluster.KillController("one", "third");
        RunRecord taken = await cluster.Sees("one", record => record.Epoch > paused.Epoch);
        Assert.Equal((RunState.Paused, paused.LatestCheckpoint), (taken.State, taken.LatestCheckpoint));
        JsonNode status = (await cluster.Done("run", "status", "one", "--json")).Json;
        Assert.Equal(("paused", "kept", cluster.Name), ((string?)status["state"], (string?)status["message"], (string?)status["cluster"]));

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
        string[] silos = [.. (await cluster.Done("run", "logs", "one", "--json")).Events.Select(line => (string)line["silo"]!).Distinct()];
        Assert.True(silos.Length >= 2, string.Join(' ', silos));
        Assert.Contains("paused at version", string.Join('\n', (await cluster.Done("run", "logs", "one")).Lines), StringComparison.Ordinal);
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
                ["BGPO"] = $"dotnet {Path.Combine(AppContext.BaseDirectory, "Bgpo.Client.dll")}",
                ["SETS"] = string.Join(' ', SteeredCluster.Small(4000)),
            },
        };
        foreach (string argument in new[] { Path.Combine(ProjectFolder.Find(), "examples", "steer.sh"), cluster.Name, "steered" })
            start.ArgumentList.Add(argument);
        using Process script = Process.Start(start)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string said = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, await error + said);
        JsonNode result = JsonNode.Parse(said)!;
        RunRecord record = (await cluster.Store("steered").ReadAsync())!.Record;
        Assert.Equal((RunState.Stopped, "seen enough"), (record.State, record.Reason));
        Assert.Equal((await cluster.Store("steered").ReadManifestAsync(record.LatestCheckpoint!.Value))!.WeightsSha256, (string?)result["weightsSha256"]);
        Assert.Equal([(int)result["changedFrom"]!, (int)result["changedFrom"]!], record.Changes!.Select(change => change.FromStep));
        Assert.NotNull(await cluster.Store("steered").ReadManifestAsync((int)result["saved"]!));
    }

    [Fact]
    public async Task AClusterIsSeenAtAGlance_AndASiloLeavesWhenItIsTold()
    {
        await cluster.Silo("leaver");
        await cluster.Start("seen", 4000);
        JsonNode status = (await cluster.Done("cluster", "status", "--cluster", cluster.Name, "--json")).Json;
        Assert.Equal(3, (int)status["silos"]!);
        Assert.Contains(status["runs"]!.AsArray(), run => (string?)run!["run"] == "seen" && (string?)run["state"] == "running");
        JsonNode left = (await cluster.Done("silo", "drain", "leaver", "--cluster", cluster.Name, "--json")).Json;
        Assert.Equal(("leaver", 2), ((string?)left["silo"], (int)left["remaining"]!));
        Assert.Equal("completed", (string?)(await Completed("seen"))["event"]);

        Ended refused = await cluster.Bgpo.Run(["silo", "drain", "leavr", "--cluster", cluster.Name]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("has none of that name", refused.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await cluster.Bgpo.Run(["run", "pause", "seen"])).Code);
    }

    /// <summary>Has a run end two steps from now, and waits for it with the exit code that says so.</summary>
    private async Task<JsonNode> Completed(string run)
    {
        int version = (int)(await cluster.Done("run", "pause", run, "--json")).Json["version"]!;
        await cluster.Done("run", "set", run, $"run.steps={version + 3}", "--json");
        return (await cluster.Done("run", "resume", run, "--wait", "--json")).Events[^1];
    }
}
