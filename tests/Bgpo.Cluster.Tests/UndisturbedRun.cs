using System.Text.Json.Nodes;

[assembly: AssemblyFixture(typeof(Bgpo.Cluster.Tests.UndisturbedRun))]

namespace Bgpo.Cluster.Tests;

/// <summary>
/// A run of a small spec that nothing disturbed, made once for all tests that compare with it: in its folder as run <c>a</c>.
/// </summary>
public sealed class UndisturbedRun : IAsyncLifetime
{
    /// <summary>Steps of the spec.</summary>
    internal const int Steps = 24;

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-undisturbed-").FullName;

    /// <summary>What it ended in.</summary>
    internal string Hash { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // The project's own base model: an untrained one earns no rewards, and a run of it would teach nothing.
        Copy(Path.Combine(ProjectFolder.Find(), "models", "sudoku-base"), Path.Combine(_folder, "base"));
        File.WriteAllText(Path.Combine(_folder, "spec.yaml"), $$"""
            run: { seed: 1, steps: {{Steps}} }
            model: { path: base }
            task: { name: sudoku4x4 }
            rollout: { prompts: 4, completions: 4, responseLength: 16, blockLength: 16, denoisingSteps: 4 }
            objective: { samples: 2 }
            units: { samples: 4, microbatch: 4 }
            optimizer: { learningRate: 0.0004 }
            evaluation: { count: 8, every: 0 }
            checkpoint: { every: 5 }
            """);
        Hash = HashOf(await new Executable(_folder)
            .Run(["train", "--config", "spec.yaml", "--run", "a", "--json", "--threads", "2"]));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Puts <c>spec.yaml</c> and the model <c>base</c> into a folder.</summary>
    internal void CopySpecTo(string folder)
    {
        File.Copy(Path.Combine(_folder, "spec.yaml"), Path.Combine(folder, "spec.yaml"));
        Copy(Path.Combine(_folder, "base"), Path.Combine(folder, "base"));
    }

    /// <summary>Puts the run <c>a</c> into a folder's store <c>runs</c>.</summary>
    internal void CopyRunTo(string folder) => Copy(Path.Combine(_folder, "runs"), Path.Combine(folder, "runs"));

    /// <summary>The weights that a completed training of the spec ended in.</summary>
    internal static string HashOf(Ended training)
    {
        Assert.Equal((0, ""), (training.Code, training.Error));
        JsonNode last = training.Events[^1];
        Assert.Equal(("completed", Steps), ((string?)last["event"], (int)last["version"]!));
        return (string)last["weightsSha256"]!;
    }

    internal static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
