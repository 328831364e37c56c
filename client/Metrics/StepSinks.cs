using System.Text.Json;
using System.Text.Json.Nodes;
using Bgpo.Client.Watching;
using Bgpo.Grains;

namespace Bgpo.Client.Metrics;

/// <summary>Where committed steps are written down, each version once.</summary>
internal interface IStepSink : IDisposable
{
    /// <summary>Newest version that is written down; -1 before the first.</summary>
    long Newest { get; }

    /// <summary>Writes a step down.</summary>
    /// <param name="step">Its metrics; of version 0 only the evaluation.</param>
    void Write(StepMetrics step);
}

/// <summary>A file of JSON lines, one a version, to which a later watcher adds what is new.</summary>
internal sealed class MetricsFile : IStepSink
{
    private readonly StreamWriter _writer;

    /// <param name="path">The file; made when missing.</param>
    internal MetricsFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var whole = 0L;
        Newest = -1;
        if (File.Exists(path))
        {
            // A line that was cut short with its writer is written anew.
            var text = File.ReadAllText(path);
            var end = text.LastIndexOf('\n') + 1;
            whole = System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
            Newest = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(VersionOf).DefaultIfEmpty(-1).Max();
        }

        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        stream.SetLength(whole);
        stream.Position = whole;
        _writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
    }

    /// <inheritdoc/>
    public long Newest { get; private set; }

    /// <inheritdoc/>
    public void Write(StepMetrics step)
    {
        _writer.WriteLine(JsonLines.Metrics(step));
        Newest = step.Version;
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private static long VersionOf(string line)
    {
        try
        {
            return (long?)JsonNode.Parse(line)?["version"] ?? -1;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return -1;
        }
    }
}

/// <summary>TensorBoard's event files in a folder. Each watcher begins a file of its own, with what those before it lack.</summary>
internal sealed class TensorBoardFolder : IStepSink
{
    private readonly FileStream _file;

    /// <param name="folder">The run's folder; made when missing.</param>
    /// <param name="time">The clock.</param>
    internal TensorBoardFolder(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        Newest = Directory.GetFiles(folder, "events.out.tfevents.*")
            .Select(file => EventFile.NewestStep(File.ReadAllBytes(file))).DefaultIfEmpty(-1).Max();
        var now = time.GetUtcNow();
        // TensorBoard reads a folder's files in the order of their names.
        var name = $"events.out.tfevents.{now.ToUnixTimeMilliseconds() / 1000:D10}.{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid():N}"[..^24];
        _file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _file.Write(EventFile.Record(EventFile.Version(now)));
    }

    /// <inheritdoc/>
    public long Newest { get; private set; }

    /// <inheritdoc/>
    public void Write(StepMetrics step)
    {
        var series = step.UnixMilliseconds == 0 && step.Version == 0 ? StepSeries.All.Where(one => one.Tag.StartsWith("eval/", StringComparison.Ordinal)) : StepSeries.All;
        var scalars = series.Select(one => (one.Tag, Value: one.Of(step))).Where(scalar => double.IsFinite(scalar.Value));
        var at = DateTimeOffset.FromUnixTimeMilliseconds(step.UnixMilliseconds);
        _file.Write(EventFile.Record(EventFile.Scalars(at, step.Version, scalars)));
        Newest = step.Version;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
