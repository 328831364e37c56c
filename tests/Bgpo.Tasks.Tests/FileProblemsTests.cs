using Bgpo.Spec;
using Bgpo.Tasks.Data;

namespace Bgpo.Tasks.Tests;

/// <summary>Training problems come shuffled, each once an epoch; what does not fit or leaks is found at the start.</summary>
public sealed class FileProblemsTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EachProblemComesOnceAnEpoch_InAnotherOrderEachTime_OverAllFiles()
    {
        TaskSection spec = Spec(Lines("a.jsonl", 0, 60), Lines("b.jsonl", 60, 41));
        FileProblems problems = Open(spec, new RunShape(8, 1, 1000, text => text.Length), out _);
        string[] order = [.. Enumerable.Range(0, 303).Select(i => problems.Training(5, i / 8, i % 8).Text)];
        string[][] epochs = [.. order.Chunk(101)];
        Assert.All(epochs, epoch => Assert.Equal(101, epoch.Distinct().Count()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);

        // Any place alone, in any order, and anew: a function of (seed, step, index).
        FileProblems again = Open(spec, new RunShape(8, 1, 1000, text => text.Length), out _);
        Assert.Equal(order.Reverse(), Enumerable.Range(0, 303).Reverse().Select(i => again.Training(5, i / 8, i % 8).Text));
        Assert.NotEqual(order[..101], Enumerable.Range(0, 101).Select(i => again.Training(6, i / 8, i % 8).Text));
    }

    [Fact]
    public void WhereABatchServesSeveralSteps_NoProblemIsSkipped()
    {
        FileProblems problems = Open(Spec(Lines("a.jsonl", 0, 24)), new RunShape(6, 4, 1000, text => text.Length), out _);
        Assert.Equal(24, Enumerable.Range(0, 4).SelectMany(batch => Enumerable.Range(0, 6)
            .Select(i => problems.Training(1, batch * 4, i).Id)).Distinct().Count());
    }

    [Fact]
    public void OnlyTheNewestPromptsAreHeld()
    {
        FileProblems problems = Open(Spec(Lines("a.jsonl", 0, 2000)), new RunShape(50, 1, 1000, text => text.Length), out _);
        for (int i = 0; i < 2000; i++)
        {
            _ = problems.Training(1, i / 50, i % 50);
        }
        Assert.Equal(FileProblems.MostHeld, problems.Held);
    }

    [Fact]
    public void PromptLongerThanTheModel_IsNamedByItsLine_OrDroppedAndCounted()
    {
        string path = _folder.Write("a.jsonl", Line(1, "short") + "\n" + Line(2, new string('x', 50)) + Line(3, "also short"));
        var shape = new RunShape(2, 1, 40, text => text.Length + 3);
        TaskDataException error = Assert.Throws<TaskDataException>(() => Open(Spec(path), shape, out _));
        Assert.Equal((path, 3), (error.File, error.Line));
        Assert.Contains("has 53 tokens; the model has room for 40", error.Message, StringComparison.Ordinal);
        Assert.Contains("task.tooLong: drop", error.Message, StringComparison.Ordinal);

        TaskSection dropping = Spec(path) with { TooLong = TooLong.Drop, EvaluationData = path };
        FileProblems problems = Open(dropping, shape, out IReadOnlyList<string> notices);
        Assert.Equal(["short", "also short"], problems.HeldOut(10).Select(prompt => prompt.Text));
        Assert.Equal(2, Enumerable.Range(0, 2).Select(i => problems.Training(1, 0, i).Text).Distinct().Count());
        Assert.Contains(notices, notice => notice.StartsWith($"{path}: 1 of 3 problems are left out", StringComparison.Ordinal)
            && notice.Contains("a.jsonl:3 with 53 tokens", StringComparison.Ordinal));
        Assert.Throws<TaskDataException>(() => Open(dropping, shape with { Room = 3 }, out _));
    }

    [Fact]
    public void PromptThatTheModelCannotRead_IsNamedByItsLine()
    {
        string path = _folder.Write("a.jsonl", Line(1, "fine") + Line(2, "odd"));
        var shape = new RunShape(2, 1, 40, text => text == "odd" ? throw new ArgumentException("no token for 'o'") : 1);
        TaskDataException error = Assert.Throws<TaskDataException>(() => Open(Spec(path), shape, out _));
        Assert.Equal((path, 2), (error.File, error.Line));
        Assert.Contains("no token for 'o'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Leaks.Warn, 4)]
    [InlineData(Leaks.Drop, 2)]
    [InlineData(Leaks.Error, 0)]
    public void ProblemsThatTheEvaluationFileHasToo_AreFound_AlsoWrittenOtherwise(Leaks choice, int left)
    {
        string evaluation = _folder.Write("test.jsonl", Line(1, "What is 1,000 - 2?") + Line(2, "Say \u201cyes\u201d."));
        string training = _folder.Write("train.jsonl",
            Line(1, "What is 1,000 + 2?") + Line(2, "Say \u201cyes\u201d.") + "\n" + Line(3, "what  is 1000 - 2") + Line(4, "new"));
        TaskSection spec = Spec(training) with { EvaluationData = evaluation, Leaks = choice };
        if (choice == Leaks.Error)
        {
            Check(Assert.Throws<TaskDataException>(() => Open(spec, null, out _)).Message);
            return;
        }
        FileProblems problems = Open(spec, null, out IReadOnlyList<string> notices);
        Check(Assert.Single(notices));
        Assert.Equal(left, problems.Count);

        void Check(string message)
        {
            Assert.StartsWith(training, message, StringComparison.Ordinal);
            Assert.Contains("2 of 4 training problems are in the evaluation data too (1 letter for letter, 1 but for", message,
                StringComparison.Ordinal);
            Assert.Contains("train.jsonl:2 = test.jsonl:2, train.jsonl:4 = test.jsonl:1", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TasksThatMakeProblems_TrainOnThoseOfFiles_WhereTheSpecNamesThem()
    {
        string sudoku = _folder.Write("s.csv", "Puzzle,Solution\r\n3102200002100320,3142243142131324\r\n");
        string countdown = _folder.Write("c.jsonl", "{\"in\": \"30,100,93\", \"output\": \"23\"}");
        await using ITask puzzles = TaskRegistry.Create(new TaskSection { Data = [sudoku] });
        Assert.Equal("3102200002100320", puzzles.TrainingPrompt(1, 5, 3).Text);
        Assert.Equal(48, puzzles.HeldOut(48).Select(prompt => prompt.Reference).Distinct().Count());
        Assert.Throws<TaskDataException>(() => puzzles.TrainingExample(1, 0, 0, 0));
        TaskSection sums = new() { Name = "countdown3", Data = [countdown], Fields = new() { Prompt = "in" } };
        await using ITask expressions = TaskRegistry.Create(sums);
        Assert.Equal(" 30,100, 93= 23", expressions.TrainingPrompt(1, 0, 0).Text);
        TaskDataException error = Assert.Throws<TaskDataException>(() => TaskRegistry.Create(sums with { Fields = new() }));
        Assert.Contains("expected a field 'input' that is not null; task.fields.prompt names another", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2 - 3", "2 + 3", false)]
    [InlineData("1.5", "15", false)]
    [InlineData("1.5", "1.5.", true)]
    [InlineData("12 3", "123", false)]
    [InlineData("f(x) = -x", "f(x) = x", false)]
    [InlineData("5!", "5", false)]
    [InlineData("A well-known\tfact!", "a well known fact", true)]
    [InlineData("How many?  1,234", "how many 1234", true)]
    public void Texts_AreAlike_WhereOnlyCaseSpacingAndPunctuationDiffer(string one, string other, bool alike) =>
        Assert.Equal(alike, EvaluationTexts.Normalise(one) == EvaluationTexts.Normalise(other));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void Permutation_HasEachThingOnce(int count)
    {
        var order = new Permutation(count, round => Streams.Order(3, 0, round));
        var seen = new bool[count];
        for (int i = 0; i < count; i++)
        {
            Assert.False(seen[order[i]]);
            seen[order[i]] = true;
        }
    }

    [Fact]
    public void Permutation_IsEven()
    {
        // Which of 5 things stands first, over 20,000 epochs: 4,000 each but for chance (standard deviation 57).
        var first = new int[5];
        for (uint epoch = 0; epoch < 20_000; epoch++)
        {
            uint of = epoch;
            first[new Permutation(5, round => Streams.Order(1, of, round))[0]]++;
        }
        Assert.All(first, count => Assert.InRange(count, 3700, 4300));
    }

    private static FileProblems Open(TaskSection spec, RunShape? shape, out IReadOnlyList<string> notices)
    {
        TaskData data = TaskData.Read(spec, shape);
        try
        {
            var problems = new FileProblems(spec, data, record =>
                new Prompt(record.Place, record.Text(new(["question"])), record.Text(new(["answer"]))));
            data.Check();
            notices = data.Notices;
            return problems;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private static TaskSection Spec(params string[] files) => new() { Data = files };

    private static string Line(int number, string question) =>
        System.Text.Json.JsonSerializer.Serialize(new { question, answer = $"{number}" }) + "\n";

    private string Lines(string name, int from, int count) =>
        _folder.Write(name, string.Concat(Enumerable.Range(from, count).Select(i => Line(i, $"question {i}"))));
}
