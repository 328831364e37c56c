using System.Diagnostics;

namespace Bgpo.Cluster.Tests;

/// <summary>examples/bgpo-in-one-file: the algorithm without grains says what the trainer does.</summary>
public sealed class OneFileTests : IDisposable
{
    private static readonly string[] s_onPolicy = ["run.steps=2", "rollout.prompts=4"];
    private static readonly string[] s_offPolicy =
        ["run.steps=4", "rollout.prompts=4", "objective.minibatches=2", "objective.epochs=2", "objective.masking=bernoulli"];

    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-one-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task OnPolicy_ItEndsInTheTrainersWeights() => Compare(s_onPolicy);

    [Fact]
    public Task WithSeveralUpdatesOfABatch_ItEndsInTheTrainersWeights() => Compare(s_offPolicy);

    private async Task Compare(string[] fields)
    {
        IEnumerable<string> sets = fields.Append("evaluation.count=1").SelectMany(field => new[] { "--set", field });
        Ended trained = await new Executable(_folder).Run(["train", "--run", "a", "--json", .. sets]);
        Assert.Equal((0, ""), (trained.Code, trained.Error));

        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = _folder, RedirectStandardOutput = true };
        foreach (string argument in fields.Prepend(Path.Combine(AppContext.BaseDirectory, "BgpoInOneFile.dll")))
        {
            start.ArgumentList.Add(argument);
        }
        using Process process = Process.Start(start)!;
        string[] lines = (await process.StandardOutput.ReadToEndAsync()).TrimEnd().Split('\n');
        await process.WaitForExitAsync();

        Assert.Equal((0, $"weights sha256 {trained.Events[^1]["weightsSha256"]}"), (process.ExitCode, lines[^1]));
    }
}
