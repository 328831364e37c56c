using System.Diagnostics;
using System.Text.Json.Nodes;
using Bgpo.Grains;

namespace Bgpo.Cluster.Tests;

/// <summary>A model from its adapters' training, in two silos of which one is killed, to the merged model.</summary>
public sealed class AdapterTests : IDisposable
{
    private const string Prompt = "3102200002100320";

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-adapters-").FullName;
    private readonly Executable _bgpo;

    public AdapterTests()
    {
        _bgpo = new Executable(_folder);
        UndisturbedRun.Copy(Path.Combine(ProjectFolder.Find(), "models", "sudoku-base"), At("base"));
        File.WriteAllText(At("spec.yaml"), """
            run: { seed: 1, steps: 3 }
            model: { path: base, train: lora, lora: { rank: 4, alpha: 8 } }
            task: { name: sudoku4x4 }
            rollout: { prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 }
            objective: { samples: 2 }
            units: { samples: 4, microbatch: 4, recompute: true }
            optimizer: { learningRate: 0.01 }
            evaluation: { count: 4, every: 0 }
            checkpoint: { every: 1 }
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AdaptersTrainedInTwoSilosOfWhichOneIsKilled_EndAsUndisturbed_AndTheirMergeAnswersAlike()
    {
        Ended undisturbed = await _bgpo.Run(["train", "--config", "spec.yaml", "--run", "a", "--json", "--threads", "2"]);
        Assert.Equal((0, ""), (undisturbed.Code, undisturbed.Error));
        string hash = (string)undisturbed.Events[^1]["weightsSha256"]!;
        string Of(int version) =>
            (string)JsonNode.Parse(File.ReadAllText(At($"runs/a/checkpoints/{version:D8}.json")))!["weightsSha256"]!;
        Assert.NotEqual(Of(0), hash);

        string cluster = Path.GetFileName(_folder).ToLowerInvariant();
        Process first = await _bgpo.Silo(cluster, ["--store", "runs"]);
        Process victim = await _bgpo.Silo(cluster, ["--store", "runs", "--role", "work"], $"{GrainFaults.UnitComputed}:kill:1");
        try
        {
            Ended started = await _bgpo.Run(["run", "start", "--cluster", cluster, "--config", "spec.yaml", "--run", "b"]);
            Assert.Equal((0, ""), (started.Code, started.Error));
            Ended watched = await _bgpo.Run(["run", "watch", "b", "--cluster", cluster, "--json"]);
            Assert.Equal((0, hash), (watched.Code, (string?)watched.Events[^1]["weightsSha256"]));
            await victim.WaitForExitAsync();
            Assert.Equal(128 + Executable.Kill, victim.ExitCode);
        }
        finally
        {
            await Executable.End(first);
            await Executable.End(victim);
        }

        Assert.Equal(0, (await _bgpo.Run(["export", "b", "--out", "adapters"])).Code);
        Assert.Equal(0, (await _bgpo.Run(["export", "b", "--out", "merged", "--merge"])).Code);
        string[] answers = await Task.WhenAll(new[] { "runs/b", "adapters", "merged" }.Select(Answer));
        Assert.Single(answers.Distinct());
        Assert.True(File.Exists(At("adapters/adapter_config.json")));
        Assert.Equal(File.ReadAllText(At("base/config.json")), File.ReadAllText(At("merged/config.json")));

        byte[] weights = File.ReadAllBytes(At("base/model.safetensors"));
        weights[^2] ^= 1;
        File.WriteAllBytes(At("base/model.safetensors"), weights);
        Ended refused = await _bgpo.Run(["generate", "--model", "runs/b", Prompt]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("these adapters are trained on", refused.Error, StringComparison.Ordinal);
    }

    private async Task<string> Answer(string model)
    {
        Ended ended = await _bgpo.Run(["generate", "--model", model, Prompt]);
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        return Assert.Single(ended.Lines);
    }

    private string At(string file) => Path.Combine(_folder, file);
}
