using Bgpo.Client.Clusters;
using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Tests;

public sealed partial class ClusterLogsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-logs-");

    private string Logs => Path.Combine(_folder.FullName, "logs");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void OfAllSilos_WhatConcernsTheRun_IsReadInOrder_AndOnlyOnce()
    {
        using var a = new ClusterLogProvider(Logs, "a", TimeProvider.System);
        using var b = new ClusterLogProvider(Logs, "b", TimeProvider.System);
        ILogger one = a.CreateLogger("Bgpo.Grains.RunGrain");
        ILogger two = b.CreateLogger("Bgpo.Silo.RunKeeper");
        Told(one, "mine", "begins");
        Gone(two);
        Told(one, "other", "begins");
        var reader = new LogReader(Logs, "mine", null);
        Assert.Equal(["a", "b"], reader.Silos);
        Assert.Equal(
            [("a", "info", "Run mine: begins", "RunGrain"), ("b", "warning", "a silo is gone", "RunKeeper")],
            reader.Read().Select(line => (line.Silo, line.Level, line.Message, line.Source)));
        Assert.Empty(reader.Read());
        Failed(one, "mine", new InvalidOperationException("why"));
        Assert.Equal("Run mine failed InvalidOperationException: why", Assert.Single(reader.Read()).Message);
        Assert.Equal(["a silo is gone"], new LogReader(Logs, "mine", "b").Read().Select(line => line.Message));
    }

    [Fact]
    public void ALineThatIsCutShort_IsReadWhenItIsWhole()
    {
        Directory.CreateDirectory(Logs);
        string file = Path.Combine(Logs, "a.log");
        string line = ClusterLogs.Text(new LogLine(default, "a", "info", "mine", "x", "größer")) + "\n";
        File.WriteAllText(file, line + line[..20]);
        var reader = new LogReader(Logs, "mine", null);
        Assert.Single(reader.Read());
        File.AppendAllText(file, line[20..]);
        Assert.Equal("größer", Assert.Single(reader.Read()).Message);
    }

    [Fact]
    public void ALogOnAFullDisk_IsToldOfOnce_AndThrowsNothing()
    {
        List<string> said = [];
        using (var full = new FileLoggerProvider("/dev/full", TimeProvider.System, said.Add))
        {
            ILogger log = full.CreateLogger("x");
            Gone(log);
            Told(log, "mine", "begins");
        }
        Assert.Contains("'/dev/full' cannot be written", Assert.Single(said), StringComparison.Ordinal);
        using var closed = new FileLoggerProvider("/dev/full", TimeProvider.System, static _ =>
            throw new IOException("stderr is full, too"));
        Gone(closed.CreateLogger("x"));
    }

    [Fact]
    public void ALogThatHasGrownLarge_IsBegunAnew_AndTheOneBeforeIsReadToo()
    {
        using var a = new ClusterLogProvider(Logs, "a", TimeProvider.System);
        ILogger log = a.CreateLogger("x");
        string large = new('x', (int)ClusterLogs.MostBytes);
        Told(log, "mine", large);
        Gone(log);
        Assert.Equal(["a.log", "a.log.1"], Directory.GetFiles(Logs).Select(Path.GetFileName).Order());
        Assert.Equal(["Run mine:", "a silo"],
            new LogReader(Logs, "mine", null).Read().Select(line => string.Join(' ', line.Message.Split(' ')[..2])));
    }

    [Fact]
    public void ALogThatIsMovedAside_IsReadOnFromWhereTheReaderWas()
    {
        using var a = new ClusterLogProvider(Logs, "a", TimeProvider.System);
        ILogger log = a.CreateLogger("x");
        Told(log, "mine", "short");
        Told(log, "mine", new string('x', (int)ClusterLogs.MostBytes));
        File.Move(Path.Combine(Logs, "a.log"), Path.Combine(Logs, "kept"));
        File.WriteAllLines(Path.Combine(Logs, "a.log"), File.ReadLines(Path.Combine(Logs, "kept")).Take(1));
        var reader = new LogReader(Logs, "mine", null);
        Assert.Equal("Run mine: short", Assert.Single(reader.Read()).Message);
        // All of this since the last reading: the rest of the file, which is moved aside, and another that is longer than what
        // was read.
        File.Move(Path.Combine(Logs, "kept"), Path.Combine(Logs, "a.log"), overwrite: true);
        Gone(log);
        Told(log, "mine", "later");
        Assert.Equal(["Run mine:", "a silo", "Run mine:"],
            reader.Read().Select(line => string.Join(' ', line.Message.Split(' ')[..2])));
    }

    [Fact]
    public void WhereTheClustersFolderIsGone_NothingIsMade()
    {
        string gone = Path.Combine(_folder.FullName, "gone", "logs");
        using var a = new ClusterLogProvider(gone, "a", TimeProvider.System);
        Gone(a.CreateLogger("x"));
        Assert.False(Directory.Exists(Path.GetDirectoryName(gone)));
    }

    [LoggerMessage(LogLevel.Information, "Run {Run}: {What}")]
    private static partial void Told(ILogger log, string run, string what);

    [LoggerMessage(LogLevel.Error, "Run {Run} failed")]
    private static partial void Failed(ILogger log, string run, Exception why);

    [LoggerMessage(LogLevel.Warning, "a silo is gone")]
    private static partial void Gone(ILogger log);
}
