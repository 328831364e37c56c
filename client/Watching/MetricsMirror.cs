using System.Text;
using System.Text.Json;
using Bgpo.Grains;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Watching;

/// <summary>
/// A run's metrics as a local file, a JSON line a committed step in order: the store's, and each new one as it comes.
/// </summary>
/// <remarks>The store stays the truth: the file is written anew when a mirror opens, and can be thrown away.</remarks>
internal sealed class MetricsMirror : IDisposable
{
    internal const string FileName = "metrics.jsonl";

    private readonly FileStream _file;
    private readonly Stack<(int Version, long Offset)> _lines = [];

    private MetricsMirror(FileStream file) => _file = file;

    /// <summary>The newest version in the file; 0 before the first.</summary>
    internal int Newest => _lines.TryPeek(out var line) ? line.Version : 0;

    /// <summary>The file.</summary>
    internal string Path => _file.Name;

    /// <summary>Opens a mirror: <c>FOLDER/RUN/metrics.jsonl</c>, written anew from the store.</summary>
    /// <param name="folder">The folder, full path.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    /// <exception cref="StorageException">The store cannot be read, or a record there is damaged.</exception>
    internal static async Task<MetricsMirror> Open(string folder, RunStore run, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.Combine(folder, run.RunId, FileName);
        MetricsMirror mirror;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            mirror = new MetricsMirror(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"option --mirror: value '{folder}': cannot be written to: {e.Message}", e);
        }

        try
        {
            await mirror.CatchUp(run, cancellationToken);
            return mirror;
        }
        catch (IOException e)
        {
            mirror.Dispose();
            throw new BadInputException($"option --mirror: value '{folder}': cannot be written to: {e.Message}", e);
        }
        catch
        {
            mirror.Dispose();
            throw;
        }
    }

    /// <summary>Writes the file anew from the store: the run may have gone back.</summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task Rewrite(RunStore run, CancellationToken cancellationToken)
    {
        List<StepMetrics> all = [];
        await foreach (var stored in run.ReadMetricsAsync(cancellationToken: cancellationToken))
        {
            all.Add(stored.Values.Deserialize<StepMetrics>()!);
        }

        _lines.Clear();
        _file.SetLength(0);
        all.ForEach(Append);
    }

    /// <summary>
    /// Appends what the store has beyond the file, and writes the newest line anew: it may have been evaluated since.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task CatchUp(RunStore run, CancellationToken cancellationToken)
    {
        await foreach (var stored in run.ReadMetricsAsync(Newest, cancellationToken))
        {
            Append(stored.Values.Deserialize<StepMetrics>()!);
        }
    }

    /// <summary>Appends a step's; what the file has of it and of later ones, from before the run went back, goes.</summary>
    /// <param name="metrics">The step's.</param>
    internal void Append(StepMetrics metrics)
    {
        while (_lines.TryPeek(out var line) && line.Version >= metrics.Version)
        {
            _file.SetLength(_lines.Pop().Offset);
        }

        var end = _file.Length;
        _file.Position = end;
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(JsonLines.Line(metrics) + "\n"));
        }
        catch (IOException)
        {
            _file.SetLength(end); // no half a line
            throw;
        }

        _lines.Push((metrics.Version, end));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
