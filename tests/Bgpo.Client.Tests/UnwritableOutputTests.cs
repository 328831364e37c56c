using System.Text;
using Bgpo.Client.Metrics;
using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Tests;

/// <summary>What accompanies a run and cannot be written ends neither the run nor its watch.</summary>
public sealed class UnwritableOutputTests : IDisposable
{
    private readonly FakeConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Theory]
    [InlineData("train", "--run", "sudoku-1")]
    [InlineData("train", "--run", "sudoku-1", "--json")]
    [InlineData("train", "--run", "sudoku-1", "--quiet")]
    [InlineData("run", "start", "--run", "sudoku-1", "--wait")]
    [InlineData("pretrain", "--out", "mine")]
    public async Task StandardOutputOnAFullDisk_IsToldOnce_AndTheWorkIsDone(params string[] command)
    {
        _console.OtherOut = new FullDisk();
        _console.Host.Clusters["default"] = [_console.Machine.Silo(1, "default", _console.Store)];
        _console.Host.Grain.Emits(Events.Started, Events.Before, Events.Step(1), Events.Step(2), Events.Completed);

        Assert.Equal(0, await _console.Run(command));

        Assert.Equal("bgpo: No space left; the run goes on without it\n", _console.Error.ToString());
    }

    [Fact]
    public async Task NeitherOutputCanBeWritten_TheExitCodeIsTheRuns()
    {
        (_console.OtherOut, _console.OtherError) = (new FullDisk(), new FullDisk());
        _console.Host.Grain.Emits(Events.Started, Events.Step(1), new RunFailed(2, "sudoku-1", 7, "why", false));
        Assert.Equal(1, await _console.Run("train"));
    }

    [Theory]
    [InlineData("train", "--print-spec")]
    [InlineData("--version")]
    [InlineData("--help")]
    public async Task WhatWasAskedFor_AndCannotBeWritten_IsAnError(params string[] command)
    {
        _console.OtherOut = new FullDisk();
        Assert.Equal(2, await _console.Run(command));
        Assert.Equal("bgpo: No space left\n", _console.Error.ToString());
    }

    [Theory]
    [InlineData("--mirror")]
    [InlineData("--tensorboard")]
    public async Task FolderThatCannotBeWritten_IsRefusedBeforeThereIsARun(string option)
    {
        _console.WorkFile("file", "");
        foreach (var folder in new[] { "/proc/x", "file", "file/below" })
        {
            Assert.Contains($"option {option}: value '{folder}': cannot be written to: ",
                await _console.Refused(2, "train", option, folder), StringComparison.Ordinal);
            _console.Error.GetStringBuilder().Clear();
            _console.Host.Clusters["default"] = [];
            Assert.Contains($"option {option}: value '{folder}': ",
                await _console.Refused(2, "run", "start", "--wait", option, folder), StringComparison.Ordinal);
            _console.Error.GetStringBuilder().Clear();
        }

        Assert.Contains("value '': a folder", await _console.Refused(2, "train", option, ""), StringComparison.Ordinal);
        Assert.Equal((null, null), (_console.Host.Options, _console.Host.Grain.Yaml));
    }

    [Fact]
    public async Task MirrorThatIsNoFileToWrite_IsRefusedBeforeThereIsARun()
    {
        Directory.CreateDirectory(Path.Combine(_console.Work, "m", "sudoku-1", "metrics.jsonl"));
        Assert.Contains("option --mirror: value 'm': cannot be written to: ",
            await _console.Refused(2, "train", "--run", "sudoku-1", "--mirror", "m"), StringComparison.Ordinal);
        Assert.Null(_console.Host.Options);
    }

    [Fact]
    public async Task FoldersOfARunThatIsRefused_AreNotMade()
    {
        _console.Host.Grain.Error = new RunException("run x exists already; choose another --run, or --resume x");
        await _console.Refused(2, "train", "--run", "x", "--mirror", "a/b", "--tensorboard", "c");
        Assert.Empty(Directory.GetFileSystemEntries(_console.Work));
    }

    [Theory]
    [InlineData("--mirror")]
    [InlineData("--tensorboard")]
    public async Task RecordingWithoutAWatcher_IsRefused(string option)
    {
        _console.Host.Clusters["default"] = [];
        Assert.Equal($"option {option}: only beside --wait: whoever watches the run writes it",
            await _console.Refused(2, "run", "start", option, "m"));
        Assert.Null(_console.Host.Grain.Yaml);
    }

    [Fact]
    public async Task MirrorOnADiskThatFills_IsToldOnce_AndTheSummaryIsSaid()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_console.Work, "m", "sudoku-1"));
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "metrics.jsonl"), "/dev/full");
        _console.Host.Grain.Emits(Events.Started, Events.Step(1), Events.Step(2), Events.Completed);

        Assert.Equal(0, await _console.Run("train", "--run", "sudoku-1", "--mirror", "m"));

        Assert.StartsWith($"bgpo: {folder.FullName}/metrics.jsonl is no longer written: ",
            Assert.Single(_console.Error.ToString().TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.Contains("weights     sha256 0123abcd\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoredMetricsThatAreDamaged_CostTheMirrorOnly()
    {
        await _console.Stored("sudoku-1", RunState.Stopped, "");
        Directory.CreateDirectory(Path.Combine(_console.Store, "sudoku-1", "metrics"));
        File.WriteAllText(Path.Combine(_console.Store, "sudoku-1", "metrics", "00000001.json"), "{");
        _console.Host.Grain.Emits(Events.Started, Events.Step(2), Events.Completed);

        Assert.Equal(0, await _console.Run("train", "--resume", "sudoku-1", "--mirror", "m", "--tensorboard", "t"));

        Assert.Equal(2, _console.Error.ToString().TrimEnd('\n').Split('\n').Length);
        Assert.Contains("weights     sha256 0123abcd\n", _console.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EventFileOnADiskThatFills_IsToldOnce_AndAllIsShown()
    {
        using StringWriter output = new() { NewLine = "\n" };
        List<string> said = [];
        var board = new TensorBoardFolder(
            Path.Combine(_console.Work, "board"), TimeProvider.System, _ => new FillingDisk(room: 100));
        await using (var recorder =
            new RecordingPresenter(new PlainPresenter(new Terminal(output, TextWriter.Null), quiet: false), board, said.Add))
        {
            foreach (var happened in new RunEvent[] { Events.Started, Events.Step(1), Events.Step(2), Events.Step(3),
                Events.Completed })
            {
                recorder.On(happened);
            }
        }

        Assert.Equal($"{Path.Combine(_console.Work, "board")} is no longer written: No space left", Assert.Single(said));
        Assert.Contains("version   3/120", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OutputThatCanBeWrittenAgain_GoesOnWithALineOfItsOwn()
    {
        using var disk = new FillingDisk(room: 12);
        using var inner = new StreamWriter(disk) { AutoFlush = true, NewLine = "\n" };
        List<string> said = [];
        using var writer = new GuardedWriter(inner, said.Add);
        writer.WriteLine("version 1");
        writer.WriteLine("version 2");
        writer.WriteLine("version 3");
        disk.Room = 100;
        writer.WriteLine("version 4");
        Assert.Equal("version 1\nve\nversion 4\n", Encoding.UTF8.GetString(disk.Content.ToArray()));
        Assert.Equal(["No space left", "No space left"], said);
    }

    private sealed class FullDisk : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left");
    }

    /// <summary>Takes so many bytes.</summary>
    private sealed class FillingDisk(int room) : Stream
    {
        internal int Room { get; set; } = room;

        internal MemoryStream Content { get; } = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Content.Length;

        public override long Position { get; set; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            var taken = Math.Min(Room, count);
            Content.Write(buffer, offset, taken);
            Room -= taken;
            if (taken < count)
            {
                throw new IOException("No space left");
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => 0;

        public override void SetLength(long value)
        {
        }
    }
}
