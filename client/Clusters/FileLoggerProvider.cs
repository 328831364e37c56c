using System.Text;
using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Clusters;

/// <summary>
/// Appends log lines to a file: time, level, category, message. A file that cannot be written any more, as on a full disk, is
/// told of once on stderr; what is logged then is lost, and nothing else.
/// </summary>
internal sealed class FileLoggerProvider : ILoggerProvider
{
    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _say;
    private readonly Lock _gate = new();
    private bool _told;

    /// <summary>Opens the file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Told, once, that it cannot be written.</param>
    internal FileLoggerProvider(string path, TimeProvider time, Action<string> say)
    {
        (_time, _say) = (time, say);
        try
        {
            // Without a buffer: nothing is left to be written when it is closed.
            _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BadInputException($"BGPO_LOG: '{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _file.Dispose();
        }
    }

    private void Write(LogLevel level, string category, string message)
    {
        lock (_gate)
        {
            try
            {
                _file.Write(Encoding.UTF8.GetBytes($"{_time.GetUtcNow():O} {level} {category}: {message}\n"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                Tell(e);
            }
        }
    }

    private void Tell(Exception reason)
    {
        if (_told || reason is ObjectDisposedException)
        {
            return;
        }
        _told = true;
        try
        {
            _say($"BGPO_LOG: '{_file.Name}' cannot be written, its lines are lost: {reason.Message}");
        }
        catch (IOException)
        {
            // Nor can this.
        }
    }

    private sealed class FileLogger(FileLoggerProvider file, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            file.Write(logLevel, category, formatter(state, exception) + (exception is null ? "" : $" {exception}"));
    }
}
