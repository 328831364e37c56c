using System.Text;
using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Clusters;

/// <summary>
/// Writes a silo's log into its cluster's folder, see <see cref="ClusterLogs"/>. A line is one write, whole when it is there.
/// </summary>
/// <param name="folder">The cluster's logs; made once the cluster's own folder is there.</param>
/// <param name="silo">The silo's short name.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterLogProvider(string folder, string silo, TimeProvider time) : ILoggerProvider
{
    private readonly Lock _gate = new();
    private FileStream? _file;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
        }
    }

    private void Write(LogLevel level, string source, string run, string message)
    {
        var word = level >= LogLevel.Error ? "error" : level == LogLevel.Warning ? "warning" : "info";
        var line = ClusterLogs.Text(new LogLine(time.GetUtcNow(), silo, word, run, source, message));
        lock (_gate)
        {
            try
            {
                Open()?.Write(Encoding.UTF8.GetBytes(line + "\n"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // A log that cannot be written must not end a silo.
            }
        }
    }

    private FileStream? Open()
    {
        var path = Path.Combine(folder, silo + ".log");
        if (_file is { Length: > ClusterLogs.MostBytes })
        {
            _file.Dispose();
            _file = null;
            File.Move(path, path + ".1", overwrite: true);
        }

        if (_file is null && Directory.Exists(Path.GetDirectoryName(folder)))
        {
            Directory.CreateDirectory(folder);
            _file = new FileStream(
                path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }

        return _file;
    }

    private sealed class Logger(ClusterLogProvider file, string source) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // Orleans tells of its own only what went wrong.
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var run = (state as IReadOnlyList<KeyValuePair<string, object?>>)?.FirstOrDefault(pair => pair.Key == "Run")
                .Value as string;
            file.Write(logLevel, source, run ?? "",
                formatter(state, exception) + (exception is null ? "" : $" {exception.GetType().Name}: {exception.Message}"));
        }
    }
}
