using Bgpo.Spec;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Mixtures;

namespace Bgpo.Tasks.Tests;

/// <summary>A mixture's prompts keep to the weights in each batch, and each task's problems keep to their order.</summary>
public sealed class MixtureTests : IDisposable
{
    private static readonly RunTaskSection s_spec = new()
    {
        Mixture =
        [
            new() { Name = "sudoku4x4", Weight = 1 },
            new() { Name = "countdown3", Weight = 3, Label = "sums" },
        ],
    };

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EachBatchKeepsToTheWeights_AndIsAFunctionOfSeedStepAndIndex()
    {
        var draw = new MixtureDraw([1, 2, 0.3], new RunShape(10, 2, 100, text => text.Length));
        var totals = new int[3];
        for (int batch = 0; batch < 3000; batch++)
        {
            int[] counts = new int[3];
            for (int i = 0; i < 10; i++)
            {
                counts[draw.PartOf(7, 2 * batch, i)]++;
            }
            Assert.InRange(counts[0], 3, 4);
            Assert.InRange(counts[1], 6, 7);
            Assert.InRange(counts[2], 0, 1);
            totals = [.. totals.Zip(counts, (sum, count) => sum + count)];
        }
        Assert.Equal(30_000 / 3.3, totals[0], 300.0);
        Assert.Equal(60_000 / 3.3, totals[1], 300.0);
        var again = new MixtureDraw([1, 2, 0.3], new RunShape(10, 2, 100, text => text.Length));
        Assert.Equal(
            Enumerable.Range(0, 50).Select(i => draw.PartOf(7, i / 10 * 2, i % 10)),
            Enumerable.Range(0, 50).Reverse().Select(i => again.PartOf(7, i / 10 * 2, i % 10)).Reverse());
        Assert.Contains(Enumerable.Range(0, 50), i => draw.PartOf(7, i, 0) != draw.PartOf(8, i, 0));
    }

    [Fact]
    public void ATasksPlaces_AreEachTakenOnce_WhoeverAsksInWhichOrder()
    {
        var shape = new RunShape(7, 1, 100, text => text.Length);
        var draw = new MixtureDraw([1, 1, 5], shape);
        TrainingPlace[] places = [.. Enumerable.Range(0, 3).Select(draw.PlacesOf)];
        List<long>[] taken = [[], [], []];
        for (int i = 699; i >= 0; i--)
        {
            int part = draw.PartOf(3, i / 7, i % 7);
            taken[part].Add(places[part](3, i / 7, i % 7));
        }
        Assert.All(taken, part => Assert.Equal(Enumerable.Range(0, part.Count).Select(place => (long)place), part.Order()));
        Assert.Equal(700, taken.Sum(part => part.Count));
    }

    [Fact]
    public async Task Problems_BearTheirTasksLabel_AndAnswersGoToTheTaskThatJudgesThem()
    {
        await using ITask task = TaskRegistry.Create(s_spec);
        Prompt[] training = [.. Enumerable.Range(0, 200).Select(i => task.TrainingPrompt(1, i, 0))];
        Assert.InRange(training.Count(prompt => prompt.Task == "sums"), 120, 180);
        IReadOnlyList<Prompt> heldOut = task.HeldOut(7);
        Assert.Equal(
            ["sudoku4x4", "sums", "sudoku4x4", "sums", "sudoku4x4", "sums", "sudoku4x4"], heldOut.Select(prompt => prompt.Task));
        Assert.Equal(heldOut.Take(3), task.HeldOut(3));
        foreach (Prompt prompt in training.Concat(heldOut))
        {
            Assert.StartsWith(prompt.Task + "/", prompt.Id, StringComparison.Ordinal);
            // As a silo that scores has it: without the label.
            var sent = new Prompt(prompt.Id, prompt.Text, prompt.Reference);
            Score score = await task.ScoreAsync(sent, prompt.Task == "sums" ? "1" : prompt.Reference);
            Assert.Equal(prompt.Task == "sums" ? 0.1 : 1, score.Reward);
        }
        await Assert.ThrowsAsync<ArgumentException>(async () => await task.ScoreAsync(new Prompt("other/x", "x"), "1"));
    }

    [Fact]
    public void FilesOfOneTask_AreCheckedAgainstTheEvaluationFileOfAnother()
    {
        string evaluation = _folder.Write("test.jsonl", "{\"q\":\"one\"}\n{\"q\":\"two\"}\n");
        string training = _folder.Write("train.jsonl", "{\"q\":\"three\"}\n{\"q\":\"TWO\"}\n");
        RunTaskSection spec = new()
        {
            Mixture =
            [
                new() { Label = "a", EvaluationData = evaluation }, new() { Label = "b", Data = [training], Leaks = Leaks.Drop },
            ],
        };
        using TaskData data = TaskData.Read(spec, new RunShape(4, 1, 100, text => text.Length));
        var task = new MixtureTask(spec, data, (part, files) => new FileTask(part, files));
        data.Check();
        Assert.Contains("train.jsonl:2 = test.jsonl:2", Assert.Single(data.Notices), StringComparison.Ordinal);
        Prompt[] ofB = [.. Enumerable.Range(0, 8).Select(i => Try(i)).OfType<Prompt>()];
        Assert.NotEmpty(ofB);
        Assert.All(ofB, prompt => Assert.Equal("b/train.jsonl:1", prompt.Id));

        Prompt? Try(int i)
        {
            try
            {
                return task.TrainingPrompt(1, i / 4, i % 4);
            }
            catch (TaskDataException)
            {
                return null; // task a has no training file
            }
        }
    }

    [Fact]
    public void Paths_AreThoseOfAllTasks_EachOnce() => Assert.Equal(
        ["t", "e", "u"],
        TaskData.Paths(new RunTaskSection
        {
            Mixture = [new() { Data = ["t"], EvaluationData = "e" }, new() { Data = ["u", "t"], EvaluationData = "e" }],
        }));

    private sealed class FileTask(TaskSection spec, TaskData data) : ITask
    {
        private readonly FileProblems _problems =
            new(spec, data, record => new Prompt(record.Place, record.Text(new(["q"]))));

        public string Name => "file";

        public Prompt TrainingPrompt(ulong seed, int step, int index) => _problems.Training(seed, step, index);

        public Example TrainingExample(ulong seed, int step, int index, double answerNoise) => throw new NotSupportedException();

        public IReadOnlyList<Prompt> HeldOut(int count) => _problems.HeldOut(count);

        public ValueTask<Score> ScoreAsync(Prompt prompt, string completion, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
