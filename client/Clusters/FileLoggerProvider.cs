using Microsoft.Extensions.Logging;

namespace Bgpo.Client.Clusters;

/// <summary>Appends log lines to a file: time, level, category, message.</summary>
internal sealed class FileLoggerProvider : ILoggerProvider
{
    private readonly StreamWriter _writer;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <summary>Opens the file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="time">The clock.</param>
    internal FileLoggerProvider(string path, TimeProvider time)
    {
        _time = time;
        try
        {
            _writer = new StreamWriter(path, append: true) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"BGPO_LOG: '{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName);

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void Write(LogLevel level, string category, string message)
    {
        lock (_gate)
        {
            _writer.WriteLine($"{_time.GetUtcNow():O} {level} {category}: {message}");
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
