using Bgpo.Spec;
using Bgpo.Storage.Runs;
using Bgpo.Tasks;

namespace Bgpo.Grains.Tests;

/// <summary>
/// A run over two tasks, one of them with training and evaluation files: the same weights however it is cut, its files known by
/// their hashes.
/// </summary>
public sealed class MixtureRunTests : IDisposable
{
    private readonly SmallRuns _runs = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-data-").FullName;

    public MixtureRunTests()
    {
        ITask task = TaskRegistry.Create(new TaskSection());
        Write("train1.csv", Enumerable.Range(0, 5).Select(i => task.TrainingPrompt(8, 0, i)));
        Write("train2.csv", Enumerable.Range(5, 4).Select(i => task.TrainingPrompt(8, 0, i)));
        Write("test.csv", task.HeldOut(12));
    }

    private string Spec => SpecWriter.Write(SpecLoader.Load<RunSpec>(SmallRuns.Spec(), "test", []) with
    {
        Task = new RunTaskSection
        {
            Mixture =
            [
                new() { Weight = 3, Label = "made" },
                new() { Label = "read", Data = [Data("train1.csv"), Data("train2.csv")], EvaluationData = Data("test.csv") },
            ],
        },
    });

    public void Dispose()
    {
        _runs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AMixture_EndsInTheSameWeights_WhereverItRuns_WithAndWithoutItsFiles()
    {
        List<RunEvent> events = await _runs.Events("a", 1, run => run.Start(Spec));
        RunCompleted done = events.OfType<RunCompleted>().Single();
        string undisturbed = done.WeightsSha256;
        List<RunEvent> stopped = await _runs.Events("b", 2, run => run.Start(Spec),
            (grain, e) => e is StepCommitted { Metrics.Version: 3 } ? grain.Stop("test") : Task.CompletedTask);
        Assert.Single(stopped.OfType<RunStopped>());
        foreach (string file in Directory.GetFiles(_folder))
        {
            File.Delete(file);
        }
        Assert.Equal(undisturbed, (await _runs.Resume("b")).WeightsSha256);

        // Weights 3 and 1 of 4 prompts; the six of the files are six of its nine problems.
        List<JournalGroup> read = [];
        for (int step = 0; step < 6; step++)
        {
            IReadOnlyList<JournalGroup> groups = (await _runs.Store("a").ReadJournalAsync(step))!.Groups;
            Assert.Equal(["made", "made", "made", "read"], groups.Select(group => group.Task).Order());
            read.AddRange(groups.Where(group => group.Task == "read"));
        }
        Assert.Equal(6, read.Select(group => group.PromptId).Distinct().Count());
        Assert.All(events.OfType<StepCommitted>(), step => Assert.Equal(
            [("made", 3), ("read", 1)], step.Metrics.Tasks!.Select(task => (task.Task, task.Groups))));
        Assert.Equal([("made", 4), ("read", 4)], done.After.Tasks!.Select(task => (task.Task, task.Count)));
    }

    [Fact]
    public async Task TheRecord_HasEachFilesHash_AndARunWithAChangedOneIsRefusedByItsName()
    {
        await _runs.Events("a", 1, run => run.Start(Spec),
            (grain, e) => e is StepCommitted { Metrics.Version: 2 } ? grain.Stop("test") : Task.CompletedTask);
        RunRecord record = (await _runs.Store("a").ReadAsync())!.Record;
        Assert.Null(record.EvaluationData);
        Assert.Equal(
            ["train1.csv", "train2.csv", "test.csv"], record.DataFiles!.Select(file => Path.GetFileName(file.Path!)));
        Assert.Equal(
            record.DataFiles!.Select(file => file.Sha256),
            record.DataFiles!.Select(file => Bgpo.Storage.Runs.RunStore.HashOf(File.ReadAllText(file.Path!))));

        File.AppendAllText(Data("train2.csv"), "\n");
        string said = await Refused("a", run => run.Resume());
        Assert.StartsWith(Data("train2.csv"), said, StringComparison.Ordinal);
        Assert.Contains("--set task.mixture.1.data.1=", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
        // What the fork names itself may have changed.
        Assert.Single((await _runs.Events("b", 1, run => run.Fork(Spec, "a", 2, ["task.mixture.1.data.1"])))
            .OfType<RunCompleted>());

        // A file too large for a copy is needed wherever the run works.
        StoredRun stored = (await _runs.Store("a").ReadAsync())!;
        Assert.NotNull(await _runs.Store("a").UpdateAsync(
            stored.Record with
            {
                State = RunState.Running,
                DataFiles = [.. stored.Record.DataFiles!.Select(file => file with { IsKept = false })],
            },
            stored.ETag));
        Assert.StartsWith(
            Data("train2.csv"), await Refused("a", run => run.EnsureRunning()), StringComparison.Ordinal);
        File.Delete(Data("train2.csv"));
        Assert.StartsWith(
            Data("train2.csv"), await Refused("a", run => run.EnsureRunning()), StringComparison.Ordinal);
    }

    private string Data(string name) => Path.Combine(_folder, name);

    private void Write(string name, IEnumerable<Prompt> prompts) => File.WriteAllText(
        Data(name), "Puzzle,Solution\n" + string.Concat(prompts.Select(prompt => $"{prompt.Text},{prompt.Reference}\n")));

    private async Task<string> Refused(string run, Func<IRunGrain, Task> begin) =>
        (await Assert.ThrowsAsync<RunException>(() => _runs.Events(run, 1, begin))).Message;
}
