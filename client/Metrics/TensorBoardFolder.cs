using Bgpo.Grains;

namespace Bgpo.Client.Metrics;

/// <summary>
/// TensorBoard's event files in a folder. Each watcher begins a file of its own, with what those before it lack.
/// </summary>
internal sealed class TensorBoardFolder : IDisposable
{
    private readonly Stream _file;
    private readonly TimeProvider _time;

    /// <param name="folder">The run's folder; made when missing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="create">Creates a file; null: on disk.</param>
    internal TensorBoardFolder(string folder, TimeProvider time, Func<string, Stream>? create = null)
    {
        Folder = folder;
        _time = time;
        Directory.CreateDirectory(folder);
        Newest = Directory.GetFiles(folder, "events.out.tfevents.*")
            .Select(file => EventFile.NewestStep(File.ReadAllBytes(file))).DefaultIfEmpty(-1).Max();
        var now = time.GetUtcNow();
        // TensorBoard reads a folder's files in the order of their names.
        var name = $"events.out.tfevents.{now.ToUnixTimeMilliseconds() / 1000:D10}.{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid():N}"[..^24];
        create ??= path => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _file = create(Path.Combine(folder, name));
        _file.Write(EventFile.Record(EventFile.Version(now)));
    }

    /// <summary>The folder.</summary>
    internal string Folder { get; }

    /// <summary>Newest version that is written down; -1 before the first.</summary>
    internal long Newest { get; private set; }

    /// <summary>Writes a step down.</summary>
    /// <param name="step">Its metrics; of version 0 only the evaluation.</param>
    internal void Write(StepMetrics step)
    {
        var series = step.Version == 0 ? StepSeries.All.Where(one => one.Tag.StartsWith("eval/", StringComparison.Ordinal))
            : StepSeries.All;
        var ofTasks = TaskSeries.All.SelectMany(one => one.Of(step).Select(of => (Tag: $"tasks/{of.Task}/{one.Tag}", of.Value)));
        var scalars = series.Select(one => (one.Tag, Value: one.Of(step))).Concat(ofTasks)
            .Where(scalar => double.IsFinite(scalar.Value));
        var at = step.UnixMilliseconds > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(step.UnixMilliseconds) : _time.GetUtcNow();
        _file.Write(EventFile.Record(EventFile.Scalars(at, step.Version, scalars)));
        Newest = step.Version;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
