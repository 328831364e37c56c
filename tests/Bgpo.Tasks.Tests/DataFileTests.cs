using System.Text;
using Bgpo.Tasks.Data;
using Parquet.Serialization;

namespace Bgpo.Tasks.Tests;

/// <summary>Whatever a data file's format, its records are the same; what is wrong with it is named by file and line.</summary>
public sealed class DataFileTests : IDisposable
{
    private static readonly FieldName s_question = FieldName.Prompt("", "question", "problem");
    private static readonly FieldName s_answer = FieldName.Reference("", "answer", "solution");

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.jsonl", "{\"question\":\"1 + 1?\",\"answer\":\"2\"}\n{\"question\":\"x\\ny \ud83d\ude00\",\"answer\":\"é, \\\"q\\\"\"}\n")]
    [InlineData("b", "\r\n {\"question\":\"1 + 1?\",\"answer\":\"2\"}\r\n\r\n \t\r\n{\"answer\":\"é, \\\"q\\\"\",\"question\":\"x\\ny \\ud83d\\ude00\"}")]
    [InlineData("c.csv", "question,answer\n1 + 1?,2\n\"x\ny \ud83d\ude00\",\"é, \"\"q\"\"\"\n")]
    [InlineData("d.csv", "\r\nid,\"question\",answer\r\n\r\n7,1 + 1?,2\r\n8,\"x\ny \ud83d\ude00\",\"é, \"\"q\"\"\"\r\n\r\n")]
    [InlineData("e.tsv", "question\tanswer\n1 + 1?\t2\n\"x\ny \ud83d\ude00\"\t\"é, \"\"q\"\"\"")]
    [InlineData("f.json", "[{\"question\":\"1 + 1?\",\"answer\":\"2\"},\n{\"question\":\"x\\ny \ud83d\ude00\",\"answer\":\"é, \\\"q\\\"\"}]")]
    [InlineData("g.jsonl", "{\"problem\":\"1 + 1?\",\"solution\":\"2\"}\n{\"problem\":\"x\\ny \ud83d\ude00\",\"solution\":\"é, \\\"q\\\"\"}\n")]
    public void Records_AreTheSame_InEveryFormat_MarkedOrNot_PackedOrNot(string name, string text)
    {
        byte[] plain = Encoding.UTF8.GetBytes(text);
        byte[][] contents =
        [
            plain, [.. Encoding.UTF8.Preamble, .. plain], DataFolder.Gzip(plain),
            [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)],
            DataFolder.Gzip([.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes(text)]),
        ];
        foreach (byte[] content in contents)
        {
            using DataFile file = DataFile.Read(_folder.Write(name, content));
            Assert.Equal(2, file.Records.Count);
            // In any order.
            Assert.Equal("x\ny \ud83d\ude00", file.Records[1].Text(s_question));
            Assert.Equal("é, \"q\"", file.Records[1].Text(s_answer));
            Assert.Equal(("1 + 1?", "2"), (file.Records[0].Text(s_question), file.Records[0].Text(s_answer)));
        }
    }

    [Fact]
    public async Task ParquetRows_AreRecords_InSeveralRowGroups_WithListsAndStructures()
    {
        string path = Path.Combine(_folder.Path, "data.bin");
        Row[] rows = [.. Enumerable.Range(0, 250).Select(i => new Row
        {
            Question = $"q{i} \ud83d\ude00",
            Answer = i == 7 ? null : $"{i}",
            Tests = [.. Enumerable.Range(0, i % 3).Select(t => $"assert f({t}) == \"{i}\"")],
            Info = new() { Truth = i / 2.0, Level = i % 2 == 0 ? null : "hard" },
        })];
        await using (FileStream to = File.Create(path))
        {
            await ParquetSerializer.SerializeAsync(rows, to, new Parquet.ParquetOptions { RowGroupSize = 100 });
        }
        using DataFile file = DataFile.Read(path);
        Assert.Equal(250, file.Records.Count);
        Assert.Equal("q249 \ud83d\ude00", file.Records[249].Text(new(["Question"])));
        Assert.Equal("120", file.Records[120].Text(new(["Answer"])));
        Assert.Equal(["assert f(0) == \"101\"", "assert f(1) == \"101\""], file.Records[101].Texts(new(["Tests"])));
        Assert.False(file.Records[102].Has(new(["Tests"]))); // the library gives an empty list as none
        Assert.Equal("50.5", file.Records[101].Text(new(["Info.Truth"])));
        Assert.Equal("hard", file.Records[101].Text(new(["Info.Level"])));
        Assert.False(file.Records[102].Has(new(["Info.Level"])));
        TaskDataException missing = Assert.Throws<TaskDataException>(() => file.Records[7].Text(new(["Answer"])));
        Assert.StartsWith($"{path}, row 8: found the fields Question, ", missing.Message, StringComparison.Ordinal);

        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);
        using DataFile cut = DataFile.Read(path);
        Assert.Contains("Parquet", Assert.Throws<TaskDataException>(() => cut.Records).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NestedFields_AreFoundByTheirPath_AndListsInTextCountAsLists()
    {
        using DataFile file = _folder.File("a.jsonl", """
            {"messages":[{"role":"user","content":"hi"}],"reward":{"truth":[1, 2]},"a.b":"plain","tests":"[\"x\", 3]","n":12,"no":null}
            """);
        DataRecord record = file.Records[0];
        Assert.Equal("hi", record.Text(new(["messages.0.content"])));
        Assert.Equal("[1, 2]", record.Text(new(["reward.truth"])));
        Assert.Equal("plain", record.Text(new(["a.b"])));
        Assert.Equal(["x", "3"], record.Texts(new(["tests"])));
        Assert.Equal("12", record.Text(new(["n"])));
        Assert.All(new[] { "no", "messages.1.content", "n.x", "reward.truths" }, name => Assert.False(record.Has(new([name]))));
        Assert.Equal("a.jsonl:1", record.Place);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"question\":\"q\",\"answer\":\"a\"}\n\nnot json\n", 3, "found 'not json', expected a JSON object")]
    [InlineData("a.jsonl", "{\"question\":\"q\"}\n{\"question\":\"q\",", 1, "found the fields question; expected one of the fields answer, solution")]
    [InlineData("a.jsonl", "\n{\"question\":\"q\",\"answer\":null}", 2, "task.fields.reference names another")]
    [InlineData("a.jsonl", "{\"question\":\"q\",\"answer\":\"a\"}\n[1]", 2, "found '[1]', expected a JSON object such as")]
    [InlineData("a.jsonl", "{\"question\":\"q\",\"answer\":\"\\ud800\"}", 1, "half a surrogate pair")]
    [InlineData("a.json", "[{\"question\":\"q\",\"answer\":\"a\"}, 5]", 2, "item 2: found '5'")]
    [InlineData("a.csv", "question,answer\nq,a\n\"x\ny\",a,b\nq,a\n", 3, "2 fields as in the header (question, answer); here are 3")]
    [InlineData("a.csv", "question,answer\n\"q\nr\",a\nq,\"open\nq,a\n", 4, "a quote is opened in this record and never closed")]
    [InlineData("a.csv", "question,answer\nq,5\" disk 6\"\nq,a\n", 2, "a quote in it is written twice")]
    [InlineData("a.csv", "question,answer,question\nq,a,b\n", 1, "a header that names 'question' once")]
    [InlineData("a.csv", "question,\nq,a\n", 1, "a header with a name for each field")]
    public void BadRecord_IsNamedByFileAndLine_WithWhatWasFoundAndExpected(string name, string text, int line, string says)
    {
        using DataFile file = _folder.File(name, text);
        TaskDataException error = Assert.Throws<TaskDataException>(() =>
        {
            for (int i = 0; i < file.Records.Count; i++)
            {
                _ = file.Records[i].Text(s_question) + file.Records[i].Text(s_answer);
            }
        });
        Assert.Equal((file.Path, line), (error.File, error.Line));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(file.Path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.csv")]
    public void TextThatIsNotUtf8_IsNamed(string name)
    {
        byte[] head = Encoding.UTF8.GetBytes(name == "a.csv" ? "question,answer\n" : "{\"question\":\"a\",\"answer\":\"b\"}\n");
        using DataFile file = DataFile.Read(_folder.Write(name, [.. head, .. "{\"q\":\"caf"u8, 0xe9, .. "\",1}\n"u8]));
        TaskDataException error = Assert.Throws<TaskDataException>(() => file.Records[file.Records.Count - 1]);
        Assert.Equal(2, error.Line);
        Assert.Contains("UTF-8 (byte 10 is none)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GzipThatIsCutShort_IsRefused()
    {
        byte[] packed = DataFolder.Gzip(Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"question\":\"{i * 7919}\",\"answer\":\"{i}\"}}\n"))));
        using DataFile file = DataFile.Read(_folder.Write("cut.jsonl.gz", packed[..(packed.Length / 2)]));
        Assert.Contains("gzip", Assert.Throws<TaskDataException>(() => file.Records).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FileThatIsWrittenToWhileItIsInUse_IsRefusedByName()
    {
        using DataFile file = _folder.File("a.jsonl", "{\"question\":\"q\",\"answer\":\"a\"}\n");
        Assert.Equal("q", file.Records[0].Text(s_question));
        File.AppendAllText(file.Path, "{}\n");
        Assert.StartsWith(
            file.Path, Assert.Throws<TaskDataException>(() => file.Records[0]).Message, StringComparison.Ordinal);
    }

    /// <summary>What is unpacked has no name, so that nothing is left behind however the process ends.</summary>
    [Fact]
    public void UnpackedFiles_LeaveNothingInTheTemporaryFolder()
    {
        using DataFile file = DataFile.Read(_folder.Write("a.jsonl.gz", DataFolder.Gzip("{\"question\":\"q\"}"u8.ToArray())));
        Assert.Equal("q", file.Records[0].Text(s_question));
        // Others may be at the very moment of making theirs: a file that stays is one that was left.
        string[] left = [.. Directory.GetFiles(Path.GetTempPath(), "bgpo-data-*").Where(path => Stays(path))];
        Assert.Empty(left);

        static bool Stays(string path) => SpinWait.SpinUntil(() => !File.Exists(path), TimeSpan.FromSeconds(10)) is false;
    }

    /// <summary>However large a file is, what is held of it is its index: its text is read record by record.</summary>
    [Fact]
    public void LargeFile_IsIndexed_AndNotHeld()
    {
        const int Count = 40_000;
        string path = Path.Combine(_folder.Path, "large.jsonl");
        string filling = new('x', 1000);
        using (StreamWriter to = new(path))
        {
            for (int i = 0; i < Count; i++)
            {
                to.Write($"{{\"question\":\"{i}\",\"answer\":\"{filling}\"}}\n");
            }
        }
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using DataFile file = DataFile.Read(path);
        Assert.Equal(Count, file.Records.Count);
        Assert.Equal("31234", file.Records[31_234].Text(s_question));
        Assert.Equal(1, file.Records.Reads);
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(file);
        // Other tests run beside this one: half of the file's size is far from both.
        Assert.InRange(held, long.MinValue, file.Bytes / 2);
    }

    private sealed class Row
    {
        public string Question { get; set; } = "";

        public string? Answer { get; set; }

        public List<string> Tests { get; set; } = [];

        public Inner Info { get; set; } = new();
    }

    private sealed class Inner
    {
        public double Truth { get; set; }

        public string? Level { get; set; }
    }
}
