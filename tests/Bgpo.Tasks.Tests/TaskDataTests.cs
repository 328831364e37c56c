using System.IO.Compression;
using System.IO.Pipes;
using System.Text;
using Bgpo.Spec;
using Bgpo.Tasks.Countdown;
using Bgpo.Tasks.Data;
using Bgpo.Tasks.Sudoku;



namespace Bgpo.Tasks.Tests;

public sealed class TaskDataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-tasks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SudokuFile_IsServedInItsOrder()
    {
        ITask task = Create("sudoku4x4",
            "Puzzle,Solution\n3102200002100320,3142243142131324\r\n0140432014020000,2143432114323214\n");
        Assert.Equal(
            [
                new Prompt("sudoku4x4:3102200002100320", "3102200002100320", "3142243142131324"),
                new Prompt("sudoku4x4:0140432014020000", "0140432014020000", "2143432114323214"),
            ],
            task.HeldOut(10));
        Assert.Single(task.HeldOut(1));
        foreach (Prompt prompt in task.HeldOut(2))
        {
            Assert.Equal(new Score(1, true), await task.ScoreAsync(prompt, prompt.Reference));
        }
    }

    [Fact]
    public async Task CountdownFile_IsServedInItsOrder()
    {
        ITask task = Create("countdown3", """
            {"input": "30,100,93", "output": "23"}
            {"input":"83,18,75","output":"10"}
            """);
        Assert.Equal(
            [
                new Prompt("countdown3:30,100,93=23", " 30,100, 93= 23"),
                new Prompt("countdown3:83,18,75=10", " 83, 18, 75= 10"),
            ],
            task.HeldOut(10));
        Assert.Equal(new Score(1, true), await task.ScoreAsync(task.HeldOut(1)[0], "30+93-100"));
    }

    [Theory]
    [InlineData("puzzle,solution", 1, "Puzzle,Solution")]
    [InlineData("Puzzle,Solution\nwhatever", 2, "16 digits")]
    [InlineData("Puzzle,Solution\n3102200002100320", 2, "16 digits")]
    [InlineData("Puzzle,Solution\n3102200002100320,3142243142131324,", 2, "16 digits")]
    [InlineData("Puzzle,Solution\n3102200002100320,3142243142131325", 2, "16 digits")]
    [InlineData("Puzzle,Solution\n3102200002100320,3142243142131324\n\n3102200002100320,3142243142131324\n", 3, "16 digits")]
    [InlineData("\nPuzzle,Solution\n3102200002100320,3142243142131324\n", 1, "Puzzle,Solution")]
    [InlineData("Puzzle,Solution\n3102200002100320,3142243142131323", 2, "every row")]
    [InlineData("Puzzle,Solution\n3102200002100320,3142243142131320", 2, "every row")]
    [InlineData("Puzzle,Solution\n4102200002100320,3142243142131324", 2, "keeps the puzzle's givens")]
    [InlineData("Puzzle,Solution\n3142243142131324,3142243142131324", 2, "blank")]
    public void BadSudokuLine_IsNamedWithWhatWasExpected(string text, int line, string expected)
    {
        TaskDataException error = Assert.Throws<TaskDataException>(() => SudokuData.Parse(new StringReader(text), "some.csv"));
        Check(error, "some.csv", line, text.Split('\n')[line - 1], expected);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"input":"30,100","output":"23"}""")]
    [InlineData("""{"input":"30,100,93"}""")]
    [InlineData("""{"input":[30,100,93],"output":"23"}""")]
    [InlineData("""{"input":"30,100,93","output":23}""")]
    [InlineData("""{"input":"30,100,0","output":"23"}""")]
    [InlineData("""{"input":"30,100,93","output":"1000"}""")]
    [InlineData("""{"input":"30,100,93","output":"\ud800"}""")]
    public void BadCountdownLine_IsNamedWithWhatWasExpected(string bad)
    {
        const string Good = """{"input":"30,100,93","output":"23"}""";
        string text = Good + "\n" + bad + "\n" + Good + "\n";
        TaskDataException error =
            Assert.Throws<TaskDataException>(() => CountdownData.Parse(new StringReader(text), "some.jsonl"));
        Check(error, "some.jsonl", 2, bad, """{"input":"30,100,93","output":"23"}""");
    }

    [Theory]
    [InlineData("sudoku4x4", "")]
    [InlineData("sudoku4x4", "Puzzle,Solution\n")]
    [InlineData("countdown3", "")]
    public void FileWithoutProblems_IsRefused(string name, string text)
    {
        TaskDataException error = Assert.Throws<TaskDataException>(() => Create(name, text));
        Assert.Contains("no problem", error.Message, StringComparison.Ordinal);
        Assert.Contains(error.File, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, error.Line);
    }

    [Theory]
    [InlineData("sudoku4x4")]
    [InlineData("countdown3")]
    public void FileThatCannotBeRead_IsNamed(string name)
    {
        string missing = Path.Combine(_folder, "missing");
        foreach (string path in new[] { missing, _folder })
        {
            TaskDataException error = Assert.Throws<TaskDataException>(
                () => TaskRegistry.Create(new TaskSection { Name = name, EvaluationData = path }));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            Assert.NotNull(error.InnerException);
        }
    }

    [Theory]
    [InlineData("sudoku4x4", "Puzzle,Solution\n3102200002100320,3142243142131324\n", "\n")]
    [InlineData("sudoku4x4", "Puzzle,Solution\r\n3102200002100320,3142243142131324\r\n", "\r\n\t \r\n\r\n")]
    [InlineData("countdown3", """{"input":"30,100,93","output":"23"}""", "\n\n\n")]
    public void BlankLinesAtTheEnd_AreNoProblems(string name, string text, string end) =>
        Assert.Equal(Create(name, text).HeldOut(10), Create(name, text + end).HeldOut(10));

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void FileWithAByteOrderMark_ReadsAsTheTextThatItHolds(string encoding) => AssertReads(
        [.. Encoding.GetEncoding(encoding).GetPreamble(), .. Encoding.GetEncoding(encoding).GetBytes(Lines(3))], 3);

    [Fact]
    public void FilePackedByGzip_ReadsAsTheTextThatItHolds_AndADamagedOneIsNamed()
    {
        byte[] packed = Packed(Lines(3));
        AssertReads(packed, 3);
        packed[^1] ^= 1;
        TaskDataException error = Assert.Throws<TaskDataException>(() => AssertReads(packed, 3));
        Assert.Contains("gzip", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipe_IsReadToItsEnd_AndOnlyOnce()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        string path = $"/dev/fd/{pipe.GetClientHandleAsString()}";
        // More than the kernel holds of a pipe.
        Task writing = Task.Run(async () =>
        {
            await pipe.WriteAsync(Encoding.UTF8.GetBytes(Lines(5000)));
            pipe.DisposeLocalCopyOfClientHandle();
            await pipe.DisposeAsync();
        });
        var spec = new TaskSection { EvaluationData = path };
        using TaskData data = TaskData.Read(spec);
        await writing;
        Assert.True(data.Evaluation!.IsStream);
        Assert.Equal(5000, TaskRegistry.Create(spec, data).HeldOut(10_000).Count);
    }

    [Fact]
    public void File_IsKnownByTheHashOfItsBytes()
    {
        string path = Path.Combine(_folder, "data");
        File.WriteAllText(path, "abc");
        using DataFile file = DataFile.Read(path);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", file.Sha256);
        Assert.False(file.IsStream);
    }

    [Fact]
    public void LongOrUnprintableLine_IsShownShortAndEscaped()
    {
        TaskDataException error = Assert.Throws<TaskDataException>(
            () => CountdownData.Parse(new StringReader("\u001b[31m" + new string('x', 100_000)), "some.jsonl"));
        Assert.Contains(@"'\u001b[31mxxx", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.InRange(error.Message.Length, 80, 300);
    }

    private static void Check(TaskDataException error, string file, int line, string content, string expected)
    {
        Assert.Equal(file, error.File);
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"{file}, line {line}: found '{content}', expected ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static string Lines(int count) =>
        "Puzzle,Solution\n" + string.Concat(Enumerable.Repeat("3102200002100320,3142243142131324\n", count));

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }
        return packed.ToArray();
    }

    private void AssertReads(byte[] content, int problems)
    {
        string path = Path.Combine(_folder, "bytes");
        File.WriteAllBytes(path, content);
        Assert.Equal(problems, TaskRegistry.Create(new TaskSection { EvaluationData = path }).HeldOut(100).Count);
    }

    private ITask Create(string name, string text)
    {
        string path = Path.Combine(_folder, "data");
        File.WriteAllText(path, text);
        return TaskRegistry.Create(new TaskSection { Name = name, EvaluationData = path });
    }
}
